import { equal, type Hex, toHex, wipe } from '../../src/core/bytes.ts';
import { depositorKem, openDepositSecret, sealDepositSecret } from '../../src/core/envelope/deposit-secret.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import { inScope } from '../../src/core/statement/principal.ts';
import { keyCheckValue, manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import type { UploadStatus } from '../api.ts';
import { exactInstant } from '../exact.ts';
import type { PrincipalSession } from '../principal.ts';
import type { Replica } from '../replica.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../retry.ts';
import { deal } from './deal.ts';
import { type Contents, type Encryption, encryptFolder, innerManifest } from './encrypt.ts';
import { walkFolder } from './folder.ts';
import type { FoundFile } from './found-file.ts';
import { BY_ANY_CLOCK, recordDeposit } from './record.ts';
import { markOfPaths, StoredFiles } from './stored-files.ts';
import { Unfinished } from './unfinished.ts';
import { UPLOAD_HELD_FOR_MS, Uploader } from './upload.ts';

interface DepositProgress {
  readonly phase: 'encrypting' | 'dealing' | 'done';
  /** Of plaintext. */
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface DepositOptions extends Contents {
  readonly now: () => number;
  readonly random: RandomBytes;
  /** Those of the folder to deposit, as `walkFolder` has found them; without it, what it finds. */
  readonly files?: readonly FoundFile[];
  /** Where this machine keeps what goes on with the deposit, should this process end early; null keeps nothing. */
  readonly stateDir?: string | null;
  readonly retry?: RetryPolicy;
  readonly onProgress?: (progress: DepositProgress) => void;
  /** A line for the person who deposits: that it goes on, what has changed, how to go on. */
  readonly onNote?: (line: string) => void;
}

export interface DepositedVersion {
  readonly manifest: Hex;
  readonly files: number;
  readonly bytes: number;
  /** Envelopes that custodians have yet to open and check. */
  readonly envelopes: number;
}

/** After these, the same upload becomes no version, however often it is tried again. */
const FINAL: ReadonlySet<Code> = new Set<Code>([
  'version_exists',
  'manifest_mismatch',
  'principal_unknown',
  'principal_retired',
  'out_of_scope',
]);
/** A vault that hears nothing of an upload for an hour drops it, and much of a large folder may have to be read again. */
const HEARD_EVERY_MS = 10 * 60_000;

/**
 * Deposits a folder as a new version, quarantined until a quorum publishes it. `replica` has been followed
 * from the fingerprint, so the custodians' keys are those that they bound themselves; it is extended before
 * the shares are dealt. Every byte is read once, and once more where another process had begun: what the vault has
 * stored of it stays. The release key leaves this process only into `stateDir`, sealed to the depositor's own key until
 * the deposit is recorded or cannot be, and is wiped.
 *
 * Throws `principal_unknown`, `out_of_scope`, `version_exists`, `in_use` where another process makes the same deposit, as
 * `walkFolder` and `readFound`, `unavailable` once the vault has not been reached for as long as `retry` says, and the
 * vault's codes.
 */
export async function deposit(
  session: PrincipalSession,
  replica: Replica,
  options: DepositOptions,
): Promise<DepositedVersion> {
  const { model, version, folder, stateDir = null } = options;
  const { facts } = replica;
  const depositor = session.principal.key;
  const unfinished =
    stateDir === null ? null : await Unfinished.open(stateDir, { vault: facts.vault, model, version, depositor });
  try {
    requireMayDeposit(facts, session, options);
    const files = options.files ?? (await walkFolder(folder)).files;
    const deposited = await new Deposition(session, replica, { ...options, files }, unfinished).run();
    await unfinished?.erase();
    return deposited;
  } catch (error) {
    await leave(session, unfinished, error, options);
    throw error;
  } finally {
    await unfinished?.close();
  }
}

/** What the fold would refuse after hours of uploading is refused first. */
function requireMayDeposit(facts: Facts, { principal }: PrincipalSession, { model }: Contents): void {
  const { name, key } = principal;
  const enrolled = facts.principals.get(key);
  must(enrolled?.role === 'depositor', 'principal_unknown', `the key ${name} is not enrolled as a depositor`);
  must(inScope(enrolled.models, model), 'out_of_scope', `the key ${name} may not deposit ${model}`);
}

/** What can be gone on with stays for an hour at the vault, and here; nothing stays of what cannot. */
async function leave(
  { api }: PrincipalSession,
  unfinished: Unfinished | null,
  error: unknown,
  { model, version, onNote }: DepositOptions,
): Promise<void> {
  const begun = unfinished?.begun ?? null;
  if (begun === null || unfinished === null) return;
  if (!(error instanceof TwinlockError && FINAL.has(error.code))) {
    onNote?.(
      `unfinished   run the same command again within an hour to go on, or give it up: twinlock deposit --abandon ${model}@${version}`,
    );
    return;
  }
  await unfinished.erase();
  await api.abandonUpload(begun.upload).catch(() => undefined);
}

/** An upload that is open, and the secret that its release key is made of. */
interface Opened {
  readonly status: UploadStatus;
  readonly secret: Uint8Array;
}

/** One deposit, by one process. */
class Deposition {
  readonly #session: PrincipalSession;
  readonly #replica: Replica;
  readonly #options: DepositOptions & { readonly files: readonly FoundFile[] };
  readonly #unfinished: Unfinished | null;
  readonly #context: Uint8Array;
  readonly #retry: RetryPolicy;

  constructor(
    session: PrincipalSession,
    replica: Replica,
    options: DepositOptions & { readonly files: readonly FoundFile[] },
    unfinished: Unfinished | null,
  ) {
    const { model, version, retry = DEFAULT_RETRY } = options;
    this.#session = session;
    this.#replica = replica;
    this.#options = options;
    this.#unfinished = unfinished;
    this.#context = manifestContext(replica.facts.vault, model, version);
    this.#retry = retry;
  }

  async run(): Promise<DepositedVersion> {
    const kept = await this.#keptSecret();
    try {
      const recorded = this.#recordedBefore(kept);
      if (recorded !== null) return recorded;
      const opened = (kept === null ? null : await this.#goOn(kept)) ?? (await this.#begin());
      try {
        return await this.#deposit(opened);
      } finally {
        wipe(opened.secret);
      }
    } finally {
      if (kept !== null) wipe(kept);
    }
  }

  /** Null where nothing was begun, or what was kept cannot be opened. */
  async #keptSecret(): Promise<Uint8Array | null> {
    const begun = this.#unfinished?.begun ?? null;
    if (begun === null) return null;
    const kem = depositorKem(this.#session.principal.seed);
    try {
      return await openDepositSecret(this.#context, kem, begun.secret);
    } catch (error) {
      if (!(error instanceof TwinlockError && error.code === 'envelope_invalid')) throw error;
      this.#options.onNote?.('begins anew  what this machine kept of the unfinished deposit is damaged');
      return null;
    } finally {
      wipe(kem.seed);
    }
  }

  /** The process before may have been killed between the record and the end. Throws `version_exists`. */
  #recordedBefore(secret: Uint8Array | null): DepositedVersion | null {
    const { facts } = this.#replica;
    const named = versionKey(this.#options.model, this.#options.version);
    const manifest = facts.names.get(named);
    if (manifest === undefined) return null;
    const version = facts.versions.get(manifest);
    const isOwn = secret !== null && version?.keyCheck === toHex(keyCheckValue(releaseKey(secret, this.#context)));
    must(isOwn, 'version_exists', `${named} has been deposited before: take another version`);
    const [, ...sizes] = version.files;
    return { manifest, files: sizes.length, bytes: sum(sizes), envelopes: version.envelopes.length };
  }

  /** Null where the deposit has to begin anew. */
  async #goOn(secret: Uint8Array): Promise<Opened | null> {
    const { files, onNote } = this.#options;
    const begun = this.#unfinished?.begun ?? null;
    if (begun === null) return null;
    if (!equal(begun.paths, markOfPaths(releaseKey(secret, this.#context), files))) {
      onNote?.('begins anew  files have come to the folder or are gone since the unfinished deposit was begun');
      return null;
    }
    const since = exactInstant(begun.began);
    try {
      const status = await withRetry(this.#retry, () => this.#session.api.takeUploadOver(begun.upload));
      onNote?.(`goes on      with the deposit that was begun at ${since}; reads again what the vault has`);
      return { status, secret: secret.slice() };
    } catch (error) {
      if (!(error instanceof TwinlockError && error.code === 'upload_unknown')) throw error;
      onNote?.(
        `begins anew  the vault has dropped what was begun at ${since}: it had heard nothing of it for an hour, or it was given up`,
      );
      return null;
    }
  }

  async #begin(): Promise<Opened> {
    const { model, version, files, random, now } = this.#options;
    const { api, principal } = this.#session;
    const sizes = [innerManifest(this.#options, files, new Map()).length, ...files.map((file) => file.bytes)];
    const opening = { model, version, files: sizes.map(String) };
    // May be repeated: a second call for the same version drops what the first had stored.
    const status = await withRetry(this.#retry, () => api.openUpload(opening));
    const secret = encodeScalar(uniformScalar(random));
    if (this.#unfinished !== null) {
      const kem = depositorKem(principal.seed);
      this.#unfinished.begin({
        upload: status.upload,
        began: now(),
        secret: await sealDepositSecret(this.#context, kem.publicKey, secret, random),
        paths: markOfPaths(releaseKey(secret, this.#context), files),
      });
      wipe(kem.seed);
    }
    return { status, secret };
  }

  async #deposit({ status, secret }: Opened): Promise<DepositedVersion> {
    const { model, version, files, random, now, onProgress, onNote } = this.#options;
    const { api, principal } = this.#session;
    const key = releaseKey(secret, this.#context);
    const totalBytes = sum(files.map((file) => file.bytes));
    let bytes = 0;
    const uploader = new Uploader(api, status, this.#retry, (parts) => this.#unfinished?.keep(parts));
    const encryption: Encryption = {
      contents: this.#options,
      files,
      releaseKey: key,
      context: this.#context,
      random,
      stored: new StoredFiles(key, status, this.#unfinished),
      onBytes: (read) => {
        bytes += read;
        onProgress?.({ phase: 'encrypting', bytes, totalBytes });
      },
      onChanged: (path) => onNote?.(`changed      ${path}: it is encrypted and sent anew`),
    };
    const heard = setInterval(() => api.upload(status.upload).catch(() => undefined), HEARD_EVERY_MS);
    try {
      const encrypted = await encryptFolder(encryption, uploader);
      onProgress?.({ phase: 'dealing', bytes, totalBytes });
      await withRetry(this.#retry, () => this.#replica.extend(BY_ANY_CLOCK), UPLOAD_HELD_FOR_MS);
      const named = { model, version, depositor: principal.key, created: now() };
      const toDeal = { ...named, files: encrypted, context: this.#context, releaseKey: key, secret };
      const dealt = await deal(this.#replica.facts, toDeal, random);
      await recordDeposit(this.#session, this.#replica, status.upload, dealt, this.#retry);
      onProgress?.({ phase: 'done', bytes, totalBytes });
      return { manifest: dealt.manifest, files: files.length, bytes: totalBytes, envelopes: dealt.envelopes.length };
    } catch (error) {
      // Nothing goes on with it.
      if (this.#unfinished === null) await api.abandonUpload(status.upload).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(heard);
      wipe(key);
    }
  }
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, bytes) => total + bytes, 0);
}
