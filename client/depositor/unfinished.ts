import { closeSync, existsSync, openSync } from 'node:fs';
import { lstat, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite, { type Database, type Statement } from 'better-sqlite3';
import { equal, type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { must } from '../../src/core/errors.ts';
import { frameDigest } from '../../src/core/frame.ts';
import { WORK_FOLDER } from '../../src/core/weights/names.ts';
import { manifestContext } from '../../src/core/weights/release-key.ts';
import { systemName } from '../../src/platform/system-error.ts';
import { fileError } from '../file-error.ts';
import { WorkFolder } from '../host/work-folder.ts';
import { syncFolder } from '../sync-folder.ts';

const FOLDER = 'deposits';
const DATABASE = 'deposit.sqlite';
const FORMAT = 1;
const OTHERS = 0o077;
const FORGOTTEN_MS = 30 * 24 * 60 * 60_000;
const SCHEMA = `
CREATE TABLE deposit (one INTEGER PRIMARY KEY CHECK (one = 1), upload TEXT NOT NULL, began INTEGER NOT NULL,
  secret BLOB NOT NULL, paths BLOB NOT NULL) STRICT;
CREATE TABLE files (file INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, header BLOB NOT NULL) STRICT;
CREATE TABLE segments (file INTEGER NOT NULL, segment INTEGER NOT NULL, leaf BLOB NOT NULL, mark BLOB NOT NULL,
  PRIMARY KEY (file, segment)) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${FORMAT};`;

/** Which deposit: by the vault's fingerprint, the version, and the depositor's public key. */
export interface DepositName {
  readonly vault: Hex;
  readonly model: string;
  readonly version: string;
  readonly depositor: string;
}

/** An upload that was opened, and what goes on with it needs. */
interface Begun {
  readonly upload: Hex;
  /** By this machine's clock, milliseconds since the epoch. */
  readonly began: number;
  /** `sealDepositSecret` to the depositor's own key. */
  readonly secret: Uint8Array;
  /** The mark of the files' paths. */
  readonly paths: Uint8Array;
}

export interface KeptSegment {
  /** Of the ciphertext, 32 bytes. */
  readonly leaf: Uint8Array;
  /** Of the plaintext up to its end, 16 bytes. */
  readonly mark: Uint8Array;
}

/** A file, as far as it was encrypted. */
export interface KeptFile {
  /** Of plaintext. */
  readonly bytes: number;
  /** 74 bytes. */
  readonly header: Uint8Array;
  readonly segments: readonly KeptSegment[];
}

/** Segments that are about to be sent. */
export interface KeptPart extends KeptFile {
  readonly file: number;
  /** The number of the first of them. */
  readonly first: number;
}

/**
 * What a depositor's machine keeps of a deposit until it is recorded (client/FORMAT.md), so that another process goes on
 * where one was killed. One process has it at a time; every call that writes is one transaction, on disk when it returns.
 */
export class Unfinished {
  readonly #folder: string;
  readonly #work: WorkFolder;
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  #isOpen = true;

  private constructor(folder: string, work: WorkFolder, database: Database) {
    this.#folder = folder;
    this.#work = work;
    this.#database = database;
  }

  /**
   * Opens what there is of a deposit, or nothing yet. Throws `in_use`, naming the process that has it; `not_permitted`
   * where others may use the folder; and as the file system. A damaged one is removed: the deposit begins anew. What other
   * deposits have left here for a month is erased: no vault keeps an upload for so long.
   */
  static async open(stateDir: string, { vault, model, version, depositor }: DepositName): Promise<Unfinished> {
    const all = join(stateDir, FOLDER);
    const context = manifestContext(vault, model, version);
    const folder = join(all, toHex(frameDigest('twinlock/v1/unfinished-deposit', context, utf8(depositor))));
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { mode, uid } = await lstat(all);
      const isPrivate = (mode & OTHERS) === 0 && (process.getuid === undefined || uid === process.getuid());
      must(isPrivate, 'not_permitted', `${all}: expected a folder of this user alone: run chmod 700 on it`);
    } catch (error) {
      throw fileError(error, all);
    }
    for (const name of await readdir(all)) await Unfinished.#eraseForgotten(join(all, name), folder);
    return Unfinished.#at(folder, `deposits ${model}@${version}`);
  }

  static async #eraseForgotten(folder: string, own: string): Promise<void> {
    if (folder === own) return;
    try {
      // Each process that takes it changes the folder: none that is of use is taken from another process here.
      const { mtimeMs } = await stat(join(folder, WORK_FOLDER));
      if (Date.now() - mtimeMs <= FORGOTTEN_MS) return;
      const other = await Unfinished.#at(folder, 'looks for what is forgotten');
      if (Date.now() - (other.begun?.began ?? 0) > FORGOTTEN_MS) await other.erase();
      else await other.close();
    } catch {
      // In use by its own process, or not to be read: it is left alone.
    }
  }

  static async #at(folder: string, what: string): Promise<Unfinished> {
    const work = await WorkFolder.take(folder, what);
    try {
      return new Unfinished(folder, work, await openOrBegin(work));
    } catch (error) {
      await work.release();
      throw fileError(error, work.path);
    }
  }

  get begun(): Begun | null {
    const row = this.#get<{ upload: Hex; began: number; secret: Buffer; paths: Buffer }>('SELECT * FROM deposit');
    if (row === undefined) return null;
    return {
      upload: row.upload,
      began: row.began,
      secret: new Uint8Array(row.secret),
      paths: new Uint8Array(row.paths),
    };
  }

  /** Forgets what there was before. */
  begin({ upload, began, secret, paths }: Begun): void {
    this.#write(() => {
      this.#forget();
      this.#run('INSERT INTO deposit VALUES (1, ?, ?, ?, ?)', upload, began, secret, paths);
    });
  }

  /** Null where nothing of the file was encrypted. */
  file(file: number): KeptFile | null {
    const row = this.#get<{ bytes: number; header: Buffer }>('SELECT bytes, header FROM files WHERE file = ?', file);
    if (row === undefined) return null;
    const segments = this.#all<{ segment: number; leaf: Buffer; mark: Buffer }>(
      'SELECT segment, leaf, mark FROM segments WHERE file = ? ORDER BY segment',
      file,
    )
      .filter(({ segment }, i) => segment === i)
      .map(({ leaf, mark }) => ({ leaf: new Uint8Array(leaf), mark: new Uint8Array(mark) }));
    return { bytes: row.bytes, header: new Uint8Array(row.header), segments };
  }

  /** To be called before they are sent. A part under another header forgets what was encrypted under the one before. */
  keep(parts: readonly KeptPart[]): void {
    this.#write(() => {
      for (const { file, bytes, header, first, segments } of parts) {
        const before = this.#get<{ header: Buffer }>('SELECT header FROM files WHERE file = ?', file);
        if (before === undefined || !equal(before.header, header)) {
          this.#run('DELETE FROM segments WHERE file = ?', file);
          this.#run('INSERT OR REPLACE INTO files VALUES (?, ?, ?)', file, bytes, header);
        }
        for (const [i, { leaf, mark }] of segments.entries()) {
          this.#run('INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?)', file, first + i, leaf, mark);
        }
      }
    });
  }

  /** Overwrites the secret and removes everything; closes it. */
  async erase(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#write(() => this.#forget());
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
      this.#database.close();
      await this.#work.clear();
      await this.#work.release();
      // Another process may have taken it by now.
      await rmdir(this.#folder).catch(() => undefined);
      await syncFolder(join(this.#folder, '..'));
    } catch (error) {
      throw fileError(error, this.#folder);
    }
  }

  /** Leaves what there is to another process. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    if (this.begun === null) {
      await this.erase();
      return;
    }
    this.#isOpen = false;
    this.#database.close();
    await this.#work.release();
  }

  #forget(): void {
    for (const table of ['deposit', 'files', 'segments']) this.#run(`DELETE FROM ${table}`);
  }

  #get<T>(sql: string, ...values: number[]): T | undefined {
    return this.#all<T>(sql, ...values)[0];
  }

  #all<T>(sql: string, ...values: number[]): T[] {
    return this.#do(() => this.#prepared(sql).all(...values) as T[]);
  }

  #run(sql: string, ...values: (number | string | Uint8Array)[]): void {
    this.#prepared(sql).run(...values);
  }

  /** Once each: there are thousands of small files. */
  #prepared(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #write(act: () => void): void {
    this.#do(() => this.#database.transaction(act).immediate());
  }

  #do<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw fileError(error, join(this.#work.path, DATABASE));
    }
  }
}

async function openOrBegin(work: WorkFolder): Promise<Database> {
  try {
    return openDatabase(work);
  } catch (error) {
    if (!/^SQLITE_(?:CORRUPT|NOTADB)/.test(systemName(error) ?? '')) throw error;
    await work.clear();
    return openDatabase(work);
  }
}

function openDatabase(work: WorkFolder): Database {
  const path = join(work.path, DATABASE);
  // SQLite would make it for everybody to read; its journal takes the mode of the file.
  if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
  const database = new Sqlite(path);
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('trusted_schema = OFF');
    // The secret is overwritten where it was.
    database.pragma('secure_delete = ON');
    const format = database.pragma('user_version', { simple: true });
    if (format === 0) database.transaction(() => database.exec(SCHEMA)).immediate();
    else must(format === FORMAT, 'unsupported_version', `${work.path}: expected format ${FORMAT}, got ${format}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
