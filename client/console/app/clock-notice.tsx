import { durationText } from '../../../src/core/duration.ts';
import type { Facts } from '../../../src/core/state/state.ts';
import { logAheadMs } from '../../custodian/obstacles.ts';
import { instant } from './format.ts';
import { Notice } from './parts/notice.tsx';
import { now } from './vault.ts';

/** Why nothing can be granted while custodians have signed times that are ahead, and what to do. */
export function ClockNotice({ facts }: { facts: Facts }) {
  const aheadMs = logAheadMs(facts, now.value);
  if (aheadMs === 0) return null;
  return (
    <Notice tone="warn" title={`The log’s clock is ${durationText(aheadMs)} ahead of this workstation’s`}>
      <p>
        The log’s clock is the latest time that a custodian has signed: {instant(facts.attestedMs)}. While it is ahead,
        the vault takes nothing from custodians but stops and the setting back itself. See first that this workstation’s
        clock is right. If it is, a quorum sets the log’s clock back: <a href="#/propose">propose it</a>, or approve it
        where it has been proposed.
      </p>
    </Notice>
  );
}
