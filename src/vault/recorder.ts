import type { Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import type { EntryDraft } from '../core/log/entry.ts';
import { leafHash } from '../core/log/merkle.ts';
import { appendToTiles } from '../core/log/tiles.ts';
import type { Verify } from '../core/signature/claim.ts';
import { apply } from '../core/state/apply.ts';
import { type Discharger, discharge } from '../core/state/discharge.ts';
import type { Claim } from '../core/state/judgement.ts';
import { isEnd, releaseOf } from '../core/state/lifecycle.ts';
import type { Facts, State } from '../core/state/state.ts';
import { Queue } from '../platform/queue.ts';
import { nextTurn } from '../platform/turns.ts';
import { MAX_UNSIGNED_STOPS } from './limits.ts';
import { type PlacedEntry, place } from './place.ts';
import type { Batch, CheckpointSigner, Clock, LogStore, TokenRow } from './ports.ts';
import { requireKeyOf, signState, Unsigned } from './sign.ts';
import { EMPTY_END, endAt, type LogEnd, replayStored, sizeOf } from './stored-log.ts';
import { TileProofs } from './tile-proofs.ts';

/** What goes to disk with an act's entries. */
type Alongside = Partial<Omit<Batch, 'entries' | 'tiles' | 'checkpoint' | 'erase'>>;

interface Act extends Alongside {
  readonly drafts: readonly EntryDraft[];
  /** When it is recorded, in milliseconds since the epoch; the wall clock's time unless given. */
  readonly timeMs?: number;
  /**
   * What follows from the facts as `drafts` leave them: it is recorded with them, or neither is. To await `pause`
   * before every step that may take long: an urgent act goes first there, and this one begins anew.
   */
  readonly follow?: (facts: Facts, timeMs: number, pause: Pause) => Promise<Consequence | null>;
}

export type Pause = () => Promise<void>;

/** Entries that an act brings about, and the tokens that go with them. */
export interface Consequence {
  readonly drafts: readonly EntryDraft[];
  readonly tokens: readonly TokenRow[];
}

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
/** What ends an act that gives way to an urgent one: it has stored nothing. */
const OVERTAKEN = new Error('an urgent act goes first');

type Decide = (facts: Facts | null) => Act | Promise<Act>;

/**
 * The only way into the log: what the fold refuses is not recorded, and what is not recorded has not
 * happened. Authorising and recording are one call and one transaction (design: style, rule 10).
 */
export class Recorder {
  readonly #ports: RecorderPorts;
  /** What the host of a release is shown of the log. */
  readonly proofs: TileProofs;
  #end: LogEnd = EMPTY_END;
  /** Ordinary acts, and what must not happen beside one: one at a time. */
  readonly #acts = new Queue();
  /** Everything that changes the log: an act of either kind, urgent ones first. */
  readonly #pen = new Queue();
  /** A commit failed, and may have been stored all the same. */
  #isInDoubt = false;
  /** Urgent acts that the fold has taken and the signer has left unsigned, by name. They are heeded. */
  readonly #unsigned = new Map<string, Decide>();
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

  /** Whether the last commit failed, and the store has not said since whether it holds it all the same. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** What was found wrong with the log that this state is of; null while nothing was. */
  get fault(): TwinlockError | null {
    return this.#fault;
  }

  /** From now on nothing is recorded that lets anybody do more; the first fault stays. A stop is recorded as before. */
  condemn(fault: TwinlockError): void {
    this.#fault ??= fault;
  }

  /** Throws `storage_corrupt` once a fault was found: the vault releases nothing and takes no approval. */
  requireSound(): void {
    must(this.#fault === null, 'storage_corrupt', CONDEMNED);
  }

  /** Whether a stop waits for the signer. It is heeded: nothing is handed out, and no ordinary act is recorded. */
  get isStopUnsigned(): boolean {
    return this.#unsigned.size > 0;
  }

  get size(): number {
    return sizeOf(this.#end);
  }

  /** The note over all that this log holds: what an act is acknowledged with. Throws `genesis_incomplete` before genesis. */
  get committed(): Uint8Array {
    const { committed } = this.#end;
    must(committed !== null, 'genesis_incomplete', 'the vault has not been founded: every founder must sign genesis');
    return committed;
  }

  /**
   * The note over what others have cosigned: what readers of the log and hosts are shown. There is no witness, so it is the
   * committed one. Throws as `committed`.
   */
  get published(): Uint8Array {
    return this.committed;
  }

  /** Calls `listener` after every recorded act, and ignores what it throws; returns how to stop that. */
  onRecorded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Records what `decide` returns for the state as it is when its turn has come, or nothing at all. Acts wait for each
   * other. Where an urgent one comes while this one is being judged or signed, this one begins anew: `decide` may be called
   * again. Throws what `decide`, the fold, a claim or the store throws, and `unavailable` where the signer does not sign.
   */
  record(decide: Decide): Promise<Recorded> {
    return this.#acts.run(() => this.#recordOrdinary(decide));
  }

  /**
   * As `record`, before all ordinary acts. Where the signer does not sign, this throws `unavailable` after 5 s at the most;
   * from then on the act is heeded (`isStopUnsigned`), and `recordUnsigned` tries it again. `name` tells acts apart that are
   * asked for again meanwhile.
   */
  recordUrgent(name: Hex, decide: Decide): Promise<Recorded> {
    const recording = this.#pen.run(() => this.#recordOrKeep(name, decide), 'urgent');
    this.#overtake();
    return recording;
  }

  /** Tries again what the signer has left unsigned, in its order; to be called every few seconds. Throws as `recordUrgent`. */
  async recordUnsigned(): Promise<void> {
    for (const [name, decide] of this.#unsigned) {
      await this.recordUrgent(name, decide).catch((error: unknown) => {
        // The rules refuse it by now: another of the same has been recorded.
        if (this.#unsigned.has(name)) throw error;
      });
    }
  }

  /** Runs what must not happen while an ordinary act is being recorded, when its turn has come. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#acts.run(work);
  }

  /** Resolves when what was recorded before the call is on disk. */
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

  async #recordOrKeep(name: string, decide: Decide): Promise<Recorded> {
    try {
      const recorded = await this.#record(decide, () => undefined);
      this.#unsigned.delete(name);
      return recorded;
    } catch (error) {
      const isKept = error instanceof Unsigned && this.#unsigned.size < MAX_UNSIGNED_STOPS;
      if (isKept) this.#unsigned.set(name, decide);
      if (error instanceof TwinlockError && error.group !== 'retry') this.#unsigned.delete(name);
      throw error;
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

  /** What fails may have been stored all the same: no act is decided on a state that may be old. */
  async #commit(batch: Batch): Promise<void> {
    try {
      await this.#ports.log.commit(batch);
    } catch (error) {
      this.#isInDoubt = true;
      // Where the store does not answer now, the next act asks it again.
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
        // What has been recorded stays recorded, and the caller who asked for it is told so.
      }
    }
  }

  /** An urgent act that comes ends the wait of one that gives way; what the signer answers then is dropped. */
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

/** Between steps that take a while each: a stop is taken in between. */
async function pause(giveWay: () => void): Promise<void> {
  await nextTurn();
  giveWay();
}

/** Whether an entry lets anybody do what they could not do before it: a release, or a vote for one or for a change. */
function isGrant(draft: EntryDraft): boolean {
  return draft.kind === 'release' || (draft.kind === 'approval' && draft.body.decision === 'approve');
}

/** Releases that these drafts have ended: what is kept for their hosts goes in the same transaction. */
function endedReleases({ proposals }: Facts, drafts: readonly EntryDraft[]): readonly Hex[] {
  return drafts.flatMap(proposalsIn).filter((digest) => {
    const release = releaseOf({ proposals }, digest);
    return release !== null && isEnd(release.phase);
  });
}

function proposalsIn(draft: EntryDraft): readonly Hex[] {
  switch (draft.kind) {
    case 'approval':
    case 'expiry':
      return [draft.body.proposal];
    case 'stop':
      return [String(draft.body.statement['target'])];
    default:
      return [];
  }
}
