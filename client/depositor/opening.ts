import { equal, type Hex, toHex, wipe } from '../../src/core/bytes.ts';
import { depositorKem, openDepositSecret, sealDepositSecret } from '../../src/core/envelope/deposit-secret.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import { keyCheckValue, manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import type { UploadStatus } from '../api/api.ts';
import { type RetryPolicy, withRetry } from '../api/retry.ts';
import { exactBytes, exactInstant } from '../display/exact.ts';
import type { PrincipalSession } from '../principal/principal.ts';
import { type Contents, innerManifest } from './encrypt.ts';
import type { FoundFile } from './found-file.ts';
import { markOfPaths } from './stored-files.ts';
import type { Unfinished } from './unfinished.ts';
import type { Begun } from './unfinished-database.ts';

/** An upload that is open, and the secret that its release key is made of. */
export interface OpenedUpload {
  readonly status: UploadStatus;
  readonly secret: Uint8Array;
}

/** `folder` is a real path. */
export interface ToOpen extends Contents {
  readonly files: readonly FoundFile[];
  /** The id of this machine, 16 bytes. */
  readonly opener: Hex;
  /** What was begun of another folder, or by another machine with the same key, is given up for this. */
  readonly replace: boolean;
  readonly now: () => number;
  readonly random: RandomBytes;
  readonly note: (line: string) => void;
}

/** How a deposit begins, or goes on where another process of this machine was. */
export class DepositOpening {
  readonly #session: PrincipalSession;
  readonly #toOpen: ToOpen;
  readonly #unfinished: Unfinished | null;
  readonly #context: Uint8Array;
  readonly #vault: Hex;
  readonly #retry: RetryPolicy;
  #wasDamaged: boolean;

  constructor(
    session: PrincipalSession,
    vault: Hex,
    toOpen: ToOpen,
    unfinished: Unfinished | null,
    retry: RetryPolicy,
  ) {
    this.#session = session;
    this.#toOpen = toOpen;
    this.#unfinished = unfinished;
    this.#context = manifestContext(vault, toOpen.model, toOpen.version);
    this.#vault = vault;
    this.#retry = retry;
    this.#wasDamaged = unfinished?.wasDamaged ?? false;
  }

