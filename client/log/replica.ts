import { type Hex, toHex } from '../../src/core/bytes.ts';
import { aheadText } from '../../src/core/duration.ts';
import { must } from '../../src/core/errors.ts';
import { frontierRoot } from '../../src/core/log/merkle.ts';
import { objectsNamed } from '../../src/core/state/apply.ts';
import { isForgetting } from '../../src/core/state/forgetting.ts';
import { MAX_SKEW_MS } from '../../src/core/state/judgement.ts';
import { objectOf } from '../../src/core/state/objects.ts';
import type { Facts, State } from '../../src/core/state/state.ts';
import type { Api } from '../api/api.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from './checkpoint-memory.ts';
import { Follower, type FollowOptions } from './follower.ts';
import { type Followed, keptText, readKeptText, type StateMemory, stillNamed } from './kept-state.ts';
import { vaultSource } from './source.ts';

/** A replay of so many takes a second; a state may have some megabytes. */
const KEEP_EVERY_ENTRIES = 1024;

export interface ReplicaOptions extends Omit<FollowOptions, 'memory' | 'observe'> {
  readonly memory: CheckpointMemory;
  /** Where the replica begins, and what it keeps; it replays the log from genesis unless given. */
  readonly states?: StateMemory;
  /** Told why the state was not kept: it is too large, or the disk does not take it. */
  readonly onUnkept?: (error: Error) => void;
  /** The vault's clock has to agree with it whenever the log is followed; null where nothing rests on that clock. */
  readonly now: (() => number) | null;
}

/** The part of the API that is needed to follow a log. All answers are attacker-controlled. */
export type FollowedVault = Pick<Api, 'vault' | 'entries'>;

/**
 * A client's own replay of the log, from the fingerprint: everything it says has been verified, down to the
 * signatures and the appraisals, against the checkpoint that the log's key signed.
 *
 * `follow` and `extend` throw `wrong_genesis`, `clock_skew`, `rolled_back` (less than, or another log than,
 * what is remembered), `checkpoint_invalid`, `foreign_checkpoint` and the code of any entry's fault, with
 * `detail.entry`. Where `extend` throws, the replica stays as it was. One call at a time.
 */
export class Replica {
  readonly #vault: FollowedVault;
  readonly #options: ReplicaOptions;
  #state: State;
  #namedAt: ReadonlyMap<Hex, number>;
  /** Entries of the state that was last kept. */
  #keptSize: number;

  private constructor(vault: FollowedVault, options: ReplicaOptions, { state, namedAt }: Followed, keptSize: number) {
    this.#vault = vault;
    this.#options = options;
    this.#state = state;
    this.#namedAt = namedAt;
    this.#keptSize = keptSize;
  }

  static async follow(vault: FollowedVault, options: ReplicaOptions): Promise<Replica> {
    const text = (await options.states?.get(options.fingerprint)) ?? null;
    const kept = text === null ? null : readKeptText(text, options.fingerprint);
    const followed = await follow(vault, options, kept);
    const replica = new Replica(vault, options, followed, kept?.state.chain.frontier.size ?? 0);
    await replica.#keep();
    return replica;
  }

  /** Goes on from where it is to the log's present end; with `now` null, the vault's clock may be wrong. */
  async extend({ now = this.#options.now }: Partial<Pick<ReplicaOptions, 'now'>> = {}): Promise<void> {
    const start = { state: this.#state, namedAt: this.#namedAt };
    const { state, namedAt } = await follow(this.#vault, { ...this.#options, now }, start);
    this.#state = state;
    this.#namedAt = namedAt;
    await this.#keep();
  }

  async #keep(): Promise<void> {
    const { states, fingerprint } = this.#options;
    const { size } = this.#state.chain.frontier;
    const isLong = this.#keptSize === 0 || size - this.#keptSize >= KEEP_EVERY_ENTRIES;
    if (states === undefined || !isLong) return;
    this.#keptSize = size;
    try {
      await states.put(fingerprint, keptText({ state: this.#state, namedAt: this.#namedAt }));
    } catch (error) {
      // It is replayed the next time: nothing rests on it.
      this.#options.onUnkept?.(error as Error);
    }
  }

  get state(): State {
    return this.#state;
  }
  get facts(): Facts {
    return this.#state.facts;
  }
  /** The log as verified here: what an approval names. */
  get checkpoint(): VerifiedCheckpoint & { readonly origin: string } {
    const { frontier } = this.#state.chain;
    return { origin: this.facts.genesis.log.origin, size: frontier.size, root: toHex(frontierRoot(frontier)) };
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
      const { objects: page } = await vaultSource(this.#vault).page(index, 1);
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

async function follow(vault: FollowedVault, options: ReplicaOptions, start: Followed | null): Promise<Followed> {
  const { now } = options;
  if (now !== null) requireClocksAgree((await vault.vault()).time, now());
  let namedAt = new Map(start?.namedAt);
  const observe: FollowOptions['observe'] = (entry, facts) => {
    for (const digest of objectsNamed(entry)) namedAt.set(digest, entry.index);
    // A long log names more than a client asks for.
    if (isForgetting(entry.index)) namedAt = new Map(stillNamed(facts, namedAt));
  };
  const follower = new Follower(vaultSource(vault), { ...options, observe }, start?.state ?? null);
  await follower.follow();
  must(follower.state !== null, 'internal', 'a log that was followed has genesis');
  return { state: follower.state, namedAt: stillNamed(follower.state.facts, namedAt) };
}

/** Throws `clock_skew` where the vault's time is more than 5 minutes from this machine's. */
function requireClocksAgree(vaultMs: number, nowMs: number): void {
  const seconds = Math.round((nowMs - vaultMs) / 1000);
  must(
    Math.abs(nowMs - vaultMs) <= MAX_SKEW_MS,
    'clock_skew',
    `the vault’s clock is ${aheadText(vaultMs, nowMs)} this machine’s: set the one that is wrong`,
    { seconds },
  );
}
