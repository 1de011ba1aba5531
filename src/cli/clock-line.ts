import { durationText } from '../core/duration.ts';
import type { ClockState } from '../vault/clock-watch.ts';

const UNTIL_SIGNED =
  'Until a custodian has signed a time that agrees with it, the vault ends no request and no lease, and releases nothing by itself';
const SEE = 'see README, “Clocks”';

/** How the vault's clock stands, and what to do, for the person who runs it. */
export function clockLine({ standing, jumpedSeconds, sinceSignedSeconds }: ClockState): string {
  switch (standing) {
    case 'behind':
      return `clock not confirmed: the log’s clock, the latest time that a custodian has signed, is ${lasting(sinceSignedSeconds)} ahead of the vault’s. While it is, the vault takes nothing from custodians but stops and the setting back itself. If the vault’s clock is wrong, set it. If it is right, a custodian proposes in the console to set the log’s clock back (Propose): ${SEE}`;
    case 'jumped':
      return `clock not confirmed: the vault’s clock was set, or has jumped, ${lasting(jumpedSeconds ?? 0)} ${(jumpedSeconds ?? 0) < 0 ? 'back' : 'ahead'} since a custodian last confirmed it. ${UNTIL_SIGNED}. If it is wrong, set it. If it is right, as after a pause of this machine, there is nothing to do: ${SEE}`;
    case 'awaited':
      return `clock not confirmed: since twinlockd began, no custodian has signed a time that agrees with the vault’s clock, which is ${lasting(sinceSignedSeconds)} ahead of the latest that one has signed. ${UNTIL_SIGNED}. If it is right, there is nothing to do: ${SEE}`;
    case 'confirmed':
      return 'clock confirmed: a custodian’s agrees with it';
  }
}

function lasting(seconds: number): string {
  return durationText(seconds * 1000);
}
