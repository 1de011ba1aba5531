import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64url, fromUtf8, type Hex, toBase64url } from '../../src/core/bytes.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import { objectsNamed } from '../../src/core/state/apply.ts';
import { publishedWorld } from '../world.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Elsewhere, where a checkout is short-lived. */
const CACHE = process.env['TWINLOCK_BENCH_CACHE'] ?? join(ROOT, 'node_modules/.cache/twinlock');
/** What the log's bytes are a function of. */
const SOURCES = ['src/core/**/*.ts', 'test/world.ts', 'test/world/*.ts', 'test/core/seeded-random.ts'];
const MINUTES_BETWEEN = 10;

/** A log that the fold accepts, and the evidential objects that it names. */
export interface LongLog {
  readonly texts: readonly string[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  /** The Ed25519 seed that signs for the log, base64url. */
  readonly seed: string;
}

/**
 * A log of `entries` entries of a vault in use, every signature real: genesis, a deposit and its publication,
 * then every ten minutes a heartbeat and a release to one host, from its proposal over two approvals to the
 * host's receipt. Made once for the same sources (half a minute for 10,000), then read from
 * node_modules/.cache/twinlock.
 */
export async function longLog(entries: number, say: (line: string) => void): Promise<LongLog> {
  const file = join(CACHE, `log-${entries}-${sourcesDigest()}.json`);
  if (existsSync(file)) return read(file);
  say(`making a log of ${entries} entries, once`);
  const log = await make(entries);
  mkdirSync(CACHE, { recursive: true });
  // Those of earlier sources are of no use to anybody.
  for (const old of globSync(`log-${entries}-*`, { cwd: CACHE })) rmSync(join(CACHE, old));
  const objects = Object.fromEntries([...log.objects].map(([digest, bytes]) => [digest, toBase64url(bytes)]));
  writeFileSync(`${file}.${process.pid}`, JSON.stringify({ texts: log.texts, seed: log.seed, objects }));
  renameSync(`${file}.${process.pid}`, file);
  return log;
}

function read(file: string): LongLog {
  const { texts, seed, objects } = JSON.parse(readFileSync(file, 'utf8')) as {
    texts: string[];
    seed: string;
    objects: Record<Hex, string>;
  };
  return {
    texts,
    seed,
    objects: new Map(Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)])),
  };
}

async function make(entries: number): Promise<LongLog> {
  const { world, deposit } = await publishedWorld({ label: 'long log' });
  const approvers = [world.founder('ben'), world.founder('cleo')];
  while (world.log.length < entries) {
    world.now += MINUTES_BETWEEN * 60_000;
    await world.append({ kind: 'heartbeat', body: {} });
    const asked = await world.ask(deposit);
    await world.release(asked, ...approvers);
    await world.append(world.draftHostReceipt(asked));
  }
  const log = world.log.slice(0, entries);
  const named = log.flatMap((bytes) => objectsNamed(parseEntry(bytes)));
  return {
    texts: log.map(fromUtf8),
    seed: toBase64url(world.founding.logSeed),
    objects: new Map(named.map((digest) => [digest, world.objects.get(digest) ?? new Uint8Array(0)])),
  };
}

function sourcesDigest(): Hex {
  const hash = createHash('sha256');
  const files = [
    ...globSync(SOURCES, { cwd: ROOT })
      .sort()
      .map((path) => join(ROOT, path)),
    import.meta.filename,
  ];
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
