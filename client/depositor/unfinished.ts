import { lstat, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import { equal, type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { frameDigest } from '../../src/core/frame.ts';
import { WORK_FOLDER } from '../../src/core/weights/names.ts';
import { manifestContext } from '../../src/core/weights/release-key.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { syncFolderIfAble } from '../../src/platform/files/sync-folder.ts';
import { exactInstant } from '../display/exact.ts';
import { WorkFolder } from '../host/work-folder.ts';
import { type Begun, DATABASE, isDamage, type OpenedDatabase, openOrBegin } from './unfinished-database.ts';

const FOLDER = 'deposits';
const OTHERS = 0o077;
const FORGOTTEN_MS = 30 * 24 * 60 * 60_000;

/** The name of a deposit: the vault's fingerprint, the version, and the depositor's public key. */
export interface DepositName {
  readonly vault: Hex;
  readonly model: string;
  readonly version: string;
  readonly depositor: string;
}

type ByKey = Pick<DepositName, 'vault' | 'depositor'>;

export interface KeptSegment {
  /** The leaf hash of the ciphertext, 32 bytes. */
  readonly leaf: Uint8Array;
  /** The mark of the plaintext up to its end, 16 bytes. */
  readonly mark: Uint8Array;
}

/** A file, as far as it was encrypted. */
export interface KeptFile {
  /** The length of the plaintext. */
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
  /** Whether the kept state was damaged and has been erased. */
  readonly wasDamaged: boolean;
  #begun: Begun | null;
  #isOpen = true;

  private constructor(folder: string, work: WorkFolder, { database, begun, wasDamaged }: OpenedDatabase) {
    this.#folder = folder;
    this.#work = work;
    this.#database = database;
    this.#begun = begun;
    this.wasDamaged = wasDamaged;
  }

  /**
   * Opens what there is of a deposit, or nothing yet. Throws `in_use`, naming the process that has it; `not_permitted`
   * where others may use the folder; and as the file system. One that is damaged is erased: the deposit begins anew.
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
    return Unfinished.#at(folder, `${model}@${version}`);
  }

  /**
   * Erases what other deposits by this key have left here for a month, if the vault has nothing of them: a clock that is
   * wrong for a moment erases nothing that can be gone on with. `uploads` asks the vault for the ids of all that this key
   * has there.
   */
  async eraseForgotten(by: ByKey, uploads: () => Promise<readonly Hex[]>): Promise<void> {
    const all = join(this.#folder, '..');
    for (const name of await readdir(all)) {
      const folder = join(all, name);
      if (folder !== this.#folder) await Unfinished.#eraseIfForgotten(folder, by, uploads);
    }
  }

  static async #eraseIfForgotten(
    folder: string,
    { vault, depositor }: ByKey,
    uploads: () => Promise<readonly Hex[]>,
  ): Promise<void> {
    try {
      // Each process that takes it changes the folder: none that is of use is taken from another process here.
      const { mtimeMs } = await stat(join(folder, WORK_FOLDER));
      if (Date.now() - mtimeMs <= FORGOTTEN_MS) return;
      const other = await Unfinished.#at(folder, 'what was forgotten');
      try {
        const { begun } = other;
        const isOfThisKey = begun?.vault === vault && begun.depositor === depositor;
        const isOld = isOfThisKey && Date.now() - begun.began > FORGOTTEN_MS;
        if (isOld && !(await uploads()).includes(begun.upload)) await other.erase();
      } finally {
        await other.close();
      }
    } catch {
      // In use by its own process, not to be read, or the vault does not answer: it is left alone.
    }
  }

  /** The lock is held only as long as what is returned is open. */
  static async #at(folder: string, named: string): Promise<Unfinished> {
    const work = await WorkFolder.take(folder, `depositing ${named}`).catch((error: unknown) => {
      throw inUse(error, named);
    });
    try {
      return new Unfinished(folder, work, await openOrBegin(work));
    } catch (error) {
      await work.release();
      throw fileError(error, work.path);
    }
  }

  /** Null where nothing is begun. */
  get begun(): Begun | null {
    return this.#begun;
  }

  /** Forgets what there was before. */
  begin(begun: Begun): void {
    const { upload, vault, depositor, began, secret, paths, folder } = begun;
    this.#write(() => {
      this.#empty();
      this.#run(
        'INSERT INTO deposit VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
        ...[upload, vault, depositor, began, secret, paths, folder],
      );
    });
    this.#begun = begun;
  }

  /** The files are the same, in another folder. */
  move(folder: string): void {
    this.#write(() => this.#run('UPDATE deposit SET folder = ?', folder));
    if (this.#begun !== null) this.#begun = { ...this.#begun, folder };
  }

  /** Nothing goes on with what was begun. */
  forget(): void {
    this.#write(() => this.#empty());
    this.#begun = null;
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
      this.#overwrite();
      await this.#work.clear();
    } catch (error) {
      throw fileError(error, this.#folder);
    } finally {
      await this.#work.release();
    }
    // Another process may have taken it by now.
    await rmdir(this.#folder).catch(() => undefined);
    await syncFolderIfAble(join(this.#folder, '..'));
  }

  /** Leaves what there is to another process. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    if (this.#begun === null) {
      await this.erase();
      return;
    }
    this.#isOpen = false;
    try {
      this.#database.close();
    } finally {
      await this.#work.release();
    }
  }

  #overwrite(): void {
    try {
      this.#database.transaction(() => this.#empty()).immediate();
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // On a full disk, or in a damaged database: it is removed all the same, and the secret in it is sealed.
    } finally {
      this.#database.close();
    }
  }

  #empty(): void {
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
      const path = join(this.#work.path, DATABASE);
      must(
        !isDamage(error),
        'storage_corrupt',
        `${path} is damaged: run the same command again, which erases it and begins anew`,
      );
      throw fileError(error, path);
    }
  }
}

/** Names who has it, and what to do: another folder is no remedy for a deposit. */
function inUse(error: unknown, named: string): unknown {
  if (!(error instanceof TwinlockError && error.code === 'in_use')) return error;
  const { host, pid, since } = error.detail;
  const who =
    pid === undefined ? 'another process' : `process ${pid} on ${host}, since ${exactInstant(Number(since))},`;
  const message = `${named}: ${who} is depositing it or giving it up: wait until that has ended, or interrupt it and run this command again, which goes on where it was`;
  return new TwinlockError('in_use', message, error.detail, { cause: error });
}
