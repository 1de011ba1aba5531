import { fromBase64url, type Hex } from '../src/core/bytes.ts';
import { counted } from '../src/core/counted.ts';
import { aheadText } from '../src/core/duration.ts';
import { must } from '../src/core/errors.ts';
import { objectsNamed } from '../src/core/state/apply.ts';
import { MAX_SKEW_MS, objectOf } from '../src/core/state/judgement.ts';
import type { Facts, State } from '../src/core/state/state.ts';
import type { Api, EntriesPage } from './api.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from './checkpoint-memory.ts';
import { openLogCheckpoint, replay, rootAt, type Verify } from './replay.ts';

/** Entries asked for at a time: a page is verified while nothing else of the log is held. */
const PAGE_ENTRIES = 500;

export interface FollowOptions {
  /** The digest of the genesis statement, given to this client: never learnt from the vault. */
  readonly fingerprint: Hex;
  readonly verify: Verify;
  readonly memory: CheckpointMemory;
  /** The vault's clock has to agree with it whenever the log is followed; null where nothing rests on that clock. */
  readonly now: (() => number) | null;
  readonly onProgress?: (entries: number, of: number) => void;
}

/** What is needed of the vault to follow its log; all that it says is attacker-controlled. */
export type LogSource = Pick<Api, 'vault' | 'entries'>;

/**
 * A client's own replay of the log, from the fingerprint: everything it says has been verified, down to the
 * signatures and the appraisals, against the checkpoint that the log's key signed.
 *
 * `follow` and `extend` throw `wrong_genesis`, `clock_skew`, `rolled_back` (less than, or another log than,
 * what is remembered), `checkpoint_invalid`, `foreign_checkpoint` and the code of any entry's fault, with
 * `detail.entry`. Where `extend` throws, the replica stays as it was. One call at a time.
 */
export class Replica {
  readonly #source: LogSource;
  readonly #options: FollowOptions;
  #state: State;
  /** Which entry named an object, so that it can be asked for again and need not be kept. */
  #namedAt: ReadonlyMap<Hex, number>;

  private constructor(source: LogSource, options: FollowOptions, followed: Followed) {
    this.#source = source;
    this.#options = options;
    this.#state = followed.state;
    this.#namedAt = followed.namedAt;
  }

  static async follow(source: LogSource, options: FollowOptions): Promise<Replica> {
    return new Replica(source, options, await followLog(source, options, null, new Map()));
  }

