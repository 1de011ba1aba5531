import type { Database } from 'better-sqlite3';
import { equal, type Hex } from '../../core/bytes.ts';
import { digestOf } from '../../core/canonical.ts';
import { must } from '../../core/errors.ts';
import type { Batch, CustodianEnvelopeRow, HostShareRow, LogStore, TokenRow } from '../../vault/ports.ts';
import { inStore } from '../failure.ts';
import { bytesOfColumn } from './database.ts';

/** The largest value of a column: a signed 64-bit integer. No disk holds so many bytes of a release. */
const MAX_RESERVED_BYTES = 2n ** 63n - 1n;

type Blobs<Row, Names extends keyof Row> = Omit<Row, Names> & Readonly<Record<Names, Buffer>>;

/** The log's rows in SQLite. Every call is one transaction; see openDatabase for what is durable when. */
export function sqliteLog(database: Database): LogStore {
  const commit = committer(database);
  const reserve = reserver(database);
  const size = sizeOf(database);
  const entries = database.prepare<[number, number], { index: number; bytes: Buffer }>(
    'SELECT position AS "index", bytes FROM entries WHERE position >= ? ORDER BY position LIMIT ?',
  );
  const tile = database.prepare<[number, number], { hashes: Buffer }>(
    'SELECT hashes FROM tiles WHERE level = ? AND position = ?',
  );
  const checkpoint = database.prepare<[], { committed: Buffer }>('SELECT committed FROM checkpoint');
  const object = database.prepare<[Hex], { bytes: Buffer }>('SELECT bytes FROM objects WHERE digest = ?');
  const envelopes = database.prepare<[Hex, Hex], Blobs<CustodianEnvelopeRow, 'envelope'>>(
    `SELECT manifest, person, credential, digest, envelope FROM custodian_envelopes
     WHERE manifest = ? AND person = ? ORDER BY credential`,
  );
  const hostShares = database.prepare<[Hex, number], Blobs<HostShareRow, 'envelope' | 'signature'>>(
    `SELECT "release", host, person, share AS "index", credential, envelope, signature FROM host_shares
     WHERE "release" = ? AND host = ? ORDER BY share`,
  );
  const TOKEN = 'SELECT hash, "release", host, manifest, sealed, expires FROM tokens';
  const token = database.prepare<[Hex], Blobs<TokenRow, 'sealed'>>(`${TOKEN} WHERE hash = ?`);
  const tokenOf = database.prepare<[Hex, number], Blobs<TokenRow, 'sealed'>>(
    `${TOKEN} WHERE "release" = ? AND host = ?`,
  );

  return {
    commit: async (batch) => inStore(() => commit(batch)),
    probe: async () => inStore(() => probe(database)),
    size: async () => inStore(size),
    entries: async (from, limit) =>
      inStore(() => entries.all(from, limit).map(({ index, bytes }) => ({ index, bytes: bytesOfColumn(bytes) }))),
    tile: async ({ level, index }) =>
      inStore(() => {
        const row = tile.get(level, index);
        return row === undefined ? null : bytesOfColumn(row.hashes);
      }),
    checkpoint: async () =>
      inStore(() => {
        const row = checkpoint.get();
        return row === undefined ? null : bytesOfColumn(row.committed);
      }),
    objects: async (digests) =>
      inStore(() => {
        const found = new Map<Hex, Uint8Array>();
        for (const digest of digests) {
          const row = object.get(digest);
          if (row !== undefined) found.set(digest, bytesOfColumn(row.bytes));
        }
        return found;
      }),
    envelopesOf: async (manifestDigest, person) =>
      inStore(() =>
        envelopes.all(manifestDigest, person).map((row) => ({ ...row, envelope: bytesOfColumn(row.envelope) })),
      ),
    hostShares: async (releaseDigest, hostIndex) =>
      inStore(() =>
        hostShares.all(releaseDigest, hostIndex).map((row) => ({
          ...row,
          envelope: bytesOfColumn(row.envelope),
          signature: bytesOfColumn(row.signature),
        })),
      ),
    token: async (hash) => inStore(() => tokenRow(token.get(hash))),
    tokenOf: async (releaseDigest, hostIndex) => inStore(() => tokenRow(tokenOf.get(releaseDigest, hostIndex))),
    reserve: async (releaseDigest, bytes, limit) => inStore(() => reserve(releaseDigest, bytes, limit)),
  };
}

function tokenRow(row: Blobs<TokenRow, 'sealed'> | undefined): TokenRow | null {
  return row === undefined ? null : { ...row, sealed: bytesOfColumn(row.sealed) };
}

