import { ed25519 } from '@noble/curves/ed25519.js';
import { type Hex, toBase64url, wipe } from '../../src/core/bytes.ts';
import { canonicalBytes } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { type Facts, versionKey } from '../../src/core/state/state.ts';
import { inScope } from '../../src/core/statement/principal.ts';
import { manifestSignatureMessage } from '../../src/core/weights/manifest.ts';
import { manifestContext, releaseKey } from '../../src/core/weights/release-key.ts';
import type { PrincipalSession } from '../principal.ts';
import type { Replica } from '../replica.ts';
import { DEFAULT_RETRY, Patience, type RetryPolicy, withRetry } from '../retry.ts';
import { type Dealt, deal } from './deal.ts';
import { type Contents, encryptFolder, innerManifest } from './encrypt.ts';
import { walkFolder } from './folder.ts';
import type { FoundFile } from './found-file.ts';
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
  readonly retry?: RetryPolicy;
  readonly onProgress?: (progress: DepositProgress) => void;
}

export interface DepositedVersion {
  readonly manifest: Hex;
  readonly files: number;
  readonly bytes: number;
  /** Envelopes that custodians have yet to open and check. */
  readonly envelopes: number;
}

/** Nothing of a deposit rests on the vault's clock: one that is wrong for a moment must not cost hours of uploading. */
const BY_ANY_CLOCK = { now: null };

/**
 * Deposits a folder as a new version, quarantined until a quorum publishes it. `replica` has been followed
 * from the fingerprint, so the custodians' keys are those that they bound themselves; it is extended before
 * the shares are dealt. Every byte is read once. The release key never leaves this function, and is wiped.
 *
 * Throws `principal_unknown`, `out_of_scope`, `version_exists`, as `walkFolder` and `readFound`, `unavailable`
 * once the vault has not been reached for as long as `retry` says, and the vault's codes.
 */
export async function deposit(
  session: PrincipalSession,
  replica: Replica,
  options: DepositOptions,
): Promise<DepositedVersion> {
  const { model, version, folder, random, now, onProgress, retry = DEFAULT_RETRY } = options;
  requireMayDeposit(replica.facts, session, options);
  const files = options.files ?? (await walkFolder(folder)).files;
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const sizes = [innerManifest(options, files, new Map()).length, ...files.map((file) => file.bytes)];
  // May be repeated: a second call for the same version drops what the first had stored.
  const upload = await withRetry(retry, () => session.api.openUpload({ model, version, files: sizes.map(String) }));
  const context = manifestContext(replica.facts.vault, model, version);
  const secret = encodeScalar(uniformScalar(random));
  const key = releaseKey(secret, context);
  let bytes = 0;
  const onBytes = (read: number) => {
    bytes += read;
    onProgress?.({ phase: 'encrypting', bytes, totalBytes });
  };
  try {
    const encryption = { contents: options, files, releaseKey: key, context, random, onBytes };
    const encrypted = await encryptFolder(encryption, new Uploader(session.api, upload, retry));
    onProgress?.({ phase: 'dealing', bytes, totalBytes });
    const depositor = session.principal.key;
    const toDeal = { model, version, depositor, created: now(), files: encrypted, context, releaseKey: key, secret };
    await withRetry(retry, () => replica.extend(BY_ANY_CLOCK), UPLOAD_HELD_FOR_MS);
    const dealt = await deal(replica.facts, toDeal, random);
    await post(session, replica, upload.upload, dealt, retry);
    onProgress?.({ phase: 'done', bytes, totalBytes });
    return { manifest: dealt.manifest, files: files.length, bytes: totalBytes, envelopes: dealt.envelopes.length };
  } finally {
    wipe(secret, key);
  }
}

/** What the fold would refuse after hours of uploading is refused first. */
function requireMayDeposit(facts: Facts, { principal }: PrincipalSession, { model, version }: Contents): void {
  const { name, key } = principal;
  const enrolled = facts.principals.get(key);
  must(enrolled?.role === 'depositor', 'principal_unknown', `the key ${name} is not enrolled as a depositor`);
  must(inScope(enrolled.models, model), 'out_of_scope', `the key ${name} may not deposit ${model}`);
  const named = versionKey(model, version);
  must(!facts.names.has(named), 'version_exists', `${named} has been deposited before: take another version`);
}

/** Where the answer was lost, the log says whether the deposit was recorded. */
async function post(
  { api, principal }: PrincipalSession,
  replica: Replica,
  upload: Hex,
  { core, manifest, envelopes }: Dealt,
  retry: RetryPolicy,
): Promise<void> {
  const signature = ed25519.sign(manifestSignatureMessage(core.vault, manifest), principal.seed);
  const body = {
    upload,
    manifest: toBase64url(canonicalBytes(core)),
    signature: toBase64url(signature),
    envelopes: [...envelopes],
  };
  const patience = new Patience(retry);
  let mayBeRecorded = false;
  for (;;) {
    try {
      if (mayBeRecorded) await replica.extend(BY_ANY_CLOCK);
      if (replica.facts.versions.has(manifest)) return;
      await api.deposit(body);
      return;
    } catch (error) {
      mayBeRecorded ||= error instanceof TwinlockError && error.code === 'unavailable';
      await patience.wait(error, UPLOAD_HELD_FOR_MS);
    }
  }
}
