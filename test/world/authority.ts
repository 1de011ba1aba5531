import { toBase64url, toHex } from '../../src/core/bytes.ts';
import { signCheckpoint } from '../../src/core/log/checkpoint.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { leafHash } from '../../src/core/log/merkle.ts';
import { MemoryTree } from '../../src/core/log/tree.ts';
import { type VerifiedAuthority, verifyAuthority } from '../../src/core/state/authority.ts';
import { type AuthorityChain, authorityOf, objectsInChain } from '../../src/core/state/authority-chain.ts';
import type { Claim } from '../../src/core/state/judgement.ts';
import { consistencyProof, inclusionProof, rootAt } from '../core/log/proof-of.ts';
import type { World } from './world.ts';

const utf8Text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

export interface ChainInput {
  /** Entry bytes of a whole log, which need not be one that the fold accepts. */
  readonly log: readonly Uint8Array[];
  /** Of the entries to take out of it, ascending. */
  readonly indices: readonly number[];
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly origin: string;
  readonly logSeed: Uint8Array;
}

/** The chain of these entries with their proofs, as a vault makes it. */
export function makeChain({ log, indices, objects, origin, logSeed }: ChainInput): AuthorityChain {
  const tree = new MemoryTree();
  for (const bytes of log) tree.append(leafHash(bytes));
  const { size } = tree;
  const taken = indices.map((index) => log[index] ?? new Uint8Array());
  const entries = taken.map(parseEntry);
  const named = new Set(entries.flatMap(objectsInChain));
  const sizes = new Set<number>();
  for (const { kind, body } of entries) {
    if (kind === 'proposal' && 'manifest' in body.statement) named.add(String(body.statement['manifest']));
    if (kind === 'approval') sizes.add(body.checkpoint.size);
  }
  return {
    checkpoint: utf8Text(signCheckpoint({ origin, size, root: rootAt(size, tree) }, logSeed)),
    entries: taken.map((bytes, i) => ({
      text: utf8Text(bytes),
      proof: inclusionProof(indices[i] ?? 0, size, tree).map(toHex),
    })),
    objects: Object.fromEntries(
      [...named].map((digest) => [digest, toBase64url(objects.get(digest) ?? new Uint8Array())]),
    ),
    prefixes: [...sizes].map((prefix) => ({
      size: prefix,
      root: toHex(rootAt(prefix, tree)),
      proof: consistencyProof(prefix, size, tree).map(toHex),
    })),
  };
}

/** What makeChain takes for a release of this world. */
export function chainInputOf(world: World, release: string): ChainInput {
  const { facts, log, objects, founding } = world;
  const indices = authorityOf(facts, release);
  return { log, indices, objects, origin: facts.genesis.log.origin, logSeed: founding.logSeed };
}

/** What a chain shows; its claims are yet to be discharged. */
export function shownBy(
  chain: unknown,
  vault: string,
  release: string,
): VerifiedAuthority & { readonly claims: readonly Claim[] } {
  const { authority, claims } = verifyAuthority(chain, vault, release);
  return { ...authority, claims };
}
