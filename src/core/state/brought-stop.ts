import { type Hex, toHex, ZERO_32 } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import type { SignedStop } from '../log/signed-stop.ts';
import { unlessRefused } from '../refusal.ts';
import { type Stop, statementDigest } from '../statement/statement.ts';
import type { VerifiedAuthority } from './authority.ts';
import { checkStop, isHeard, keyDigest, recordedStopOf } from './entries/stop.ts';
import type { Claim } from './judgement.ts';
import type { Roster } from './roster.ts';
import { requireRunning } from './running.ts';

/** The judgement of a stop that reached a host by another way than the vault. */
export interface StopJudgement {
  /** The stop counts once these have been discharged. */
  readonly claims: readonly Claim[];
  /** How it ends the release; null where it stops something else. */
  readonly ends: TwinlockError | null;
}

/**
 * Judges an attacker-controlled stop by what the authority chain has shown of the log. Throws as `checkStop`, and
 * `wrong_base` for a stop of everything that every approver knew to be taken back.
 */
export function judgeBroughtStop(authority: VerifiedAuthority, { statement, signature }: SignedStop): StopJudgement {
  const { release, rosters } = authority;
  const { key, person: owner } = release.statement.proposer;
  const { person, claim } = checkStop(
    {
      ...authority,
      proposals: new Map([[release.digest, release]]),
      // The chain shows one principal, the requester, and only by its key.
      principals: new Map([[key, { owner, name: key, retiredAt: null }]]),
    },
    statement,
    signature,
  );
  requireCounts(rosters, statement, person);
  return { claims: [claim], ends: endOf(authority, statement, person) };
}

/**
 * One approver at least is honest: where that one has not seen the stop taken back, it counts. Also where it rests on a
 * resumption that no approver knew of: a later one, or one that is older than all that a roster has.
 */
function requireCounts(rosters: readonly Roster[], { what, base }: Stop, person: Hex): void {
  if (what !== 'all') {
    must(base === toHex(ZERO_32), 'wrong_base', 'stop.base: expected zeros');
    return;
  }
  const isOver = rosters.every(({ resumptions, heard }) =>
    isHeard({ resumptions, heard: new Map(heard.map((one) => [one.person, one.resumption])) }, base, person),
  );
  must(!isOver, 'wrong_base', 'stop.base: the vault has been resumed since, by a quorum that knew of this stop');
}

function endOf({ release, persons }: VerifiedAuthority, stop: Stop, person: Hex): TwinlockError | null {
  const { what, target, created } = stop;
  const { manifest, proposer } = release.statement;
  const byStop = 'by a stop that was brought to this host';
  switch (what) {
    case 'all': {
      const placed = { stop, digest: statementDigest(stop), person, index: 0, time: created };
      return unlessRefused(
        TwinlockError,
        () => {
          requireRunning({ stopped: [recordedStopOf({ persons }, placed)] });
          return null;
        },
        (error) => error,
      );
    }
    case 'release':
      if (target !== release.digest) return null;
      return new TwinlockError('release_revoked', `the release was revoked ${byStop}`);
    case 'version':
      if (target !== manifest) return null;
      return new TwinlockError('version_withdrawn', `the version has been withdrawn ${byStop}`);
    case 'principal':
      if (target !== keyDigest(proposer.key)) return null;
      return new TwinlockError('principal_retired', `the key that asked for the release has been retired ${byStop}`);
    default:
      return null;
  }
}
