import { posix } from 'node:path';
import * as z from 'zod/mini';
import { must } from '../../../src/core/errors.ts';
import { parseAs } from '../../../src/core/schema.ts';
import { counted } from '../../display/exact.ts';
import { type ByteSource, quotedName } from './byte-source.ts';
import type { Effort } from './effort.ts';
import { beginsObject, isSmall, membersOf, parseMember } from './json-members.ts';

/** Indices of the largest models are a few MiB. */
const MAX_INDEX_BYTES = 100_000_000;
/** More in one error is read by no person. */
const NAMED_MAX = 5;
const INDEX = /\.index\.json$/;
/** These are of nothing but weights. */
const WEIGHTS_INDEX = /\.(?:safetensors|bin)\.index\.json$/;
/** `model-00001-of-00003.safetensors`; some count from 0. */
const NUMBERED = /^(.*-)(\d{4,6})(-of-(\d{4,6})\.[^/]+)$/;

const metadataSchema = z.object({ total_size: z.optional(z.number()) });

export interface ShardIndex {
  /** What the tensors' data amount to, by what the index says; null where it does not say. */
  readonly totalBytes: number | null;
  /** The tensors of each shard, by the shard's path from the folder on. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
}

export function isIndex(path: string): boolean {
  return INDEX.test(path);
}

/** Null for a JSON document that is an index of something else. Throws `malformed`. */
export async function readIndex(path: string, source: ByteSource, effort: Effort): Promise<ShardIndex | null> {
  must(source.bytes <= MAX_INDEX_BYTES, 'malformed', `expected an index of at most ${MAX_INDEX_BYTES} bytes`);
  const bytes = source.read(0, source.bytes);
  const isOfWeights = WEIGHTS_INDEX.test(path);
  if (!isOfWeights && !beginsObject(bytes)) return null;
  let metadata: unknown = {};
  let shards: ReadonlyMap<string, readonly string[]> | null = null;
  for await (const member of membersOf(bytes, effort)) {
    if (member.name === 'weight_map') shards = await shardsOf(path, member.value, effort);
    else if (member.name === 'metadata' && isSmall(member)) metadata = parseMember(member);
    else if (isSmall(member)) parseMember(member);
  }
  must(shards !== null || !isOfWeights, 'malformed', 'index.weight_map: expected an object');
  if (shards === null) return null;
  return { totalBytes: parseAs(metadataSchema, metadata, 'index.metadata').total_size ?? null, shards };
}

async function shardsOf(
  path: string,
  map: Uint8Array,
  effort: Effort,
): Promise<ReadonlyMap<string, readonly string[]>> {
  must(beginsObject(map), 'malformed', 'index.weight_map: expected an object');
  const shards = new Map<string, string[]>();
  for await (const member of membersOf(map, effort)) {
    const file = parseAs(z.string(), parseMember(member), `index.weight_map[${quotedName(member.name)}]`);
    const shard = posix.join(posix.dirname(path), file);
    const tensors = shards.get(shard);
    if (tensors === undefined) shards.set(shard, [member.name]);
    else tensors.push(member.name);
  }
  return shards;
}

/** Throws `malformed` where an index names files that are not there. */
export function requireShards({ shards }: ShardIndex, isThere: (path: string) => boolean): void {
  const missing = [...shards.keys()].filter((shard) => !isThere(shard));
  const [files, are] = missing.length === 1 ? ['file', 'is'] : ['files', 'are'];
  must(missing.length === 0, 'malformed', `the ${files} ${listed(missing)}, which it names, ${are} not there`);
}

/** Throws `malformed` where a shard lacks tensors that an index says are in it. */
export function requireTensors(wanted: readonly string[], shard: string, tensors: ReadonlySet<string>): void {
  const missing = wanted.filter((tensor) => !tensors.has(tensor));
  const one = missing.length === 1;
  const says = `it says that the ${one ? 'tensor' : 'tensors'} ${listed(missing)} ${one ? 'is' : 'are'}`;
  must(
    missing.length === 0,
    'malformed',
    `${says} in ${quotedName(shard)}, and that file does not have ${one ? 'it' : 'them'}`,
  );
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED_MAX;
  return [...names.slice(0, NAMED_MAX).map(quotedName), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

/**
 * The incomplete sets among files that are numbered as shards: the path of one that is there, and why it is
 * not enough. At most one for each set.
 */
export function incompleteSets(paths: readonly string[]): readonly { readonly path: string; readonly why: string }[] {
  const sets = new Map<string, { readonly path: string; readonly numbers: Set<number>; readonly total: number }>();
  for (const path of paths) {
    const [, before, number, after, total] = NUMBERED.exec(path) ?? [];
    if (total === undefined) continue;
    const set = sets.get(`${before}${after}`) ?? { path, numbers: new Set(), total: Number(total) };
    sets.set(`${before}${after}`, set);
    set.numbers.add(Number(number));
  }
  return [...sets.values()].flatMap(({ path, numbers, total }) => {
    if (numbers.size >= total) return [];
    const missing = missingOf(numbers, total);
    const more = total - numbers.size - missing.length;
    const all = [...missing, ...(more > 0 ? [`${more} more`] : [])].join(', ');
    const are = total - numbers.size === 1 ? 'is' : 'are';
    return [{ path, why: `it is one of ${counted(total, 'file')} by its name, of which ${all} ${are} not there` }];
  });
}

/** The first that are. */
function missingOf(numbers: ReadonlySet<number>, total: number): readonly number[] {
  const first = numbers.has(0) ? 0 : 1;
  const missing: number[] = [];
  for (let number = first; number < first + total && missing.length < NAMED_MAX; number++) {
    if (!numbers.has(number)) missing.push(number);
  }
  return missing;
}
