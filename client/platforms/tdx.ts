import { unlessUpToDate } from './kit/td.ts';
import type { ClientPlatformOf } from './platform.ts';
import { describeTdx, tdxWeaknesses } from './tdx/describe.ts';
import { TDX_FILES, tdxEndorsed, tdxReportIn } from './tdx/files.ts';
import { withTdx } from './tdx/propose.ts';
import { TDX_SOURCE } from './tdx/source.ts';

const NAME = 'Intel TDX';

export const TDX: ClientPlatformOf<'tdx'> = {
  name: NAME,
  claimsOf: 'tdx',
  hosts: 'TDX',
  describe: describeTdx,
  weaknesses: tdxWeaknesses,
  propose: withTdx,
  machineText: () => NAME,
  firmware: ({ 'tdx.tcb.status': status, 'tdx.tcb.advisories': advisories = 'none' }) =>
    status === undefined ? null : { status, advisories },
  // A revoked one fails a rule of its own.
  cautions: ({ 'tdx.tcb.status': status }) => (status === 'Revoked' ? [] : unlessUpToDate(status)),
  files: TDX_FILES,
  reportIn: tdxReportIn,
  endorsedIn: (file) => tdxEndorsed(file),
  sources: [TDX_SOURCE],
  pretendedImage: () => null,
};
