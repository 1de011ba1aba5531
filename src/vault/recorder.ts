import { dischargeAppraisal } from '../core/attest/appraise.ts';
import type { Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { type Draft, type Entry, encodeEntry, parseEntry } from '../core/log/entry.ts';
import { frontierRoot, leafHash } from '../core/log/merkle.ts';
import { MemoryTree } from '../core/log/tree.ts';
import type { SignatureClaim } from '../core/signature/claim.ts';
import { apply, objectsNamed } from '../core/state/apply.ts';
import { EMPTY_CHAIN } from '../core/state/chain.ts';
import { type Claim, MAX_SKEW_MS } from '../core/state/judgement.ts';
import type { Facts, State } from '../core/state/state.ts';
import type { Batch, CheckpointSigner, Clock, LogStore } from './ports.ts';

/** What goes to disk with an act's entries. */
export type Alongside = Partial<Omit<Batch, 'entries' | 'checkpoint'>>;

export interface Act extends Alongside {
  readonly drafts: readonly Draft[];
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
  readonly verify: (claim: SignatureClaim) => void;
}

const NOTHING: Omit<Batch, 'entries' | 'checkpoint'> = {
  objects: new Map(),
  envelopes: [],
  hostShares: [],
  tokens: [],
  erase: [],
};
const REPLAY_PAGE = 500;

/**
 * The only way into the log: what the fold refuses is not recorded, and what is not recorded has not
 * happened. Authorising and recording are one call and one transaction (design: style, rule 10).
 */
export class Recorder {
  readonly #ports: RecorderPorts;
  readonly #tree = new MemoryTree();
  #state: State | null = null;
  #checkpoint: Uint8Array | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #listeners = new Set<() => void>();

  private constructor(ports: RecorderPorts) {
    this.#ports = ports;
  }

  /** Replays the whole log, every signature included. Throws the fault, naming its entry. */
  static async open(ports: RecorderPorts): Promise<Recorder> {
    const recorder = new Recorder(ports);
    const size = await ports.log.size();
    for (let from = 0; from < size; from += REPLAY_PAGE) {
      for (const { index, bytes } of await ports.log.entries(from, REPLAY_PAGE)) {
        await recorder.#replay(index, bytes);
      }
    }
    recorder.#checkpoint = await ports.log.checkpoint();
    return recorder;
  }

  async #replay(index: number, bytes: Uint8Array): Promise<void> {
    try {
      const objects = await this.#ports.log.objects(objectsNamed(parseEntry(bytes)));
      const applied = apply(this.#state, bytes, objects);
      await this.#discharge(applied.claims);
      this.#state = applied.state;
      this.#tree.append(leafHash(bytes));
    } catch (error) {
      if (!(error instanceof TwinlockError)) throw error;
      throw new TwinlockError(
        error.code,
        `entry ${index}: ${error.message}`,
        { ...error.detail, entry: index },
        { cause: error },
      );
    }
  }

  /** Null before genesis. */
  get state(): State | null {
    return this.#state;
  }

  /** Throws `genesis_incomplete` before genesis. */
  get facts(): Facts {
    must(this.#state !== null, 'genesis_incomplete', 'the vault has not been founded: every founder must sign genesis');
    return this.#state.facts;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** The subtrees that proofs are made of. */
  get tree(): Pick<MemoryTree, 'hashAt' | 'size'> {
    return this.#tree;
  }

  /** The note of the last checkpoint. Throws `genesis_incomplete` before genesis. */
  get checkpoint(): Uint8Array {
    must(
      this.#checkpoint !== null,
      'genesis_incomplete',
      'the vault has not been founded: every founder must sign genesis',
    );
    return this.#checkpoint;
  }

  /** Calls `listener` after every recorded act; returns how to stop that. */
  onRecorded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Records what `decide` returns for the state as it is when its turn has come, or nothing at all. Acts
   * wait for each other. Throws what `decide`, the fold, a claim or the store throws.
   */
  record(decide: (facts: Facts | null) => Act | Promise<Act>): Promise<Recorded> {
    return this.inTurn(() => this.#record(decide));
  }

  /** Runs what must not happen while an act is being recorded, when its turn has come. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when what was recorded before the call is on disk. */
  async settled(): Promise<void> {
    await this.#queue;
  }

  async #record(decide: (facts: Facts | null) => Act | Promise<Act>): Promise<Recorded> {
    const { drafts, ...alongside } = await decide(this.#state?.facts ?? null);
    const objects = alongside.objects ?? new Map<Hex, Uint8Array>();
    let state = this.#state;
    const entries: { index: number; bytes: Uint8Array }[] = [];
    for (const draft of drafts) {
      const { index, bytes } = this.#place(state, draft);
      const applied = apply(state, bytes, objects);
      await this.#discharge(applied.claims);
      state = applied.state;
      entries.push({ index, bytes });
    }
    must(state !== null, 'internal', 'an act before genesis records nothing');
    const { size } = state.chain.frontier;
    const { origin } = state.facts.genesis.log;
    const checkpoint = this.#ports.signer.sign({ origin, size, root: frontierRoot(state.chain.frontier) });
    await this.#ports.log.commit({ ...NOTHING, ...alongside, entries, checkpoint });
    for (const { bytes } of entries) this.#tree.append(leafHash(bytes));
    this.#state = state;
    this.#checkpoint = checkpoint;
    for (const listener of this.#listeners) listener();
    return { index: size - 1, checkpoint };
  }

  #place(state: State | null, draft: Draft): { index: number; bytes: Uint8Array } {
    const chain = state?.chain ?? EMPTY_CHAIN;
    const { size } = chain.frontier;
    const last = chain.times.last() ?? 0;
    const now = this.#ports.clock.now();
    must(now > last - MAX_SKEW_MS, 'clock_skew', 'the daemon’s clock is behind its own log: set the clock', {
      seconds: Math.round((last - now) / 1000),
    });
    const entry = { v: 1, index: size, time: Math.max(now, last + 1), prev: chain.last, ...draft } as Entry;
    return { index: size, bytes: encodeEntry(entry) };
  }

  async #discharge(claims: readonly Claim[]): Promise<void> {
    for (const claim of claims) {
      if (claim.kind === 'signature') this.#ports.verify(claim);
      else await dischargeAppraisal(claim);
    }
  }

  /** The root at a size that this log has had, hex. */
  rootAt(size: number): Hex {
    const root = this.#state?.chain.roots.get(size - 1);
    must(root !== undefined, 'not_found', `the log has never had the size ${size}`);
    return root;
  }
}
