import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fromHex } from '../core/bytes.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { unlessRefusedLater } from '../core/refusal.ts';
import type { State } from '../core/state/state.ts';
import { LOG_KEY_FILE } from '../founding/initialise.ts';
import { inputError, readOperatorFile } from '../platform/files/operator-file.ts';
import { systemName } from '../platform/files/system-error.ts';
import { DischargingThreads } from '../platform/threads/discharging-threads.ts';
import { verifyNode } from '../platform/verify-node.ts';
import { DATABASE_FILE, loadStore, type Store } from '../store/open.ts';
import { SNAPSHOT_FILE, SnapshotFile } from '../store/snapshot.ts';
import type { Clock } from '../vault/ports.ts';
import { Recorder } from '../vault/recorder.ts';
import { localSigner } from './log-signer.ts';

/** A function that Node documents and its types leave out. */
const host: Pick<NodeJS.Process, 'setgroups'> & { initgroups?(user: number, extraGroup: number): void } = process;

/**
 * Where root runs the program and another user owns the data folder, the process becomes that user, for the rest of its
 * life. Its groups are the user's in the machine's user database, as if they had logged in: a folder that they reach by
 * one of these is reached. For a user who is not in it, the one group is the folder's.
 * What lies in the folder is that user's to arrange: root would write through a link of theirs, and would leave files
 * that their daemon cannot read. To be called once the files that the command line names have been read, and before the
 * folder is touched. Does nothing where there is no folder yet. Throws `not_permitted` where the system does not let
 * root become that user, or that user reach the folder, or where a user who is not in the database would have root's
 * group.
 */
export function becomeOwner(dataDir: string): void {
  const owner = statSync(dataDir, { throwIfNoEntry: false });
  if (process.geteuid?.() !== 0 || owner === undefined || owner.uid === 0) return;
  loadStore();
  try {
    const own = groupOf(owner.uid);
    if (own === null) host.setgroups?.([]);
    else host.initgroups?.(owner.uid, own);
    process.setgid?.(own ?? foldersGroup(dataDir, owner));
    process.setuid?.(owner.uid);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof TwinlockError) throw error;
    const { code, syscall } = error as NodeJS.ErrnoException;
    const message = `user ${owner.uid} owns ${dataDir}, and cannot use it from here (${syscall} ${code}): run this as that user and in a group that reaches it (sudo -u '#${owner.uid}' -g '#${owner.gid}' …), or give root the folder with all that is in it`;
    throw new TwinlockError('not_permitted', message, {}, { cause: error });
  }
}

/** Null for a user who is not in the user database. Node looks up only the user that the process acts as. */
function groupOf(uid: number): number | null {
  process.seteuid?.(uid);
  try {
    return userInfo().gid;
  } catch (error) {
    if ((error as { info?: { code?: unknown } }).info?.code === 'ENOENT') return null;
    throw error;
  } finally {
    process.seteuid?.(0);
  }
}

function foldersGroup(dataDir: string, { uid, gid }: { readonly uid: number; readonly gid: number }): number {
  must(
    gid !== 0,
    'not_permitted',
    `user ${uid} owns ${dataDir}, is not in this machine’s user database, and the folder’s group is root’s: add the user, or give the folder their group (chown ${uid}:GROUP ${dataDir})`,
  );
  return gid;
}

/**
 * A file that lies in every data folder. Throws `not_permitted` and `not_found` with what to do, and as
 * `readOperatorFile`.
 */
export function readDataFile(dataDir: string, name: string): string {
  const path = join(dataDir, name);
  try {
    return Buffer.from(readOperatorFile(path)).toString('utf8');
  } catch (error) {
    const system = systemName(error);
    must(
      system !== 'EACCES' && system !== 'EPERM',
      'not_permitted',
      `this user may not read ${path}: run it as the vault’s user, who owns ${dataDir} and must own what lies in it`,
    );
    must(system !== 'ENOENT', 'not_found', `${path} is missing: put it back from a copy of the data folder`);
    throw inputError(error, path);
  }
}

