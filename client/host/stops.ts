import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { access, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TwinlockError } from '../../src/core/errors.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import type { VerifiedAuthority } from '../../src/core/state/authority.ts';
import { judgeBroughtStop } from '../../src/core/state/brought-stop.ts';
import { discharge } from '../../src/core/state/discharge.ts';
import { untrueStop } from '../../src/core/state/stop-text.ts';
import type { Stop } from '../../src/core/statement/statement.ts';
import { fileError } from '../../src/platform/files/error.ts';
import { readStopFile } from '../statements/stop-file.ts';
import type { PendingRelease } from './pending-release.ts';

/** Files whose state is remembered. Beyond it all are forgotten and read again: that costs time and hides nothing. */
const MAX_REMEMBERED = 65_536;

/** The messages to the host's operator about the folder for stops. */
export interface StopNotices {
  /** A file that stops nothing here, and why: `<path>: <why>`, attacker-controlled. May repeat itself. */
  readonly ignored: (line: string) => void;
  /** The place is gone; once, until it has been there again. */
  readonly gone: (path: string) => void;
}

/** A stop that was brought, and the file that holds it. Attacker-controlled. */
export interface BroughtStop {
  readonly path: string;
  readonly signed: SignedStop;
}

/**
 * Refuses a place that nothing can be brought to: a mistyped path would leave a host deaf. Throws `not_found` and
 * `not_permitted`.
 */
export async function requireStopPlace(path: string): Promise<void> {
  try {
    const isFolder = (await stat(path)).isDirectory();
    await access(path, isFolder ? constants.R_OK | constants.X_OK : constants.R_OK);
  } catch (error) {
    const { code, message } = fileError(error, path);
    const toDo = 'make the folder and let this user read it, or name the one where stops are brought to this host';
    throw new TwinlockError(code, `--stops ${message}: ${toDo}`, {}, { cause: error });
  }
}

/**
 * A file, or a folder whose files with names that end in `.json` are read, where stops are brought to a host by another
 * way than the vault. Every file is read once, and again when it has changed. However many there are, one file of at
 * most 16 KiB is held at a time, so that junk delays a stop and never hides it.
 */
export class StopPlace {
  readonly #path: string;
  readonly #notices: StopNotices;
  /** By path: what the file was when it was read. */
  readonly #read = new Map<string, string>();
  #isGone = false;

  constructor(path: string, notices: StopNotices) {
    this.#path = path;
    this.#notices = notices;
  }

  /** Goes through the whole place once, until `signal`. Gives each stop that is new since the last time. */
  async *look(signal?: AbortSignal): AsyncGenerator<BroughtStop> {
    for await (const path of this.#files()) {
      if (signal?.aborted === true) return;
      const signed = await this.#newStopIn(path);
      if (signed !== null) yield { path, signed };
    }
  }

  ignore(path: string, why: string): void {
    this.#notices.ignored(`${path}: ${why}`);
  }

  /** In no order: a name gives a file no precedence. */
  async *#files(): AsyncGenerator<string> {
    const found = await stat(this.#path).catch(() => null);
    if (found === null) return this.#goes();
    this.#isGone = false;
    if (!found.isDirectory()) {
      yield this.#path;
      return;
    }
    try {
      for await (const { name } of await opendir(this.#path)) {
        const path = join(this.#path, name);
        // A file that is being written has a hidden name until it is whole.
        if (name.startsWith('.')) continue;
        if (name.endsWith('.json')) yield path;
        else this.ignore(path, 'its name does not end in .json');
      }
    } catch {
      this.#goes();
    }
  }

  #goes(): void {
    if (!this.#isGone) this.#notices.gone(this.#path);
    this.#isGone = true;
  }

  async #newStopIn(path: string): Promise<SignedStop | null> {
    const found = await stat(path, { bigint: true }).catch(() => null);
    if (found === null) return null;
    const state = stateOf(found);
    if (this.#read.get(path) === state) return null;
    try {
      const signed = await readStopFile(path);
      this.#remember(path, state);
      return signed;
    } catch (error) {
      if (!(error instanceof TwinlockError)) throw error;
      this.#notices.ignored(error.message);
      // A file that the system refuses to read may hold a stop: the host tries again.
      if (error.cause instanceof TwinlockError) this.#remember(path, state);
      return null;
    }
  }

  /** `state` is of before it was read: what is written meanwhile is a change, and is read again. */
  #remember(path: string, state: string): void {
    if (this.#read.size >= MAX_REMEMBERED) this.#read.clear();
    this.#read.set(path, state);
  }
}

/** The time of the change of the inode is the system's: no user sets it. */
function stateOf({ ino, size, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${ctimeNs}`;
}

/**
 * Whether it says that it stops everything of this vault, or this release. Who may, the host does not know before it
 * has its authority chain: nothing rests on it, and its signature has not been verified.
 */
export function claimsToStop(
  { what, target, vault }: Stop,
  pending: Pick<PendingRelease, 'vault' | 'release'>,
): boolean {
  return vault === pending.vault && (what === 'all' || (what === 'release' && target === pending.release));
}

/**
 * Heeds stops that reached this host by another way than the vault: each is judged by the custodians and
 * the keys that the authority chain names. Throws `vault_stopped`, `release_revoked`, `request_withdrawn`,
 * `version_withdrawn` or `principal_retired` where one of them ends the release; one that is not true, or is of
 * something else, is told as ignored.
 */
export async function heedStops(
  authority: VerifiedAuthority,
  place: StopPlace,
  verify: Verify,
  signal?: AbortSignal,
): Promise<void> {
  for await (const { path, signed } of place.look(signal)) {
    const ends = await ifTrue(authority, signed, verify, (why) => place.ignore(path, why));
    if (ends === undefined) continue;
    if (ends !== null) throw ends;
    place.ignore(path, 'it stops something else than this release');
  }
}

/** How the stop ends the release, null for something else; undefined where it is not true. */
async function ifTrue(
  authority: VerifiedAuthority,
  signed: SignedStop,
  verify: Verify,
  onUntrue: (why: string) => void,
): Promise<TwinlockError | null | undefined> {
  try {
    const { claims, ends } = judgeBroughtStop(authority, signed);
    await discharge(claims, verify).catch((error: unknown) => {
      throw untrueStop(error, signed.statement);
    });
    return ends;
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    onUntrue(error.message);
    return undefined;
  }
}
