import { dischargeAppraisal } from '../core/attest/appraise.ts';
import { equal, type Hex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { type Draft, parseEntry } from '../core/log/entry.ts';
import { frontierRoot, leafHash } from '../core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE, type TileEdge } from '../core/log/tiles.ts';
import type { SignatureClaim } from '../core/signature/claim.ts';
import { apply, objectsNamed } from '../core/state/apply.ts';
import type { Claim } from '../core/state/judgement.ts';
import type { Facts, ProposalPhase, State } from '../core/state/state.ts';
import { Queue, type Urgency } from '../platform/queue.ts';
import { type Placed, place } from './place.ts';
import type { Batch, CheckpointSigner, Clock, LogStore, TokenRow } from './ports.ts';
import { readEdge, requireStored } from './stored-tiles.ts';
import { TileProofs } from './tile-proofs.ts';

/** What goes to disk with an act's entries. */
type Alongside = Partial<Omit<Batch, 'entries' | 'tiles' | 'checkpoint' | 'erase'>>;

interface Act extends Alongside {
  readonly drafts: readonly Draft[];
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
  readonly drafts: readonly Draft[];
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
  readonly verify: (claim: SignatureClaim) => void;
}

const NOTHING: Required<Alongside> = { objects: new Map(), envelopes: [], hostShares: [], tokens: [] };
const REPLAY_PAGE = 512;
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
  #edge: TileEdge = EMPTY_EDGE;
  #state: State | null = null;
  #checkpoint: Uint8Array | null = null;
  /** Ordinary acts, and what must not happen beside one: one at a time. */
  readonly #acts = new Queue();
  /** Everything that changes the log: an act of either kind, urgent ones first. */
  readonly #pen = new Queue();
  /** A commit failed, and may have been stored all the same. */
  #isInDoubt = false;
  #fault: TwinlockError | null = null;
  #listeners = new Set<() => void>();

  private constructor(ports: RecorderPorts) {
    this.#ports = ports;
    this.proofs = new TileProofs(ports.log);
  }

  /**
   * Replays the log, every signature included, from genesis or from `start`: a state that the caller trusts to be of this
   * log. Throws the fault, naming its entry, and `checkpoint_invalid` where the stored checkpoint is not what this signer
   * says of the log; `rolled_back` where the store has fewer entries than `start`, and `storage_corrupt` where its tiles
   * are of another log than `start`.
   */
  static async open(ports: RecorderPorts, start: State | null = null): Promise<Recorder> {
    const recorder = new Recorder(ports);
    if (start !== null) await recorder.#begin(start);
    await recorder.#catchUp();
    return recorder;
  }

  async #begin(start: State): Promise<void> {
    const { frontier } = start.chain;
    const stored = await this.#ports.log.size();
    must(
      stored >= frontier.size,
      'rolled_back',
      `expected at least ${frontier.size} entries in the store, got ${stored}`,
    );
    const isOfTheLog = equal(await this.proofs.rootAt(frontier.size), frontierRoot(frontier));
    must(isOfTheLog, 'storage_corrupt', `the stored tiles are of another log than the state of size ${frontier.size}`);
    this.#edge = await readEdge(this.#ports.log, frontier.size);
    this.#state = start;
  }

  /** Replays what the store has beyond this state. */
  async #catchUp(): Promise<void> {
    const { log } = this.#ports;
    const size = await log.size();
    for (let from = this.size; from < size; from += REPLAY_PAGE) {
      const page = await log.entries(from, REPLAY_PAGE);
      for (const { index, bytes } of page) await this.#replay(index, bytes);
      await this.#follow(page.map(({ bytes }) => leafHash(bytes)));
    }
    const checkpoint = await log.checkpoint();
    const expected = this.#state === null ? null : this.#sign(this.#state);
    const isOfThisLog = expected === null ? checkpoint === null : checkpoint !== null && equal(checkpoint, expected);
    must(
      isOfThisLog,
      'checkpoint_invalid',
      'the stored checkpoint is not what log.key signs over this log: restore database and key from one copy',
    );
    this.#checkpoint = checkpoint;
  }

  async #replay(index: number, bytes: Uint8Array): Promise<void> {
    try {
      const objects = await this.#ports.log.objects(objectsNamed(parseEntry(bytes)));
      const applied = apply(this.#state, bytes, objects);
      await this.#discharge(applied.claims, () => undefined);
      this.#state = applied.state;
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

  /** Goes on from the edge of the tiles with what was replayed. Throws `storage_corrupt` where a stored tile is not of it. */
  async #follow(leafHashes: readonly Uint8Array[]): Promise<void> {
    const { edge, tiles } = appendToTiles(this.#edge, leafHashes);
    await requireStored(this.#ports.log, tiles);
    this.#edge = edge;
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

  get size(): number {
    return this.#state?.chain.frontier.size ?? 0;
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

  /** Calls `listener` after every recorded act, and ignores what it throws; returns how to stop that. */
  onRecorded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Records what `decide` returns for the state as it is when its turn has come, or nothing at all. Acts
   * wait for each other. An urgent one goes before those that wait, and before one that has begun and is still
   * being judged, which begins anew: its `decide` may be called again. Throws what `decide`, the fold, a claim or
   * the store throws.
   */
  record(decide: Decide, urgency: Urgency = 'ordinary'): Promise<Recorded> {
    if (urgency === 'urgent') return this.#pen.run(() => this.#record(decide, () => undefined), 'urgent');
    return this.#acts.run(() => this.#recordOrdinary(decide));
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
        return await this.#pen.run(() => this.#record(decide, giveWay));
      } catch (error) {
        if (error !== OVERTAKEN) throw error;
      }
    }
  }

  /** Calls `giveWay` before every step that may take long, all of them before anything is stored. */
  async #record(decide: Decide, giveWay: () => void): Promise<Recorded> {
    if (this.#isInDoubt) await this.#resolveDoubt();
    giveWay();
    const act = await decide(this.#state?.facts ?? null);
    const { drafts, timeMs = this.#ports.clock.now(), follow, ...given } = act;
    const objects = given.objects ?? new Map<Hex, Uint8Array>();
    const entries: Placed[] = [];
    const write = async (before: State | null, written: readonly Draft[]): Promise<State> => {
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
    const decided = await write(this.#state, drafts);
    const consequence = (await follow?.(decided.facts, timeMs, () => pause(giveWay))) ?? null;
    const state = await write(decided, consequence?.drafts ?? []);
    const alongside = consequence === null ? given : { ...given, tokens: consequence.tokens };
    const checkpoint = this.#sign(state);
    const erase = endedReleases(state.facts, drafts);
    const leafHashes = entries.map(({ bytes }) => leafHash(bytes));
    const { edge, tiles } = appendToTiles(this.#edge, leafHashes);
    await this.#commit({ ...NOTHING, ...alongside, erase, entries, tiles, checkpoint });
    this.#edge = edge;
    this.#state = state;
    this.#checkpoint = checkpoint;
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
    await this.#catchUp();
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

  #sign({ chain, facts }: State): Uint8Array {
    const { origin } = facts.genesis.log;
    return this.#ports.signer.sign({ origin, size: chain.frontier.size, root: frontierRoot(chain.frontier) });
  }

  async #discharge(claims: readonly Claim[], giveWay: () => void): Promise<void> {
    for (const claim of claims) {
      if (claim.kind === 'signature') {
        this.#ports.verify(claim);
        continue;
      }
      await pause(giveWay);
      await dischargeAppraisal(claim, this.#ports.verify);
    }
  }
}

/** Whether an entry lets anybody do what they could not do before it: a release, or a vote for one or for a change. */
function isGrant(draft: Draft): boolean {
  return draft.kind === 'release' || (draft.kind === 'approval' && draft.body.decision === 'approve');
}

/** Between steps that take a while each: a stop is taken in between. */
async function pause(giveWay: () => void): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  giveWay();
}

/** Releases that these drafts have ended: what is kept for their hosts goes in the same transaction. */
function endedReleases({ proposals }: Facts, drafts: readonly Draft[]): readonly Hex[] {
  return drafts.flatMap(proposalsIn).filter((digest) => {
    const proposal = proposals.get(digest);
    if (proposal?.statement.kind !== 'release') return false;
    return proposal.ended || !UNDER_WAY.has(proposal.phase);
  });
}
const UNDER_WAY: ReadonlySet<ProposalPhase> = new Set(['open', 'approved', 'executed']);

function proposalsIn(draft: Draft): readonly Hex[] {
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
