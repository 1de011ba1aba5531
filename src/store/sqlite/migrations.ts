import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Hex } from '../../core/bytes.ts';
import { digestOf } from '../../core/canonical.ts';
import { must, TwinlockError } from '../../core/errors.ts';

/** One step of the schema, `migrations/NNNN-name.sql`; never changed once released. */
export interface Migration {
  /** From 1 on, without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file. */
  readonly digest: Hex;
}

const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/** The migrations that came with this code, in order. Throws `migration_mismatch` where one is missing or misnamed. */
export function readMigrations(folder: string = join(packageRoot(), 'migrations')): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names.sort().map((name, i) => {
    const number = Number(FILE_NAME.exec(name)?.[1]);
    must(number === i + 1, 'migration_mismatch', `expected migration ${i + 1}, got ${name}: install the release anew`);
    const bytes = readFileSync(join(folder, name));
    return { number, name, sql: bytes.toString('utf8'), digest: digestOf(bytes) };
  });
}

/** The same for the source and for the compiled package, which lie at different depths. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/**
 * Applies what is missing; to be called in a transaction. Throws `migration_mismatch`, and changes nothing,
 * where what was applied once is not what the code has.
 */
export function migrate(database: Database, migrations: readonly Migration[]): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL) STRICT',
  );
  const applied = database
    .prepare<[], Pick<Migration, 'number' | 'name' | 'digest'>>(
      'SELECT number, name, digest FROM migrations ORDER BY number',
    )
    .all();
  for (const [i, row] of applied.entries()) requireApplied(row, i + 1, migrations[i]);
  const record = database.prepare('INSERT INTO migrations (number, name, digest) VALUES (?, ?, ?)');
  for (const { number, name, sql, digest } of migrations.slice(applied.length)) {
    database.exec(sql);
    record.run(number, name, digest);
  }
}

function requireApplied(
  { number, name, digest }: Pick<Migration, 'number' | 'name' | 'digest'>,
  expected: number,
  known: Migration | undefined,
): void {
  must(number === expected, 'migration_mismatch', `the database has no migration ${expected}: restore a copy of it`);
  if (known === undefined) {
    throw new TwinlockError(
      'migration_mismatch',
      `the database is newer than this twinlockd, which lacks ${name}: run the release that wrote it, or a later one`,
    );
  }
  const message = `${known.name} is not the ${name} that was applied to this database: install the release anew`;
  must(known.digest === digest, 'migration_mismatch', message);
}
