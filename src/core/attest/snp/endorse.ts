import { fromBase64url, toBase64url } from '../../bytes.ts';
import { TwinlockError } from '../../errors.ts';
import { unlessRefusedLater } from '../../refusal.ts';
import type { Find, Needs, Wanted } from '../kit/wanted.ts';
import type { SnpEndorsed, SnpEndorsements } from './endorsements.ts';
import { type SnpNeeds, snpNeeds } from './needs.ts';
import type { SnpReport } from './report.ts';
import type { SnpProduct } from './tcb.ts';
import { wantedAsk, wantedCrl, wantedVek } from './wanted.ts';

export const SNP_NEEDS: Needs<SnpReport, SnpEndorsed> = {
  files: {
    certificates: [
      /^snp\/(?:Milan|Genoa)\/(?:[0-9a-f]{128}\/|vlek-)\d{1,3}(?:-\d{1,3}){3}\.der$/,
      /^snp\/Turin\/(?:[0-9a-f]{16}\/|vlek-)\d{1,3}(?:-\d{1,3}){4}\.der$/,
      /^snp\/(?:Milan|Genoa|Turin)\/(?:vcek|vlek)-chain\.pem$/,
    ],
    lists: [/^snp\/(?:Milan|Genoa|Turin)\/(?:vcek|vlek)\.crl$/],
  },
  vendors: ['amd'],
  missingMirror: () => null,
  async endorse(report, offered, find) {
    const snp = await endorseReport(report, offered.snp ?? null, find);
    return snp === null ? {} : { snp };
  },
};

/**
 * A part that no source has is as it was offered, or missing, and the appraisal says what is wrong with it. Throws
 * `unavailable` where a mirror did not answer that could have one.
 */
async function endorseReport(
  report: SnpReport,
  offered: SnpEndorsements | null,
  find: Find,
): Promise<SnpEndorsements | null> {
  const needs = snpNeeds(fromBase64url(report.report));
  // A report of version 2 does not say which processor it is of; its certificate does.
  const products = needs.product === null ? (['Milan', 'Genoa'] as const) : [needs.product];
  let silent: TwinlockError | null = null;
  for (const product of products) {
    const work = () => endorseProduct(needs, product, offered, find);
    const found = await unlessRefusedLater(TwinlockError, work, (error) => error);
    if (!(found instanceof TwinlockError)) {
      if (found !== null) return found;
      continue;
    }
    // A service that has no such chip of one product may have it of the other.
    if (found.code !== 'unavailable') throw found;
    silent ??= found;
  }
  if (silent !== null) throw silent;
  return offered;
}

/** Null where no source has any part, or nothing says that the report is of this product. */
async function endorseProduct(
  needs: SnpNeeds,
  product: SnpProduct,
  offered: SnpEndorsements | null,
  find: Find,
): Promise<SnpEndorsements | null> {
  const part = <V>(wanted: Wanted<V>, text: string | null | undefined) => find.find(wanted, parsed(wanted, text));
  const vek = await part(wantedVek(needs, product), offered?.vek);
  if (vek === null && needs.product === null) return null;
  const [ask, crl] = await find.all([
    part(wantedAsk(needs, product), offered?.ask),
    part(wantedCrl(needs, product), offered?.crl),
  ]);
  if (offered === null && vek === null && ask === null && crl === null) return null;
  return {
    vek: vek === null ? (offered?.vek ?? null) : toBase64url(vek.certificate.der),
    ask: ask === null ? (offered?.ask ?? null) : toBase64url(ask.der),
    crl: crl === null ? (offered?.crl ?? null) : toBase64url(crl.der),
  };
}

function parsed<V>(wanted: Wanted<V>, text: string | null | undefined): V | null {
  return text === null || text === undefined ? null : wanted.parse(fromBase64url(text));
}