  /** Goes on from where it is to the log's present end; with `now` null, the vault's clock may be wrong. */
  async extend({ now = this.#options.now }: Partial<Pick<FollowOptions, 'now'>> = {}): Promise<void> {
    const followed = await followLog(this.#source, { ...this.#options, now }, this.#state, this.#namedAt);
    this.#state = followed.state;
    this.#namedAt = followed.namedAt;
  }

  get state(): State {
    return this.#state;
  }
  get facts(): Facts {
    return this.#state.facts;
  }
  /** The log as verified here: what an approval names. */
  get checkpoint(): VerifiedCheckpoint & { readonly origin: string } {
    const size = sizeOf(this.#state);
    return { origin: this.facts.genesis.log.origin, size, root: rootAt(this.#state, size) as Hex };
  }

  /**
   * Evidential objects by digest, asked for again and checked against it. Throws `object_missing` for one
   * that no entry names, or that the vault no longer has, and `object_mismatch`.
   */
  async objects(digests: readonly Hex[]): Promise<ReadonlyMap<Hex, Uint8Array>> {
    const found = new Map<Hex, Uint8Array>();
    for (const digest of digests) {
      if (found.has(digest)) continue;
      const index = this.#namedAt.get(digest);
      must(index !== undefined, 'object_missing', `no entry of the log names the object ${digest}`);
      const page = objectsOf(await this.#source.entries(index, 1));
      for (const wanted of digests) {
        if (this.#namedAt.get(wanted) === index) found.set(wanted, objectOf(page, wanted, 'object'));
      }
    }
    return found;
  }

  async object(digest: Hex): Promise<Uint8Array> {
    return objectOf(await this.objects([digest]), digest, 'object');
  }
}

interface Followed {
  readonly state: State;
  readonly namedAt: ReadonlyMap<Hex, number>;
}

async function followLog(
  source: LogSource,
  options: FollowOptions,
  start: State | null,
  known: ReadonlyMap<Hex, number>,
): Promise<Followed> {
  const { fingerprint, memory, now, onProgress } = options;
  if (now !== null) clocksAgree((await source.vault()).time, now());
  const remembered = await memory.get(fingerprint);
  const namedAt = new Map(known);
  let state = start;
  for (;;) {
    const from = sizeOf(state);
    // Genesis alone first: whose log it is comes before anything in it.
    const page = await source.entries(from, state === null ? 1 : PAGE_ENTRIES);
    state = await applyPage(state, page, options, namedAt);
    const checkpoint = openLogCheckpoint(state, page.checkpoint);
    if (agrees(state, checkpoint, remembered)) {
      onProgress?.(checkpoint.size, checkpoint.size);
      await memory.put(fingerprint, checkpoint);
      return { state, namedAt };
    }
    must(
      page.entries.length > 0,
      'rolled_back',
      `the vault holds entries back: ${counted(sizeOf(state), 'entry', 'entries')}, a checkpoint of ${checkpoint.size}`,
    );
    onProgress?.(sizeOf(state), Math.max(checkpoint.size, sizeOf(state)));
  }
}

async function applyPage(
  state: State | null,
  page: EntriesPage,
  { fingerprint, verify }: FollowOptions,
  namedAt: Map<Hex, number>,
): Promise<State> {
  if (state !== null && page.entries.length === 0) return state;
  const { state: after } = await replay(state, page.entries, objectsOf(page), verify, (entry) => {
    for (const digest of objectsNamed(entry)) if (!namedAt.has(digest)) namedAt.set(digest, entry.index);
  });
  const { vault } = after.facts;
  must(vault === fingerprint, 'wrong_genesis', `expected the vault ${fingerprint}, got the log of ${vault}`);
  return after;
}

/**
 * Whether the checkpoint is of what has been replayed, whole. Throws where no later entry could make it so:
 * it has another root, or it or the log is not a continuation of what is remembered.
 */
function agrees(state: State, checkpoint: VerifiedCheckpoint, remembered: VerifiedCheckpoint | null): boolean {
  const size = sizeOf(state);
  if (remembered !== null) {
    must(
      checkpoint.size >= remembered.size,
      'rolled_back',
      `this log had ${counted(remembered.size, 'entry', 'entries')} when it was last followed, now it has ${checkpoint.size}: alert the others`,
    );
    const isSame = size < remembered.size || rootAt(state, remembered.size) === remembered.root;
    must(
      isSame,
      'rolled_back',
      `the first ${counted(remembered.size, 'entry', 'entries')} are not as they were verified before`,
    );
  }
  const isOfThisLog = size < checkpoint.size || rootAt(state, checkpoint.size) === checkpoint.root;
  must(isOfThisLog, 'checkpoint_invalid', `the checkpoint of size ${checkpoint.size} is not of these entries`);
  return size === checkpoint.size;
}

/** Throws `clock_skew` where the vault's time is more than 5 minutes from this machine's. */
function clocksAgree(vaultMs: number, nowMs: number): void {
  const seconds = Math.round((nowMs - vaultMs) / 1000);
  must(
    Math.abs(nowMs - vaultMs) <= MAX_SKEW_MS,
    'clock_skew',
    `the vault’s clock is ${aheadText(vaultMs, nowMs)} this machine’s: set the one that is wrong`,
    { seconds },
  );
}

/** Attacker-controlled: checked against the digests under which they are named before anything reads them. */
function objectsOf({ objects }: EntriesPage): ReadonlyMap<Hex, Uint8Array> {
  return new Map(Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)]));
}

function sizeOf(state: State | null): number {
  return state?.chain.frontier.size ?? 0;
}
