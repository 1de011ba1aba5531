import type { Hex } from '../core/bytes.ts';
import { must, type TwinlockError } from '../core/errors.ts';
import type { EntryDraft } from '../core/log/entry.ts';
import { leafHash } from '../core/log/merkle.ts';
import { appendToTiles } from '../core/log/tiles.ts';
import type { Verify } from '../core/signature/claim.ts';
import { apply } from '../core/state/apply.ts';
import { type Discharger, discharge } from '../core/state/discharge.ts';
import type { Claim } from '../core/state/judgement.ts';
import type { Facts, State } from '../core/state/state.ts';
import { Queue } from '../platform/queue.ts';
import { nextTurn } from '../platform/turns.ts';
import { type Alongside, type Decide, endedReleases, isGrant } from './act.ts';
import { type PlacedEntry, place } from './place.ts';
import type { Batch, CheckpointSigner, Clock, LogStore } from './ports.ts';
import { requireKeyOf, signState } from './sign.ts';
import { EMPTY_END, endAt, type LogEnd, replayStored, sizeOf } from './stored-log.ts';
import { TileProofs } from './tile-proofs.ts';
import { UnsignedActs } from './unsigned-acts.ts';

export interface Recorded {
  /** Index of the last entry of the act. */
  readonly index: number;
  readonly checkpoint: Uint8Array;
}

export interface RecorderPorts {
  readonly log: LogStore;
  readonly signer: CheckpointSigner;
  readonly clock: Clock;
  readonly verify: Verify;
}

const NOTHING: Required<Alongside> = { objects: new Map(), envelopes: [], hostShares: [], tokens: [] };
const CONDEMNED =
  'the vault has found a fault in its own log, and grants nothing: a stop is still taken. See the daemon’s log, keep the data folder and alert the custodians';
/** Ends an act that gives way to an urgent act. It has stored nothing. */
const OVERTAKEN = new Error('an urgent act goes first');

/**
 * The only way into the log: what the fold refuses is not recorded, and what is not recorded has not
 * happened. Authorising and recording are one call and one transaction (design: style, rule 10).
 */
export class Recorder {
  readonly #ports: RecorderPorts;
  /** The proofs of the log that the host of a release gets. */
  readonly proofs: TileProofs;
  #end: LogEnd = EMPTY_END;
  /** Ordinary acts, and work that must not run beside one: one at a time. */
  readonly #acts = new Queue();
  /** Everything that changes the log: an act of either kind, urgent ones first. */
  readonly #pen = new Queue();
  /** Whether a commit failed, and the store may have written it nevertheless. */
  #isInDoubt = false;
  readonly #unsigned = new UnsignedActs();
  /** Ends the wait of an ordinary act for the signer. */
  #overtake: () => void = () => undefined;
  #fault: TwinlockError | null = null;
  #listeners = new Set<() => void>();

  private constructor(ports: RecorderPorts) {
    this.#ports = ports;
    this.proofs = new TileProofs(ports.log);
  }

  /**
   * Replays the log, every signature included, from genesis or from `start`: a state that the caller trusts to be of this
   * log. Throws as `endAt` and `replayStored`, and `checkpoint_invalid` where the signer has another key than the log's
   * genesis names. `verifyMany` discharges the claims of what is replayed, many at once.
   */
  static async open(
    ports: RecorderPorts,
    start: State | null = null,
    verifyMany: Verify | Discharger = ports.verify,
  ): Promise<Recorder> {
    const recorder = new Recorder(ports);
    const begun = start === null ? EMPTY_END : await endAt(start, ports.log, recorder.proofs);
    recorder.#end = await replayStored(begun, ports.log, verifyMany);
    if (recorder.state !== null) requireKeyOf(recorder.state, ports.signer);
    return recorder;
  }

  /** Null before genesis. */
  get state(): State | null {
    return this.#end.state;
  }

  /** Throws `genesis_incomplete` before genesis. */
  get facts(): Facts {
    const { state } = this;
    must(state !== null, 'genesis_incomplete', 'the vault has not been founded: every founder must sign genesis');
    return state.facts;
  }

  /** Whether the last commit failed, and the store has not said since whether it holds the entries. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** The fault that was found in the log of this state; null if there is none. */
  get fault(): TwinlockError | null {
    return this.#fault;
  }

  /**
   * From now on the recorder refuses every entry that grants something. It records stops as before. The first fault
   * stays.
   */
  condemn(fault: TwinlockError): void {
    this.#fault ??= fault;
  }

  /** Throws `storage_corrupt` once a fault was found: the vault releases nothing and takes no approval. */
  requireSound(): void {
    must(this.#fault === null, 'storage_corrupt', CONDEMNED);
  }

  /** Whether a stop waits for the signer. The vault heeds it: it hands out nothing and records no ordinary act. */
  get isStopUnsigned(): boolean {
    return this.#unsigned.size > 0;
  }

  get size(): number {
    return sizeOf(this.#end);
  }

  /** The note over all entries of this log. It acknowledges an act. Throws `genesis_incomplete` before genesis. */
  get committed(): Uint8Array {
    const { committed } = this.#end;
    must(committed !== null, 'genesis_incomplete', 'the vault has not been founded: every founder must sign genesis');
    return committed;
  }

  /**
   * The note that others have cosigned, for readers of the log and for hosts. There is no witness yet, so it is the
   * committed note. Throws as `committed`.
   */
  get published(): Uint8Array {
    return this.committed;
  }

  /** Calls `listener` after every recorded act, and ignores what it throws. Returns a function that ends this. */
  onRecorded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Records the act that `decide` returns for the state at its turn, or nothing at all. Acts wait for each other. If an
   * urgent act comes while this one is judged or signed, this one starts again: `decide` may be called again. Throws
   * what `decide`, the fold, a claim or the store throws, and `unavailable` where the signer does not sign.
   */
  record(decide: Decide): Promise<Recorded> {
    return this.#acts.run(() => this.#recordOrdinary(decide));
  }

  /**
   * The same as `record`, before all ordinary acts. If the signer does not sign, this throws `unavailable` after at most
   * 5 s. From then on the vault heeds the act (`isStopUnsigned`), and `recordUnsigned` tries it again. `name`
   * identifies an act that is asked for again meanwhile.
   */
  recordUrgent(name: Hex, decide: Decide): Promise<Recorded> {
    const recording = this.#pen.run(() => {
      const record = () => this.#record(decide, () => undefined);
      return this.#unsigned.keptUnless(name, decide, record);
    }, 'urgent');
    this.#overtake();
    return recording;
  }