  /** Null where nothing was begun, or what was kept cannot be opened. To be wiped. */
  async keptSecret(): Promise<Uint8Array | null> {
    const { note } = this.#toOpen;
    if (this.#wasDamaged) {
      note(
        'begins anew  what this machine kept of an unfinished deposit of this version was damaged, and has been erased',
      );
    }
    const begun = this.#begun;
    if (begun === null) return null;
    const kem = depositorKem(this.#session.principal.seed);
    try {
      return await openDepositSecret(this.#context, kem, begun.secret);
    } catch (error) {
      if (!(error instanceof TwinlockError && error.code === 'envelope_invalid')) throw error;
      note('begins anew  what this machine kept of the unfinished deposit is damaged');
      this.#wasDamaged = true;
      return null;
    } finally {
      wipe(kem.seed);
    }
  }

  /**
   * The manifest of the version, where the process before was killed between the record and the end; null where there is
   * no version. Throws `version_exists`.
   */
  recordedBefore({ names, versions }: Facts, secret: Uint8Array | null): Hex | null {
    const named = versionKey(this.#toOpen.model, this.#toOpen.version);
    const manifestDigest = names.get(named);
    if (manifestDigest === undefined) return null;
    const keyCheck = versions.get(manifestDigest)?.keyCheck;
    const isOwn = secret !== null && keyCheck === toHex(keyCheckValue(releaseKey(secret, this.#context)));
    must(isOwn, 'version_exists', `${named} has been deposited before: take another version`);
    return manifestDigest;
  }

  /**
   * Throws `upload_conflict` where another folder, other files or another machine's upload would be given up unasked.
   */
  async open(kept: Uint8Array | null): Promise<OpenedUpload> {
    const goesOn = kept === null ? null : await this.#goOn(kept);
    return goesOn ?? this.#begin();
  }

  get #begun(): Begun | null {
    return this.#unfinished?.begun ?? null;
  }

  /** Null where the deposit has to begin anew. */
  async #goOn(secret: Uint8Array): Promise<OpenedUpload | null> {
    const { files, folder, replace, note } = this.#toOpen;
    const begun = this.#begun;
    if (begun === null) return null;
    const since = exactInstant(begun.began);
    const hasSamePaths = equal(begun.paths, markOfPaths(releaseKey(secret, this.#context), files));
    if (!replace) this.#requireSame(begun, hasSamePaths);
    if (!hasSamePaths) {
      note(`begins anew  in the place of what was begun at ${since}, which had other files`);
      return null;
    }
    try {
      const status = await withRetry(this.#retry, () => this.#session.api.takeUploadOver(begun.upload));
      note(`goes on      with the deposit that was begun at ${since}; reads again what the vault has`);
      if (begun.folder !== folder) this.#unfinished?.move(folder);
      return { status, secret: secret.slice() };
    } catch (error) {
      if (!(error instanceof TwinlockError && error.code === 'upload_unknown')) throw error;
      note(
        `begins anew  the vault has dropped what was begun at ${since}: it had heard nothing of it for an hour, or it was given up or replaced`,
      );
      this.#unfinished?.forget();
      return null;
    }
  }

  /** Another folder under the same name is a mistake, as often as it is meant. */
  #requireSame({ began, folder: before }: Begun, hasSamePaths: boolean): void {
    const { model, version, folder } = this.#toOpen;
    const named = `${model}@${version}`;
    const begun = `a deposit of ${named} was begun at ${exactInstant(began)} and is unfinished`;
    const remedies = `give --replace to go on with this one, or give the other up: twinlock deposit --abandon ${named}`;
    must(
      before === folder,
      'upload_conflict',
      `${begun}, of ${before}, not of ${folder}: deposit that folder, ${remedies}`,
    );
    must(
      hasSamePaths,
      'upload_conflict',
      `${begun}, of other files of ${folder}: some have come or gone since, or --include or --exclude were others: ${remedies}`,
    );
  }

  async #begin(): Promise<OpenedUpload> {
    const { files, model, version, opener, random } = this.#toOpen;
    const { api } = this.#session;
    const sizes = [innerManifest(this.#toOpen, files, new Map()).length, ...files.map((file) => file.bytes)];
    const opening = { model, version, files: sizes.map(String), opener, replaces: await this.#replaced() };
    // May be repeated: a second call of this machine drops what the first had opened.
    const status = await withRetry(this.#retry, () => api.openUpload(opening));
    const secret = encodeScalar(uniformScalar(random));
    try {
      await this.#keep(status.upload, secret);
    } catch (error) {
      // Nothing could go on with it, and it would take the vault’s room.
      wipe(secret);
      await api.abandonUpload(status.upload).catch(() => undefined);
      throw error;
    }
    return { status, secret };
  }

  async #keep(upload: Hex, secret: Uint8Array): Promise<void> {
    if (this.#unfinished === null) return;
    const { files, folder, now, random } = this.#toOpen;
    const { key, seed } = this.#session.principal;
    const kem = depositorKem(seed);
    try {
      this.#unfinished.begin({
        upload,
        vault: this.#vault,
        depositor: key,
        began: now(),
        secret: await sealDepositSecret(this.#context, kem.publicKey, secret, random),
        paths: markOfPaths(releaseKey(secret, this.#context), files),
        folder,
      });
    } finally {
      wipe(kem.seed);
    }
  }

  /**
   * What the vault has of this version by another machine, where that is to be given up; and by this one, where what was
   * kept of it is damaged.
   */
  async #replaced(): Promise<Hex | null> {
    const { model, version, opener, replace, note } = this.#toOpen;
    if (!replace && !this.#wasDamaged) return null;
    const { uploads } = await withRetry(this.#retry, () => this.#session.api.uploads());
    const found = uploads.find((upload) => upload.model === model && upload.version === version);
    if (found === undefined || !(replace || found.opener === opener)) return null;
    const { upload, opened, silentMs, storedBytes } = found;
    note(
      `replaces     the upload that was begun at ${exactInstant(opened)}: the vault has ${exactBytes(BigInt(storedBytes))} of it, and heard of it ${Math.floor(silentMs / 60_000)} min ago`,
    );
    return upload;
  }
}
