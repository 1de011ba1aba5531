import type { DevicePlatform, Platform } from '../kit/platform.ts';
import { NRAS_CLAIMS, TRUST_AUTHORITY_CLAIMS } from './claims.ts';
import { NRAS_NEEDS, TRUST_AUTHORITY_NEEDS } from './endorse.ts';
import { keySet, type ServiceEndorsed } from './endorsements.ts';
import { appraiseNras } from './nras.ts';
import {
  type NrasReferenceValues,
  nrasReferenceValues,
  type TrustAuthorityReferenceValues,
  trustAuthorityReferenceValues,
} from './reference-values.ts';
import { type NrasEvidence, nrasEvidence, type TrustAuthorityReport, trustAuthorityReport } from './report.ts';
import { appraiseTrustAuthority } from './trust-authority.ts';

/** No vendor's root: the services do not publish one, and who signs their tokens is the quorum's to say. */
const NO_ROOTS = () => [];

export const trustAuthorityPlatform = {
  about: 'Tokens of Intel Trust Authority.',
  report: trustAuthorityReport,
  values: trustAuthorityReferenceValues,
  endorsements: keySet,
  needs: TRUST_AUTHORITY_NEEDS,
  claims: TRUST_AUTHORITY_CLAIMS,
  boundBytes: 64,
  simulation: null,
  pinnedRoots: NO_ROOTS,
  caution: () => null,
  appraise: appraiseTrustAuthority,
} as const satisfies Platform<TrustAuthorityReport, TrustAuthorityReferenceValues, ServiceEndorsed>;

export const nrasDevices = {
  report: nrasEvidence,
  values: nrasReferenceValues,
  endorsements: keySet,
  needs: NRAS_NEEDS,
  claims: NRAS_CLAIMS,
  pinnedRoots: NO_ROOTS,
  appraise: appraiseNras,
} as const satisfies DevicePlatform<NrasEvidence, NrasReferenceValues, ServiceEndorsed>;
