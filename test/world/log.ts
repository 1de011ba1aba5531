import { dischargeAppraisal } from '../../src/core/attest/appraise.ts';
import { type Hex, toHex, ZERO_32 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import type { Entry, EntryDraft } from '../../src/core/log/entry.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { Grade } from '../../src/core/schema.ts';
import { type Applied, apply } from '../../src/core/state/apply.ts';
import type { Claim } from '../../src/core/state/judgement.ts';
import type { Facts, State } from '../../src/core/state/state.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { seededRandom } from '../core/seeded-random.ts';
import { type Founding, START_MS } from './founding.ts';

const ZEROS = toHex(ZERO_32);

/** Where an entry stands and what lies beside it, for a test that says something else than the world would. */
export interface Place {
  readonly v?: number;
  readonly index?: number;
  readonly prev?: Hex;
  readonly time?: number;
  readonly grade?: Grade;
  readonly objects?: ReadonlyMap<Hex, Uint8Array>;
}

/** The log of a world, and its one clock. */
export class WorldLog {
  readonly founding: Founding;
  /** Every object that was made, by digest; more than the log names does no harm. */
  readonly objects: Map<Hex, Uint8Array>;
  readonly random: RandomBytes;
  /** The vault's time, the clients' and the hosts'. Goes on by a second with every entry. */
  now: number;
  protected readonly label: string;
  #log: readonly Uint8Array[];
  #state: State | null;

  protected constructor(founding: Founding, label: string, before?: WorldLog) {
    this.founding = founding;
    this.label = label;
    this.random = seededRandom(label);
    this.now = before?.now ?? START_MS;
    this.objects = new Map(before?.objects ?? founding.objects);
    this.#log = before?.log ?? [];
    this.#state = before?.stateOrNull ?? null;
  }

  get state(): State {
    if (this.#state === null) throw new Error('the world has no genesis yet');
    return this.#state;
  }
  /** Null before genesis. */
  get stateOrNull(): State | null {
    return this.#state;
  }
  get facts(): Facts {
    return this.state.facts;
  }
  get vault(): Hex {
    return this.facts.vault;
  }
  get size(): number {
    return this.#state?.chain.frontier.size ?? 0;
  }
  /** The bytes of every entry. */
  get log(): readonly Uint8Array[] {
    return this.#log;
  }

  /** The log as it is: what a client has verified when it approves, what a host's nonce is made of. */
  checkpoint(): { origin: string; size: number; root: Hex } {
    const { frontier, recent } = this.state.chain;
    return { origin: this.facts.genesis.log.origin, size: frontier.size, root: recent.last()?.root ?? ZEROS };
  }

  /** The entry's bytes, at its place in the log unless told otherwise. */
  seal(draft: EntryDraft, { v = 1, ...place }: Place = {}): Uint8Array {
    const chain = this.#state?.chain;
    const { index = chain?.frontier.size ?? 0, prev = chain?.last ?? ZEROS, time = this.now } = place;
    const { grade = draft.kind === 'genesis' ? draft.body.statement['grade'] : this.founding.grade } = place;
    return canonicalBytes({ v, index, time, prev, grade, ...draft });
  }

  /** Applies an entry and discharges its claims; the world stays as it was. */
  async tryAppend(draft: EntryDraft | Uint8Array, place: Place = {}): Promise<Applied> {
    const bytes = draft instanceof Uint8Array ? draft : this.seal(draft, place);
    const applied = apply(this.#state, bytes, place.objects ?? this.objects);
    for (const claim of applied.claims) await dischargeClaim(claim);
    return applied;
  }

  async append(draft: EntryDraft | Uint8Array, place: Place = {}): Promise<Entry> {
    const bytes = draft instanceof Uint8Array ? draft : this.seal(draft, place);
    const { state, entry } = await this.tryAppend(bytes, place);
    this.#state = state;
    this.keepEntry(bytes, entry);
    this.now = entry.time + 1000;
    return entry;
  }

  /** A log that is too long for memory keeps its entries elsewhere. */
  protected keepEntry(bytes: Uint8Array, _entry: Entry): void {
    this.#log = [...this.#log, bytes];
  }

  /** Puts objects beside the log. */
  keep(...objects: readonly Uint8Array[]): void {
    for (const bytes of objects) this.objects.set(digestOf(bytes), bytes);
  }
}

/** Discharges one claim of the fold. Throws as the verifier or the appraisal does. */
export async function dischargeClaim(claim: Claim): Promise<void> {
  if (claim.kind === 'signature') verifyNode(claim);
  else await dischargeAppraisal(claim, verifyNode);
}
