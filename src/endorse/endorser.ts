import { type Endorsements, NO_ENDORSEMENTS } from '../core/attest/endorsements.ts';
import type { Evidence } from '../core/attest/evidence.ts';
import type { SnpEndorsements } from '../core/attest/snp/endorsements.ts';
import { type SnpNeeds, snpNeeds } from '../core/attest/snp/needs.ts';
import type { SnpReport } from '../core/attest/snp/report.ts';
import type { SnpProduct } from '../core/attest/snp/tcb.ts';
import type { TdxEndorsements } from '../core/attest/tdx/endorsements.ts';
import { tdxNeeds } from '../core/attest/tdx/needs.ts';
import type { TdxReport } from '../core/attest/tdx/report.ts';
import type { ServiceEndorsed, ServiceName } from '../core/attest/token/endorsements.ts';
import { fromBase64url, toBase64url, utf8 } from '../core/bytes.ts';
import { TwinlockError } from '../core/errors.ts';
import type { Endorser } from '../vault/ports.ts';
import { Finder, type Sources } from './find.ts';
import { wantedKeySet } from './key-set.ts';
import { wantedAsk, wantedCrl, wantedVek } from './snp.ts';
import { collateralOf, wantedCollateral } from './tdx.ts';
import type { Wanted } from './wanted.ts';

/** Finds what a host's evidence rests on: vendor certificates, TCB collateral, revocation lists, key sets. */
export function openEndorser(sources: Sources): Endorser {
  const finder = new Finder(sources);
  return {
    async endorse({ report, gpu }: Evidence, offered: Endorsements): Promise<Endorsements> {
      const hardware = hardwareOf(report);
      const snp = hardware?.platform === 'snp' ? await endorseSnp(finder, hardware, offered.snp ?? null) : null;
      const tdx = hardware?.platform === 'tdx' ? await endorseTdx(finder, hardware, offered.tdx ?? null) : null;
      return {
        ...NO_ENDORSEMENTS,
        ...(snp === null ? {} : { snp }),
        ...(tdx === null ? {} : { tdx }),
        ...(await endorseTokens(finder, report, gpu, offered)),
      };
    },
  };
}

/** The report that vendors vouch for; under a paravisor it is the one below the TPM. */
function hardwareOf(report: Evidence['report']): SnpReport | TdxReport | null {
  if (report.platform === 'snp' || report.platform === 'tdx') return report;
  return report.platform === 'tpm' && report.identity.kind === 'runtime' ? report.identity.hardware : null;
}

/**
 * A part that no source has is as it was offered, or missing, and the appraisal says what is wrong with it. Throws
 * `unavailable` where a mirror did not answer that could have one.
 */
async function endorseSnp(
  finder: Finder,
  report: SnpReport,
  offered: SnpEndorsements | null,
): Promise<SnpEndorsements | null> {
  const needs = snpNeeds(fromBase64url(report.report));
  // A report of version 2 does not say which processor it is of; its certificate does.
  const products = needs.product === null ? (['Milan', 'Genoa'] as const) : [needs.product];
  let silent: TwinlockError | null = null;
  for (const product of products) {
    try {
      const found = await endorseProduct(finder, needs, product, offered);
      if (found !== null) return found;
    } catch (error) {
      // A service that has no such chip of one product may have it of the other.
      if (!(error instanceof TwinlockError) || error.code !== 'unavailable') throw error;
      silent ??= error;
    }
  }
  if (silent !== null) throw silent;
  return offered;
}

/** Null where no source has any part, or nothing says that the report is of this product. */
async function endorseProduct(
  finder: Finder,
  needs: SnpNeeds,
  product: SnpProduct,
  offered: SnpEndorsements | null,
): Promise<SnpEndorsements | null> {
  const find = <V>(wanted: Wanted<V>, text: string | null | undefined) => finder.find(wanted, parsed(wanted, text));
  const vek = await find(wantedVek(needs, product), offered?.vek);
  if (vek === null && needs.product === null) return null;
  const [ask, crl] = await allDone([
    find(wantedAsk(needs, product), offered?.ask),
    find(wantedCrl(needs, product), offered?.crl),
  ]);
  if (offered === null && vek === null && ask === null && crl === null) return null;
  return {
    vek: vek === null ? (offered?.vek ?? null) : toBase64url(vek.certificate.der),
    ask: ask === null ? (offered?.ask ?? null) : toBase64url(ask.der),
    crl: crl === null ? (offered?.crl ?? null) : toBase64url(crl.der),
  };
}

/** A part that no source has is as it was offered, or missing, and the appraisal says which: each is issued alone. */
async function endorseTdx(
  finder: Finder,
  report: TdxReport,
  offered: TdxEndorsements | null,
): Promise<TdxEndorsements | null> {
  const wanted = wantedCollateral(tdxNeeds(report));
  const given = <V>(part: { of(collateral: TdxEndorsements): V }) => (offered === null ? null : part.of(offered));
  const find = <V>(part: Wanted<V> & { of(collateral: TdxEndorsements): V | null }) => finder.find(part, given(part));
  const [tcbInfo, qeIdentity, pckCrl, rootCaCrl] = await allDone([
    find(wanted.tcbInfo),
    find(wanted.qeIdentity),
    find(wanted.pckCrl),
    find(wanted.rootCaCrl),
  ]);
  return collateralOf({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }, offered);
}

/** As `Promise.all`, but where one fails it waits for the others too: nothing writes to the cache after it threw. */
async function allDone<T extends readonly unknown[]>(
  works: {
    readonly [I in keyof T]: Promise<T[I]>;
  },
): Promise<readonly [...T]> {
  await Promise.allSettled(works);
  return (await Promise.all(works)) as readonly [...T];
}

async function endorseTokens(
  finder: Finder,
  report: Evidence['report'],
  gpu: Evidence['gpu'],
  offered: ServiceEndorsed,
): Promise<ServiceEndorsed> {
  const tokens: (readonly [ServiceName, string])[] = [];
  if (report.platform === 'intel-trust-authority') tokens.push(['intel-trust-authority', report.token]);
  if (gpu?.kind === 'nras') tokens.push(['nras', gpu.overall]);
  const found: { [Name in ServiceName]?: string } = {};
  for (const [service, token] of tokens) {
    const given = offered[service];
    const wanted = wantedKeySet(service, token);
    const jwks = (await finder.find(wanted, given === undefined ? null : wanted.parse(utf8(given)))) ?? given;
    if (jwks !== undefined) found[service] = jwks;
  }
  return found;
}

function parsed<V>(wanted: Wanted<V>, text: string | null | undefined): V | null {
  return text === null || text === undefined ? null : wanted.parse(fromBase64url(text));
}
