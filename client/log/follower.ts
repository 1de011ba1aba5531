import { type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { counted } from '../../src/core/counted.ts';
import { must } from '../../src/core/errors.ts';
import type { Entry } from '../../src/core/log/entry.ts';
import { frontierRoot } from '../../src/core/log/merkle.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import type { Applied } from '../../src/core/state/apply.ts';
import { historyOf } from '../../src/core/state/chain.ts';
import type { Discharger } from '../../src/core/state/discharge.ts';
import { openWithLogKey } from '../../src/core/state/log-checkpoint.ts';
import { replay } from '../../src/core/state/replay.ts';
import type { Facts, State } from '../../src/core/state/state.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from './checkpoint-memory.ts';
import { type LogPage, type LogSource, PAGE_ENTRIES } from './source.ts';

/** Called with each entry in the order of the log, once all its claims are discharged, and with the facts after it. */
type Observer = (entry: Entry, facts: Facts) => void;

export interface FollowOptions {
  /** The digest of the genesis statement, given to this client and never learnt from the log. */
  readonly fingerprint: Hex;
  readonly verify: Verify | Discharger;
  /** What was verified before: a log that does not continue it is refused. Null where nothing is remembered. */
  readonly memory: CheckpointMemory | null;
  readonly observe?: Observer;
  /** Told after each page: entries verified, and entries that the log has as far as its checkpoint says. */
  readonly onProgress?: (entries: number, of: number) => void;
}

/**
 * Follows a log from genesis, or from a state that was verified before, to its present end. Everything it holds has been
 * verified, down to signatures and appraisals. One call at a time.
 */
export class Follower {
  readonly #source: LogSource;
  readonly #options: FollowOptions;
  #state: State | null;
  #checkpoint: VerifiedCheckpoint | null = null;
  #signatures = 0;
  #appraisals = 0;

  /** `start` is a state of the log of this fingerprint that the caller has verified; null begins with genesis. */
  constructor(source: LogSource, options: FollowOptions, start: State | null = null) {
    this.#source = source;
    this.#options = options;
    this.#state = start;
  }

  /** The log up to the last entry that was found right; null before genesis. */
  get state(): State | null {
    return this.#state;
  }

  get size(): number {
    return this.#state?.chain.frontier.size ?? 0;
  }

  /** The last checkpoint that the log's key has signed, and that is of no other log than was followed; null before. */
  get checkpoint(): VerifiedCheckpoint | null {
    return this.#checkpoint;
  }

  /** Claims that were discharged. */
  get signatures(): number {
    return this.#signatures;
  }

  get appraisals(): number {
    return this.#appraisals;
  }

  /**
   * Replays the log to its present end and remembers it; from genesis where the state has forgotten what the log was at
   * the size that is remembered. Throws `wrong_genesis`; `rolled_back` where the log has fewer entries than are
   * remembered, other ones, or holds some back; `checkpoint_invalid`, `foreign_checkpoint`; and the code of the first
   * entry that is at fault. `detail.entry` names the entry, where the fault is in one. What was right before the fault
   * stays followed.
   */
  async follow(): Promise<void> {
    const { fingerprint, memory, onProgress } = this.#options;
    const remembered = (await memory?.get(fingerprint)) ?? null;
    // Only a replay compares what the state has forgotten: a change of either file would pass otherwise.
    if (this.#hasForgotten(remembered)) this.#state = null;
    this.#requireRemembered(remembered);
    for (;;) {
      const before = this.#state;
      // Genesis alone first: whose log it is comes before anything in it.
      const limit = before === null ? 1 : PAGE_ENTRIES;
      const page = await this.#source.page(this.size, limit);
      const sound = await this.#take(page, limit, remembered);
      const isWhole = this.#isWhole(page, before, sound, remembered);
      onProgress?.(this.size, Math.max(this.size, this.#checkpoint?.size ?? 0));
      if (!isWhole) continue;
      if (this.#checkpoint !== null) await memory?.put(fingerprint, this.#checkpoint);
      return;
    }
  }

  /** Takes what is right of a page's entries. Throws the first fault, the root that is remembered among them. */
  async #take(
    { entries, objects }: LogPage,
    limit: number,
    remembered: VerifiedCheckpoint | null,
  ): Promise<readonly Applied[]> {
    const texts = entries.slice(0, limit).map(utf8);
    const { sound, fault } = await replay(this.#state, texts, objects, this.#options.verify);
    for (const { entry, state, claims } of sound) {
      this.#requireFingerprint(state);
      this.#state = state;
      const appraisals = claims.filter(({ kind }) => kind === 'appraisal').length;
      this.#appraisals += appraisals;
      this.#signatures += claims.length - appraisals;
      this.#options.observe?.(entry, state.facts);
      if (this.size === remembered?.size) this.#requireRemembered(remembered);
    }
    if (fault !== null) throw fault;
    return sound;
  }

  /**
   * Whether the page's checkpoint is of what has been replayed, whole. Throws where no later entry could make it so: it
   * has another root, or is of fewer entries than were there before the page or are remembered.
   */
  #isWhole(
    page: LogPage,
    before: State | null,
    sound: readonly Applied[],
    remembered: VerifiedCheckpoint | null,
  ): boolean {
    const { size } = this;
    must(this.#state !== null, 'wrong_genesis', 'the log is empty', { entry: 0 });
    const isEnd = sound.length === 0;
    const checkpoint = page.checkpoint === null ? null : opened(this.#state, page.checkpoint);
    if (checkpoint === null && !isEnd) return false;
    requireAsLong(checkpoint?.size ?? size, remembered);
    if (checkpoint === null) return true;
    const start = size - sound.length;
    must(
      checkpoint.size >= start,
      'checkpoint_invalid',
      `the log has ${counted(start, 'entry', 'entries')}, the checkpoint is of ${checkpoint.size}`,
    );
    const at = checkpoint.size === start ? before : sound[checkpoint.size - start - 1]?.state;
    const isOfThisLog = checkpoint.size > size || (at != null && rootOf(at) === checkpoint.root);
    must(isOfThisLog, 'checkpoint_invalid', `the checkpoint of size ${checkpoint.size} is not of these entries`);
    must(
      !isEnd || checkpoint.size === size,
      'rolled_back',
      `entries are held back: ${counted(size, 'entry', 'entries')}, a checkpoint of ${checkpoint.size}`,
    );
    this.#checkpoint = checkpoint;
    return checkpoint.size === size;
  }

  #requireFingerprint({ facts }: State): void {
    const { fingerprint } = this.#options;
    must(
      facts.vault === fingerprint,
      'wrong_genesis',
      `entry 0: expected the vault ${fingerprint}, got the log of ${facts.vault}`,
      { entry: 0 },
    );
  }

  /** Whether the state is of so many more entries that it does not know any more what the log was at that size. */
  #hasForgotten(remembered: VerifiedCheckpoint | null): boolean {
    return remembered !== null && this.size >= remembered.size && this.#rootAt(remembered.size) === null;
  }

  #rootAt(size: number): Hex | null {
    return this.#state === null ? null : historyOf(this.#state.chain).rootAt(size);
  }

  /** Once the log is as long as what is remembered. */
  #requireRemembered(remembered: VerifiedCheckpoint | null): void {
    if (remembered === null || this.size < remembered.size) return;
    must(
      this.#rootAt(remembered.size) === remembered.root,
      'rolled_back',
      `the first ${counted(remembered.size, 'entry', 'entries')} are not as they were verified before: alert the others`,
    );
  }
}

function requireAsLong(size: number, remembered: VerifiedCheckpoint | null): void {
  must(
    remembered === null || size >= remembered.size,
    'rolled_back',
    `this log had ${counted(remembered?.size ?? 0, 'entry', 'entries')} when it was last followed, now it has ${size}: alert the others`,
  );
}

function opened({ facts }: State, note: Uint8Array): VerifiedCheckpoint {
  const { size, root } = openWithLogKey(facts.genesis.log, note);
  return { size, root: toHex(root) };
}

function rootOf({ chain }: State): Hex {
  return toHex(frontierRoot(chain.frontier));
}
