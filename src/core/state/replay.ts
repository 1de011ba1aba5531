import { TwinlockError } from '../errors.ts';
import { unlessRefused } from '../refusal.ts';
import type { Verify } from '../signature/claim.ts';
import { type Applied, apply } from './apply.ts';
import { type Discharger, firstRefuted } from './discharge.ts';
import type { Objects } from './objects.ts';
import type { State } from './state.ts';

/** The number of entries that are judged before their claims are discharged. */
const STEP_ENTRIES = 64;

/** The result of a replay of the next entries of a log. */
export interface Replayed {
  /**
   * The entries before the first fault, in order, each with the state after it. All their claims have been discharged.
   */
  readonly sound: readonly Applied[];
  /** The first fault in the order of the log, with the entry's index in `detail.entry`; null where there is none. */
  readonly fault: TwinlockError | null;
}

/**
 * Folds `entries`, the next of a log after `before` (null before genesis), and discharges every claim. `entries` and
 * `objects` are attacker-controlled. The claims of 64 entries are discharged while the next 64 are judged: a platform
 * that verifies on other cores keeps them busy. Returns a fault of the log. What it throws is the engine's own error, and
 * no verdict on the log.
 */
export async function replay(
  before: State | null,
  entries: readonly Uint8Array[],
  objects: Objects,
  verify: Verify | Discharger,
): Promise<Replayed> {
  const sound: Applied[] = [];
  let step = judgeStep(before, entries.slice(0, STEP_ENTRIES), objects);
  for (let end = STEP_ENTRIES; step.sound.length > 0; end += STEP_ENTRIES) {
    const judged = step.sound;
    const claims = judged.flatMap((applied) => applied.claims.map((claim) => ({ applied, claim })));
    const [refuted, next] = await Promise.all([
      firstRefuted(
        claims.map(({ claim }) => claim),
        verify,
      ),
      judgeNext(step, entries.slice(end, end + STEP_ENTRIES), objects),
    ]);
    const culprit = refuted === null ? undefined : claims[refuted.place]?.applied;
    if (refuted !== null && culprit !== undefined) {
      sound.push(...judged.slice(0, judged.indexOf(culprit)));
      return { sound, fault: faultAt(culprit.entry.index, refuted.error) };
    }
    sound.push(...judged);
    step = next;
  }
  return { sound, fault: step.fault };
}

/** Entries that were judged in order up to the first fault; their claims have not been discharged. */
type Judged = Replayed;

/** The step after `step`; none where that ended with a fault. Asynchronous so that what it throws is a rejection. */
async function judgeNext({ sound, fault }: Judged, entries: readonly Uint8Array[], objects: Objects): Promise<Judged> {
  return fault === null ? judgeStep(sound.at(-1)?.state ?? null, entries, objects) : { sound: [], fault };
}

function judgeStep(before: State | null, entries: readonly Uint8Array[], objects: Objects): Judged {
  const sound: Applied[] = [];
  let state = before;
  for (const bytes of entries) {
    const index = state?.chain.frontier.size ?? 0;
    const applied = unlessRefused(
      TwinlockError,
      () => apply(state, bytes, objects),
      (error) => faultAt(index, error),
    );
    if (applied instanceof TwinlockError) return { sound, fault: applied };
    sound.push(applied);
    state = applied.state;
  }
  return { sound, fault: null };
}

/** A fault of the log at one of its entries. */
function faultAt(index: number, error: TwinlockError): TwinlockError {
  const message = `entry ${index}: ${error.message}`;
  return new TwinlockError(error.code, message, { ...error.detail, entry: index }, { cause: error });
}