const SEED = /^([0-9a-f]{64})\n?$/;

/**
 * The seed of the log's key, 32 bytes. Throws as `readDataFile`, `genesis_incomplete` where the folder holds no vault,
 * `malformed` where the key is damaged, and `storage_corrupt` where the log is gone.
 */
export function readLogSeed(dataDir: string): Uint8Array {
  const text = logKeyText(dataDir);
  // A vault whose log is gone must not look like one that was never founded.
  must(
    existsSync(join(dataDir, DATABASE_FILE)),
    'storage_corrupt',
    `${dataDir} has a log key and no ${DATABASE_FILE}: restore the whole folder, and alert the custodians`,
  );
  const seed = SEED.exec(text)?.[1];
  must(
    seed !== undefined,
    'malformed',
    `${join(dataDir, LOG_KEY_FILE)} is damaged: expected 64 hexadecimal digits and the end of a line: put it back from a copy of the data folder`,
  );
  return fromHex(seed);
}

function logKeyText(dataDir: string): string {
  try {
    return readDataFile(dataDir, LOG_KEY_FILE);
  } catch (error) {
    if (!(error instanceof TwinlockError && error.code === 'not_found')) throw error;
    // `init` writes the key last.
    const message = existsSync(join(dataDir, DATABASE_FILE))
      ? `${dataDir} has ${DATABASE_FILE} and no ${LOG_KEY_FILE}: put ${LOG_KEY_FILE} back from a copy; where twinlockd init was broken off, remove the folder and run it again`
      : `${dataDir} holds no vault: run twinlockd init first, or name its folder with --data`;
    throw new TwinlockError('genesis_incomplete', message, {}, { cause: error });
  }
}

/** A log that has been opened, and the state that was believed of it without a replay; null after a replay of all. */
export interface OpenedLog {
  readonly recorder: Recorder;
  readonly believed: State | null;
}

/**
 * Opens the log of an open store from the snapshot of its state, or replays it whole where there is none. Tells
 * `onUnfit` why a snapshot is not taken. Throws as `Recorder.open` does for the whole log.
 */
export async function openRecorder(
  { log, snapshot }: Pick<Store, 'log'> & { readonly snapshot: SnapshotFile },
  seed: Uint8Array,
  clock: Clock,
  onUnfit: (error: TwinlockError) => void,
): Promise<OpenedLog> {
  const signer = localSigner(seed);
  const open = async (start: State | null) => {
    const threads = new DischargingThreads();
    try {
      return await Recorder.open({ log, clock, verify: verifyNode, signer }, start, threads);
    } finally {
      await threads.end();
    }
  };
  const fit = async (): Promise<OpenedLog | null> => {
    const believed = await snapshot.read();
    return believed === null ? null : { believed, recorder: await open(believed) };
  };
  const opened = await unlessRefusedLater(TwinlockError, fit, (error) => {
    // The daemon must not go on from fewer entries. That would fork the log: every client that has followed the others
    // would refuse it.
    if (error.code === 'rolled_back') throw rolledBack(error);
    onUnfit(error);
    return null;
  });
  return opened ?? { recorder: await open(null), believed: null };
}

function rolledBack(cause: TwinlockError): TwinlockError {
  const message = `the database has fewer entries than ${SNAPSHOT_FILE} beside it, which was made with this log's key (${cause.message}): an older copy of vault.sqlite was restored. Restore the newer one; or, if it is lost, remove ${SNAPSHOT_FILE} and tell every custodian, whose clients will refuse the log`;
  return new TwinlockError('rolled_back', message, cause.detail, { cause });
}

/** The snapshot of the state that the log in this folder leads to. */
export function snapshotOf(dataDir: string, seed: Uint8Array): SnapshotFile {
  return new SnapshotFile(join(dataDir, SNAPSHOT_FILE), seed);
}