  /** Tries the unsigned acts again, in order. Upkeep calls it every few seconds. Throws as `recordUrgent`. */
  async recordUnsigned(): Promise<void> {
    await this.#unsigned.eachAgain((name, decide) => this.recordUrgent(name, decide));
  }

  /** Runs work that must not run beside an ordinary act, at its turn. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#acts.run(work);
  }

  /** Resolves when all that was recorded before the call is on disk. */
  async settled(): Promise<void> {
    await this.inTurn(() => this.#pen.run(async () => undefined));
  }

  async #recordOrdinary(decide: Decide): Promise<Recorded> {
    const giveWay = () => {
      if (this.#pen.isUrgentWaiting) throw OVERTAKEN;
    };
    for (;;) {
      try {
        return await this.#pen.run(() => {
          must(
            !this.isStopUnsigned,
            'unavailable',
            'a stop waits for the signer of the log: try again once it is recorded',
          );
          return this.#record(decide, giveWay);
        });
      } catch (error) {
        if (error !== OVERTAKEN) throw error;
      }
    }
  }

  /** Calls `giveWay` before every step that may take long, all of them before anything is stored. */
  async #record(decide: Decide, giveWay: () => void): Promise<Recorded> {
    if (this.#isInDoubt) await this.#resolveDoubt();
    giveWay();
    const act = await decide(this.state?.facts ?? null);
    const { drafts, timeMs = this.#ports.clock.now(), follow, ...given } = act;
    const objects = given.objects ?? new Map<Hex, Uint8Array>();
    const entries: PlacedEntry[] = [];
    const write = async (before: State | null, written: readonly EntryDraft[]): Promise<State> => {
      let state = before;
      for (const draft of written) {
        if (isGrant(draft)) this.requireSound();
        const { index, bytes } = place(state, draft, timeMs);
        const applied = apply(state, bytes, objects);
        await this.#discharge(applied.claims, giveWay);
        state = applied.state;
        entries.push({ index, bytes });
      }
      must(state !== null, 'internal', 'an act before genesis records nothing');
      return state;
    };
    const decided = await write(this.state, drafts);
    const consequence = (await follow?.(decided.facts, timeMs, () => pause(giveWay))) ?? null;
    const state = await write(decided, consequence?.drafts ?? []);
    const alongside = consequence === null ? given : { ...given, tokens: consequence.tokens };
    const checkpoint = await this.#sign(state, giveWay);
    const erase = endedReleases(state.facts, drafts);
    const leafHashes = entries.map(({ bytes }) => leafHash(bytes));
    const { edge, tiles } = appendToTiles(this.#end.edge, leafHashes);
    await this.#commit({ ...NOTHING, ...alongside, erase, entries, tiles, checkpoint });
    this.#end = { state, edge, committed: checkpoint };
    this.#tellListeners();
    return { index: state.chain.frontier.size - 1, checkpoint };
  }

  /** A commit that fails may have been stored. No act is decided on a state that may be old. */
  async #commit(batch: Batch): Promise<void> {
    try {
      await this.#ports.log.commit(batch);
    } catch (error) {
      this.#isInDoubt = true;
      // If the store does not answer now, the next act asks it again.
      await this.#resolveDoubt().catch(() => undefined);
      throw error;
    }
  }

  async #resolveDoubt(): Promise<void> {
    const { size } = this;
    this.#end = await replayStored(this.#end, this.#ports.log, this.#ports.verify);
    this.#isInDoubt = false;
    if (this.size !== size) this.#tellListeners();
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch {
        // The entry stays recorded, and the caller gets its answer.
      }
    }
  }

  /** An urgent act ends the wait of an act that gives way. The signer's later answer is dropped. */
  async #sign(state: State, giveWay: () => void): Promise<Uint8Array> {
    const { promise, reject } = Promise.withResolvers<never>();
    this.#overtake = () => {
      try {
        giveWay();
      } catch (overtaken) {
        reject(overtaken);
      }
    };
    try {
      return await signState(state, this.#ports.signer, promise);
    } finally {
      this.#overtake = () => undefined;
    }
  }

  async #discharge(claims: readonly Claim[], giveWay: () => void): Promise<void> {
    for (const claim of claims) {
      // An appraisal takes a while: a stop is taken before the next.
      if (claim.kind === 'appraisal') await pause(giveWay);
      await discharge([claim], this.#ports.verify);
    }
  }
}

/** Lets a stop go first between two long steps. */
async function pause(giveWay: () => void): Promise<void> {
  await nextTurn();
  giveWay();
}
