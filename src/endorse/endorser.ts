import { type Endorsements, NO_ENDORSEMENTS } from '../core/attest/endorsements.ts';
import type { Evidence } from '../core/attest/evidence.ts';
import type { SnpEndorsements } from '../core/attest/snp/endorsements.ts';
import { snpNeeds } from '../core/attest/snp/needs.ts';
import type { SnpReport } from '../core/attest/snp/report.ts';
import type { TdxEndorsements } from '../core/attest/tdx/endorsements.ts';
import { tdxNeeds } from '../core/attest/tdx/needs.ts';
import type { TdxReport } from '../core/attest/tdx/report.ts';
import type { KeySet } from '../core/attest/token/endorsements.ts';
import { fromBase64url, toBase64url, utf8 } from '../core/bytes.ts';
import type { Endorser } from '../vault/ports.ts';
import { Finder, type Sources } from './find.ts';
import { wantedKeySet } from './key-set.ts';
import { wantedAsk, wantedCrl, wantedVek } from './snp.ts';
import { collateralEndsMs, wantedCollateral } from './tdx.ts';

/** Finds what a host's evidence rests on: vendor certificates, TCB collateral, revocation lists, key sets. */
export function openEndorser(sources: Sources): Endorser {
  const finder = new Finder(sources);
  return {
    async endorse({ report, gpu }: Evidence, offered: Endorsements): Promise<Endorsements> {
      const hardware = hardwareOf(report);
      return {
        ...NO_ENDORSEMENTS,
        snp: hardware?.platform === 'snp' ? await endorseSnp(finder, hardware, offered.snp) : null,
        tdx: hardware?.platform === 'tdx' ? await endorseTdx(finder, sources, hardware, offered.tdx) : null,
        keySets: await endorseTokens(finder, report, gpu, offered.keySets),
      };
    },
  };
}

/** The report that vendors vouch for; under a paravisor it is the one below the TPM. */
function hardwareOf(report: Evidence['report']): SnpReport | TdxReport | null {
  if (report.platform === 'snp' || report.platform === 'tdx') return report;
  return report.platform === 'tpm' && report.identity.kind === 'runtime' ? report.identity.hardware : null;
}

/** Null where there is no certificate of the chip: the appraisal says what is missing. */
async function endorseSnp(
  finder: Finder,
  report: SnpReport,
  offered: SnpEndorsements | null,
): Promise<SnpEndorsements | null> {
  const needs = snpNeeds(fromBase64url(report.report));
  // A report of version 2 does not say which processor it is of; its certificate does.
  const products = needs.product === null ? (['Milan', 'Genoa'] as const) : [needs.product];
  for (const product of products) {
    const vek = await finder.find(wantedVek(needs, product), bytesOf(offered?.vek));
    const ask = vek === null ? null : await finder.find(wantedAsk(needs, product), bytesOf(offered?.ask));
    if (vek === null || ask === null) continue;
    const crl = await finder.find(wantedCrl(needs, product), bytesOf(offered?.crl));
    return {
      vek: toBase64url(vek.certificate.der),
      ask: toBase64url(ask.der),
      crl: crl === null ? null : toBase64url(crl.der),
    };
  }
  return offered;
}

async function endorseTdx(
  finder: Finder,
  { now }: Sources,
  report: TdxReport,
  offered: TdxEndorsements | null,
): Promise<TdxEndorsements | null> {
  if (offered !== null && collateralEndsMs(offered) >= now()) return offered;
  return (await finder.find(wantedCollateral(tdxNeeds(report)), null)) ?? offered;
}

async function endorseTokens(
  finder: Finder,
  report: Evidence['report'],
  gpu: Evidence['gpu'],
  offered: readonly KeySet[],
): Promise<KeySet[]> {
  const tokens: (readonly [KeySet['service'], string])[] = [];
  if (report.platform === 'intel-trust-authority') tokens.push(['intel-trust-authority', report.token]);
  if (gpu?.kind === 'nras') tokens.push(['nras', gpu.overall]);
  const found: KeySet[] = [];
  for (const [service, token] of tokens) {
    const given = offered.find((set) => set.service === service)?.jwks;
    const jwks = (await finder.find(wantedKeySet(service, token), given === undefined ? null : utf8(given))) ?? given;
    if (jwks !== undefined) found.push({ service, jwks });
  }
  return found;
}

function bytesOf(text: string | null | undefined): Uint8Array | null {
  return text === null || text === undefined ? null : fromBase64url(text);
}
