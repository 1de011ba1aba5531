import { toHex } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import type { EntryDraft } from '../../src/core/log/entry.ts';
import { leafHash } from '../../src/core/log/merkle.ts';
import { MemoryTree } from '../../src/core/log/tree.ts';
import type { AuthorityChain } from '../../src/core/state/authority-chain.ts';
import { parseRoster, type Roster, rosterBytes } from '../../src/core/state/roster.ts';
import { rootAt } from '../core/log/proof-of.ts';
import { makeChain } from './authority.ts';
import type { Place } from './log.ts';
import type { World } from './world.ts';

/**
 * What a hostile vault makes of a true log: it has the log's key and goes on from the log as it likes. No fold judges
 * what is added, and honest custodians' clients would sign none of it.
 */
export class Forger {
  readonly world: World;
  readonly log: Uint8Array[];

  constructor(world: World, size: number = world.log.length) {
    this.world = world;
    this.log = [...world.log.slice(0, size)];
  }

  /** Adds an entry and returns its index. */
  add(draft: EntryDraft, place: Place = {}): number {
    const index = this.log.length;
    const prev = toHex(leafHash(this.log.at(-1) ?? new Uint8Array()));
    this.log.push(this.world.seal(draft, { index, prev, ...place }));
    return index;
  }

  checkpoint(): { origin: string; size: number; root: string } {
    const tree = new MemoryTree();
    for (const bytes of this.log) tree.append(leafHash(bytes));
    return { ...this.world.checkpoint(), size: this.log.length, root: toHex(rootAt(this.log.length, tree)) };
  }

  /** The digest of the world's roster with these changes, which lies beside the log then. */
  roster(changes: Partial<Roster> = {}): string {
    const bytes = canonicalBytes({ ...parseRoster(rosterBytes(this.world.facts)), ...changes });
    this.world.keep(bytes);
    return digestOf(bytes);
  }

  chain(indices: readonly number[]): AuthorityChain {
    const { objects, facts, founding } = this.world;
    return makeChain({
      log: this.log,
      indices,
      objects,
      origin: facts.genesis.log.origin,
      logSeed: founding.logSeed,
    });
  }
}