function sizeOf(database: Database): () => number {
  const statement = database.prepare<[], { size: number }>('SELECT ifnull(max(position) + 1, 0) AS size FROM entries');
  return () => statement.get()?.size ?? 0;
}

/**
 * One transaction. Throws `index_gap`, `object_mismatch` (an object under another's digest) and
 * `storage_corrupt` (an entry reads back as another); nothing is stored then.
 */
function committer(database: Database): (batch: Batch) => void {
  const appendEntries = entryAppender(database);
  const setTile = database.prepare('INSERT OR REPLACE INTO tiles (level, position, hashes) VALUES (?, ?, ?)');
  const setCheckpoint = database.prepare('INSERT OR REPLACE INTO checkpoint (one, committed) VALUES (1, ?)');
  const addObject = database.prepare('INSERT INTO objects (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const addEnvelope = database.prepare(
    `INSERT INTO custodian_envelopes (manifest, person, credential, digest, envelope)
     VALUES (@manifest, @person, @credential, @digest, @envelope)`,
  );
  const addHostShare = database.prepare(
    `INSERT INTO host_shares ("release", host, person, share, credential, envelope, signature)
     VALUES (@release, @host, @person, @index, @credential, @envelope, @signature)`,
  );
  const addToken = database.prepare(
    `INSERT INTO tokens (hash, "release", host, manifest, sealed, expires)
     VALUES (@hash, @release, @host, @manifest, @sealed, @expires)`,
  );
  const eraseHostShares = database.prepare('DELETE FROM host_shares WHERE "release" = ?');
  const eraseTokens = database.prepare('DELETE FROM tokens WHERE "release" = ?');

  const store = database.transaction((batch: Batch) => {
    appendEntries(batch.entries);
    for (const { level, index, hashes } of batch.tiles) setTile.run(level, index, hashes);
    setCheckpoint.run(batch.checkpoint);
    for (const [digest, bytes] of batch.objects) {
      must(digestOf(bytes) === digest, 'object_mismatch', `an object is not what its digest names: ${digest}`);
      addObject.run(digest, bytes);
    }
    for (const row of batch.envelopes) addEnvelope.run(row);
    for (const row of batch.hostShares) addHostShare.run(row);
    for (const row of batch.tokens) addToken.run(row);
    for (const releaseDigest of batch.erase) {
      eraseHostShares.run(releaseDigest);
      eraseTokens.run(releaseDigest);
    }
  });
  return (batch) => {
    store.immediate(batch);
    if (batch.erase.length > 0) forgetJournal(database);
  };
}

function entryAppender(database: Database): (entries: Batch['entries']) => void {
  const size = sizeOf(database);
  const insert = database.prepare<[number, Uint8Array]>('INSERT INTO entries (position, bytes) VALUES (?, ?)');
  const read = database.prepare<[number], { bytes: Buffer }>('SELECT bytes FROM entries WHERE position = ?');
  return (entries) => {
    let next = size();
    for (const { index, bytes } of entries) {
      must(index === next, 'index_gap', `expected entry ${next}, got ${index}`);
      insert.run(index, bytes);
      const stored = read.get(index);
      const isSame = stored !== undefined && equal(stored.bytes, bytes);
      must(isSame, 'storage_corrupt', `entry ${index} reads back as something else`);
      next++;
    }
  };
}

/** The journal still has what was erased. The batch is stored, so a failure waits for the next checkpoint. */
function forgetJournal(database: Database): void {
  try {
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // as above
  }
}

function reserver(database: Database): (releaseDigest: Hex, bytes: bigint, limit: bigint) => boolean {
  const reserved = database
    .prepare<[Hex], { bytes: bigint }>('SELECT bytes FROM reservations WHERE "release" = ?')
    .safeIntegers();
  const set = database.prepare('INSERT OR REPLACE INTO reservations ("release", bytes) VALUES (?, ?)');
  const reserve = database.transaction((releaseDigest: Hex, bytes: bigint, limit: bigint) => {
    const total = (reserved.get(releaseDigest)?.bytes ?? 0n) + bytes;
    must(total >= 0n, 'internal', `release ${releaseDigest}: more bytes given back than taken`);
    if (bytes > 0n && (total > limit || total > MAX_RESERVED_BYTES)) return false;
    set.run(releaseDigest, total);
    return true;
  });
  return reserve.immediate;
}

/** The database's own number for its users, which nothing reads: 0 and 1 in turn. A write of what is there is none. */
function probe(database: Database): void {
  const before = Number(database.pragma('user_version', { simple: true }));
  database.pragma(`user_version = ${before === 0 ? 1 : 0}`);
}
