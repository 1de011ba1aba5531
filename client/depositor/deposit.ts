import { realpath } from 'node:fs/promises';
import { type Hex, wipe } from '../../src/core/bytes.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import type { Facts } from '../../src/core/state/state.ts';
import { requireInScope } from '../../src/core/statement/principal.ts';
import { parseManifest, plainBytes } from '../../src/core/weights/manifest.ts';
import { manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import { DEFAULT_RETRY, type RetryPolicy, withRetry } from '../api/retry.ts';
import { exactInstant } from '../display/exact.ts';
import type { Replica } from '../log/replica.ts';
import type { PrincipalSession } from '../principal/principal.ts';
import { dealShares } from './deal.ts';
import { type Contents, type Encryption, encryptFolder } from './encrypt.ts';
import { walkFolder } from './folder.ts';
import type { FoundFile } from './found-file.ts';
import { newOpener, ownOpener } from './opener.ts';
import { DepositOpening, type OpenedUpload, type ToOpen } from './opening.ts';
import { BY_ANY_CLOCK, recordDeposit } from './record.ts';
import { StoredFiles } from './stored-files.ts';
import { Unfinished } from './unfinished.ts';
import { UPLOAD_HELD_FOR_MS, Uploader } from './upload.ts';

interface DepositProgress {
  readonly phase: 'encrypting' | 'dealing' | 'done';
  /** The length of the plaintext. */
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
  /**
   * An unfinished deposit of this version, of another folder or other files, or by another machine with the same key, is
   * given up for this one. Without it, that is refused.
   */
  readonly replace?: boolean;
  /** Interrupts it; the API of the session has the same. */
  readonly signal?: AbortSignal;
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
/**
 * A vault that hears nothing of an upload for an hour drops it, and much of a large folder may have to be read again.
 */
const HEARD_EVERY_MS = 10 * 60_000;

/**
 * Deposits a folder as a new version, quarantined until a quorum publishes it. `replica` has been followed
 * from the fingerprint, so the custodians' keys are those that they bound themselves; it is extended before
 * the shares are dealt. Every byte is read once, and once more where another process had begun: what the vault has
 * stored of it stays. The release key leaves this process only into `stateDir`, sealed to the depositor's own key until
 * the deposit is recorded or cannot be, and is wiped.
 *
 * Throws `principal_unknown`, `out_of_scope`, `version_exists`, `in_use` where another process makes the same deposit,
 * `upload_conflict` where another is unfinished that `replace` does not give up, `cancelled`, as `walkFolder` and
 * `readFound`, `unavailable` once the vault has not been reached for as long as `retry` says, and the vault's codes.
 */
export async function deposit(
  session: PrincipalSession,
  replica: Replica,
  options: DepositOptions,
): Promise<DepositedVersion> {
  const { model, version, folder, stateDir = null, random } = options;
  const { facts } = replica;
  const depositor = session.principal.key;
  const unfinished =
    stateDir === null ? null : await Unfinished.open(stateDir, { vault: facts.vault, model, version, depositor });
  try {
    requireMayDeposit(facts, session, options);
    await unfinished?.eraseForgotten({ vault: facts.vault, depositor }, async () => {
      const { uploads } = await session.api.uploads();
      return uploads.map(({ upload }) => upload);
    });
    const toOpen = {
      ...options,
      files: options.files ?? (await walkFolder(folder)).files,
      folder: await realpath(folder),
      opener: await (stateDir === null ? newOpener(random) : ownOpener(stateDir, random)),
      replace: options.replace ?? false,
      note: options.onNote ?? (() => undefined),
    };
    const deposited = await new Deposition(session, replica, toOpen, unfinished).run();
    await unfinished?.erase();
    return deposited;
  } catch (error) {
    throw await leave(session, unfinished, error, options);
  } finally {
    await unfinished?.close();
  }
}

/** Checks before hours of uploading what the fold would refuse after them. */
function requireMayDeposit(facts: Facts, { principal }: PrincipalSession, { model }: Contents): void {
  const { name, key } = principal;
  const enrolled = facts.principals.get(key);
  must(enrolled?.role === 'depositor', 'principal_unknown', `the key ${quoted(name)} is not enrolled as a depositor`);
  requireInScope(enrolled, model);
}

/**
 * Ends a failed run: keeps a deposit that can be continued within an hour, and erases any other. Returns the error to
 * show.
 */
async function leave(
  { api }: PrincipalSession,
  unfinished: Unfinished | null,
  error: unknown,
  { model, version, onNote }: DepositOptions,
): Promise<unknown> {
  if (!(error instanceof TwinlockError)) return error;
  const begun = unfinished?.begun ?? null;
  const goOn = `run the same command again within an hour to go on, or give it up: twinlock deposit --abandon ${model}@${version}`;
  if (error.code === 'cancelled') {
    const left = begun === null ? 'the next run begins anew' : `the deposit is unfinished: ${goOn}`;
    return new TwinlockError('cancelled', `interrupted: ${left}`, error.detail, { cause: error });
  }
  if (error.code === 'upload_unknown') return ended(api, error, `${model}@${version}`);
  if (begun === null || unfinished === null) return error;
  if (FINAL.has(error.code)) {
    await unfinished.erase();
    await api.abandonUpload(begun.upload).catch(() => undefined);
  } else if (error.code !== 'upload_conflict') {
    onNote?.(`unfinished   ${goOn}`);
  }
  return error;
}

/** An upload that was under way, and is not any more: what to do depends on whether another has taken its place. */
async function ended(api: PrincipalSession['api'], error: TwinlockError, named: string): Promise<TwinlockError> {
  const listed = await api.uploads().catch(() => null);
  const other = listed?.uploads.find(({ model, version }) => `${model}@${version}` === named);
  if (other === undefined) {
    const message = `the vault has dropped the upload of ${named}: it had heard nothing of it for an hour, or it was given up: run the same command again to begin anew`;
    return new TwinlockError('upload_unknown', message, error.detail, { cause: error });
  }
  const message = `another deposit of ${named} with this key, begun at ${exactInstant(other.opened)}, has replaced this one: let that one end, or replace it (twinlock deposit --replace)`;
  return new TwinlockError('upload_conflict', message, error.detail, { cause: error });
}

interface Depositing extends ToOpen {
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
  readonly onProgress?: (progress: DepositProgress) => void;
}

async function depositedBefore(replica: Replica, manifestDigest: Hex): Promise<DepositedVersion> {
  const version = replica.facts.versions.get(manifestDigest);
  must(version !== undefined, 'internal', 'a name without its version');
  const [, ...sizes] = parseManifest(await replica.object(manifestDigest)).core.files.map(plainBytes);
  return { manifest: manifestDigest, files: sizes.length, bytes: sum(sizes), envelopes: version.envelopes.length };
}

/** One deposit, by one process. */
class Deposition {
  readonly #session: PrincipalSession;
  readonly #replica: Replica;
  readonly #options: Depositing;
  readonly #unfinished: Unfinished | null;
  readonly #opening: DepositOpening;
  readonly #context: Uint8Array;
  readonly #retry: RetryPolicy;

  constructor(session: PrincipalSession, replica: Replica, options: Depositing, unfinished: Unfinished | null) {
    const { model, version, retry = DEFAULT_RETRY } = options;
    const { vault } = replica.facts;
    this.#session = session;
    this.#replica = replica;
    this.#options = options;
    this.#unfinished = unfinished;
    this.#opening = new DepositOpening(session, vault, options, unfinished, retry);
    this.#context = manifestContext(vault, model, version);
    this.#retry = retry;
  }

  async run(): Promise<DepositedVersion> {
    const { facts } = this.#replica;
    const kept = await this.#opening.keptSecret();
    try {
      const recorded = this.#opening.recordedBefore(facts, kept);
      if (recorded !== null) return await depositedBefore(this.#replica, recorded);
      const opened = await this.#opening.open(kept);
      try {
        return await this.#deposit(opened);
      } finally {
        wipe(opened.secret);
      }
    } finally {
      if (kept !== null) wipe(kept);
    }
  }

  async #deposit({ status, secret }: OpenedUpload): Promise<DepositedVersion> {
    const { model, version, files, random, now, onProgress, note, signal } = this.#options;
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
        // Reading asks nothing of the vault, and may take an hour.
        must(read < 0 || signal?.aborted !== true, 'cancelled', 'interrupted');
        bytes += read;
        onProgress?.({ phase: 'encrypting', bytes, totalBytes });
      },
      onChanged: (path) => note(`changed      ${path}: it is encrypted and sent anew`),
    };
    const heard = setInterval(() => api.upload(status.upload).catch(() => undefined), HEARD_EVERY_MS);
    try {
      const encrypted = await encryptFolder(encryption, uploader);
      onProgress?.({ phase: 'dealing', bytes, totalBytes });
      await withRetry(this.#retry, () => this.#replica.extend(BY_ANY_CLOCK), UPLOAD_HELD_FOR_MS);
      const named = { model, version, depositor: principal.key, created: now() };
      const toDeal = { ...named, files: encrypted, context: this.#context, releaseKey: key, secret };
      const dealt = await dealShares(this.#replica.facts, toDeal, random);
      await recordDeposit(this.#session, this.#replica, status.upload, dealt, this.#retry);
      onProgress?.({ phase: 'done', bytes, totalBytes });
      return {
        manifest: dealt.manifestDigest,
        files: files.length,
        bytes: totalBytes,
        envelopes: dealt.envelopes.length,
      };
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
