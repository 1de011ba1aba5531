import type { Find, Needs, Wanted } from '../kit/wanted.ts';
import type { TdxEndorsed, TdxEndorsements } from './endorsements.ts';
import { tdxNeeds } from './needs.ts';
import type { TdxReport } from './report.ts';
import { collateralOf, wantedCollateral } from './wanted.ts';

export const TDX_NEEDS: Needs<TdxReport, TdxEndorsed> = {
  files: {
    lists: [/^tdx\/pck-(?:processor|platform)\.crl$/, /^tdx\/root-ca\.crl$/],
    collateral: [
      /^tdx\/[0-9a-f]{12}-(?:processor|platform)\.json$/,
      /^tdx\/tcb-info-[0-9a-f]{12}\.json$/,
      /^tdx\/qe-identity\.json$/,
    ],
  },
  vendors: ['intel', 'intel-certificates'],
  missingMirror: missingIntelMirror,
  async endorse(report, offered, find) {
    const tdx = await endorseReport(report, offered.tdx ?? null, find);
    return tdx === null ? {} : { tdx };
  },
};

/** Intel's own service, which has no list of what Intel's root revoked; a caching service (PCCS) has it. */
const INTEL_SERVICE = /(?:^|\.)trustedservices\.intel\.com$/;

function missingIntelMirror({
  intel,
  'intel-certificates': certificates,
}: Readonly<Record<string, string>>): string | null {
  if (intel === undefined || certificates !== undefined || !INTEL_SERVICE.test(intel)) return null;
  return (
    "Intel's own service has no list of what Intel's root revoked, without which no TDX host passes: name " +
    '--endorsement-mirror intel-certificates=https://certificates.trustedservices.intel.com too, or put ' +
    'tdx/root-ca.crl into the folder of --endorsements'
  );
}

/** A part that no source has is as it was offered, or missing, and the appraisal says which: each is issued alone. */
async function endorseReport(
  report: TdxReport,
  offered: TdxEndorsements | null,
  find: Find,
): Promise<TdxEndorsements | null> {
  const wanted = wantedCollateral(tdxNeeds(report));
  const given = <V>(part: { of(collateral: TdxEndorsements): V }) => (offered === null ? null : part.of(offered));
  const look = <V>(part: Wanted<V> & { of(collateral: TdxEndorsements): V | null }) => find.find(part, given(part));
  const [tcbInfo, qeIdentity, pckCrl, rootCaCrl] = await find.all([
    look(wanted.tcbInfo),
    look(wanted.qeIdentity),
    look(wanted.pckCrl),
    look(wanted.rootCaCrl),
  ]);
  return collateralOf({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }, offered);
}
