import { ed25519 } from '@noble/curves/ed25519.js';
import { type Hex, toBase64url, wipe } from '../../src/core/bytes.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { hostReceiptMessage } from '../../src/core/log/receipt.ts';
import { MAX_DURATION_MS } from '../../src/core/schema.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { plaintextSegmentBytes, segmentCount } from '../../src/core/weights/floe.ts';
import { type InnerManifest, parseInnerManifest } from '../../src/core/weights/inner-manifest.ts';
import { type ManifestFile, plainBytes } from '../../src/core/weights/manifest.ts';
import { TimeSlice } from '../../src/platform/turns.ts';
import type { Api } from '../api/api.ts';
import { DEFAULT_RETRY, HELD_FOR_MS, Patience, type RetryPolicy } from '../api/retry.ts';
import { HOST_CLOCK, type HostClock, Lease, leaseOver } from './clock.ts';
import { type OpenedRelease, openRelease } from './open-release.ts';
import { keysOf, type PendingRelease } from './pending-release.ts';
import { openSource } from './segments.ts';
import { type SmallFile, SmallFiles } from './small-files.ts';
import { heedStops, type StopPlace } from './stops.ts';
import { type TargetAccess, TargetFolder, type WantedFile } from './target.ts';
import { requireLease } from './wait.ts';
import { watch } from './watch.ts';

interface FetchProgress {
  readonly phase: 'authority' | 'files' | 'done';
  /** The plaintext bytes that are in place, or written and verified so far. */
  readonly bytes: number;
  readonly totalBytes: number;
  /** The file that is being written. */
  readonly path: string | null;
}

export interface FetchOptions {
  /** In a session of the requester. */
  readonly api: Api;
  readonly pending: PendingRelease;
  /** Its place in the release. */
  readonly host: number;
  readonly target: TargetFolder;
  readonly verify: Verify;
  readonly retry?: RetryPolicy;
  readonly clock?: HostClock;
  /**
   * The folder to which people bring stops for this host by another way than the vault. The host looks at it regularly.
   */
  readonly stops?: StopPlace | null;
  readonly onProgress?: (progress: FetchProgress) => void;
}

/** A version that is in place, and what its receipt says. */
export interface Fetched {
  readonly keyCheck: Hex;
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: Hex }[];
  /** Plaintext of all files. */
  readonly bytes: number;
  /** Ciphertext that was received for it; less where files were in place. */
  readonly receivedBytes: number;
  /** The model's own signature, an OMS bundle that the depositor put in; not verified here. */
  readonly modelSignature: string | null;
}

/** As `fetchInto`, into a folder that is held for this alone. */
export async function fetchRelease({
  folder,
  access,
  ...options
}: Omit<FetchOptions, 'target'> & { readonly folder: string; readonly access?: TargetAccess }): Promise<Fetched> {
  const target = await TargetFolder.open(folder, fetching(options.pending), access);
  try {
    return await fetchInto({ ...options, target });
  } finally {
    await target.close();
  }
}

/** What a process does in a folder that it holds, for others who want to. */
export function fetching({ model, version }: Pick<PendingRelease, 'model' | 'version'>): string {
  return `fetching ${model}@${version}`;
}

/**
 * Takes a release: checks the vault's authority for it down to this host's keys, combines the shares, and
 * fetches every file into the folder, each renamed into place once the SHA-256 of what is on the disk is that of the
 * inner manifest. Files that are there and have it are not fetched; what a broken run left is gone on with. The release
 * key is wiped when this returns, and at the end of the lease by this host's own clock, where this ends too.
 * A stop that reaches this host by `stops` ends it too, and removes what this run has written.
 * `sendReceipt` comes next: until then, the audit counts the release as unanswered.
 *
 * Throws as `openRelease`, `openSource` and `TargetFolder`, `storage_full` before anything is fetched that there is no
 * room for, `lease_over` at the end of the lease, and the vault's codes.
 */
export async function fetchInto(options: FetchOptions): Promise<Fetched> {
  const { api, pending, host, verify, retry = DEFAULT_RETRY, clock = HOST_CLOCK } = options;
  const { onProgress = () => undefined, stops = null } = options;
  onProgress({ phase: 'authority', bytes: 0, totalBytes: 0, path: null });
  const handover = await handedOver(api, pending.release, host, retry, clock);
  const release = await openRelease(handover, pending, host, verify, clock, stops);
  const lease = new Lease(release.leaseEndsMs, clock);
  const wipeKey = () => wipe(release.releaseKey);
  lease.signal.addEventListener('abort', wipeKey, { once: true });
  const begun: string[] = [];
  let stopped: unknown = null;
  const endWatch = watch(
    async (signal) => {
      if (stops !== null) await heedStops(release.authority, stops, verify, signal);
    },
    (error) => {
      stopped = error;
      lease.end();
    },
  );
  try {
    return await fetchFiles(release, lease, begun, { ...options, retry, clock, onProgress, stops });
  } catch (error) {
    if (stopped !== null) await options.target.remove(begun);
    // Work that a lease or a stop breaks off fails in many ways. This error names the cause.
    throw stopped ?? (lease.isOver ? leaseOver() : error);
  } finally {
    endWatch();
    lease.stop();
    wipeKey();
  }
}

/**
 * Before each time that the vault is asked again, this host looks at its own clock. A vault that names the lease's end
 * may have it wait until then.
 */
async function handedOver(
  api: Api,
  releaseDigest: Hex,
  hostIndex: number,
  retry: RetryPolicy,
  clock: HostClock,
): ReturnType<Api['handover']> {
  const patience = new Patience(retry);
  let heldForMs = HELD_FOR_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      if (!isFirst) {
        const view = await api.proposal(releaseDigest);
        requireLease(view, clock.now());
        heldForMs = view.leaseEnds === null ? HELD_FOR_MS : MAX_DURATION_MS;
      }
      return await api.handover(releaseDigest, hostIndex);
    } catch (error) {
      await patience.wait(error, heldForMs);
    }
  }
}

async function fetchFiles(
  release: OpenedRelease,
  lease: Lease,
  /** Paths of what was written in this run. */
  begun: string[],
  { api, target: folder, retry, onProgress }: Required<FetchOptions>,
): Promise<Fetched> {
  const { manifestDigest: manifest, core } = release;
  const hostApi = api.withBearer(release.token, lease.signal);
  const { inner, receivedBytes: innerBytes } = await readInner(hostApi, release, lease, retry);
  const targets = inner.files.map(({ path, sha256 }, i): WantedFile => {
    return { path, sha256, plainBytes: plainBytes(core.files[i + 1] as ManifestFile), part: `${manifest}-${i + 1}` };
  });
  const totalBytes = targets.reduce((sum, target) => sum + target.plainBytes, 0);
  let bytes = 0;
  let receivedBytes = innerBytes;
  const onBytes = (path: string) => (written: number) => {
    bytes += written;
    onProgress({ phase: 'files', bytes, totalBytes, path });
  };
  const missing: (readonly [file: number, WantedFile])[] = [];
  const slice = new TimeSlice();
  for (const [i, target] of targets.entries()) {
    await slice.rest();
    lease.requireLive();
    if (await folder.isInPlace(target)) onBytes(target.path)(target.plainBytes);
    else missing.push([i + 1, target]);
  }
  await folder.requireRoom(missing.map(([, target]) => target));
  const small = new SmallFiles(hostApi, { ...release, lease }, retry);
  const written = await fetchSmall(small, folder, new Map(missing), begun, onBytes);
  receivedBytes += small.receivedBytes;
  for (const [file, target] of missing) {
    if (written.has(file)) continue;
    const source = await openSource(hostApi, { ...release, lease }, file, retry, target.path);
    begun.push(target.path);
    await folder.write(target, source, onBytes(target.path));
    receivedBytes += source.receivedBytes;
  }
  await folder.removeParts();
  onProgress({ phase: 'done', bytes, totalBytes, path: null });
  return {
    keyCheck: core.keyCheck,
    files: targets.map(({ path, sha256, plainBytes: size }) => ({ path, sha256, bytes: size })),
    bytes: totalBytes,
    receivedBytes,
    modelSignature: inner.modelSignature,
  };
}

/** Returns the files that are in place by this: what was not right is fetched again, each by itself. */
async function fetchSmall(
  source: SmallFiles,
  folder: TargetFolder,
  missing: ReadonlyMap<number, WantedFile>,
  begun: string[],
  onBytes: (path: string) => (bytes: number) => void,
): Promise<ReadonlySet<number>> {
  const written = new Set<number>();
  let writing: Promise<void> = Promise.resolve();
  const write = async (batch: readonly SmallFile[]) => {
    const files = batch.map(({ file, plaintext }) => ({ file, target: missing.get(file) as WantedFile, plaintext }));
    begun.push(...files.map(({ target }) => target.path));
    for (const { file, target } of await folder.writeSmall(files)) {
      written.add(file);
      onBytes(target.path)(target.plainBytes);
    }
  };
  try {
    for await (const batch of source.batches([...missing.keys()])) {
      // One batch is on its way to the disk while the next is decrypted.
      await writing;
      writing = write(batch);
      writing.catch(() => undefined);
    }
  } finally {
    // The steps after this may remove the written files.
    await writing;
  }
  return written;
}

/** At most 4 MiB, so it is held whole; the files' names are in no other place. */
async function readInner(
  api: Api,
  release: OpenedRelease,
  lease: Lease,
  retry: RetryPolicy,
): Promise<{ readonly inner: InnerManifest; readonly receivedBytes: number }> {
  const source = await openSource(api, { ...release, lease }, 0, retry, 'the list of the files');
  const bytes = new Uint8Array(source.plainBytes);
  const segments = segmentCount(source.plainBytes);
  for await (const { k, plaintext } of source.plaintext([{ from: 0, to: segments }])) {
    bytes.set(plaintext, k * plaintextSegmentBytes());
  }
  return { inner: parseInnerManifest(bytes, release.core), receivedBytes: source.receivedBytes };
}

/** The host's findings about the fetched model; null for each check that it did not make. */
export interface ModelFindings {
  /** SHA-256 of the model signature, where it has been verified over the plaintext. */
  readonly modelSignature: Hex | null;
  /** SHA-256 of the evaluation report. */
  readonly evaluation: Hex | null;
}

/**
 * Signs, with the host's one-time key, that the release arrived, and has it recorded. May be called again: a
 * receipt whose answer was lost has been recorded, at an index that is not known. Throws the vault's codes.
 */
export async function sendReceipt(
  api: Api,
  pending: PendingRelease,
  hostIndex: number,
  fetched: Fetched,
  findings: ModelFindings = { modelSignature: null, evaluation: null },
  retry: RetryPolicy = DEFAULT_RETRY,
): Promise<{ readonly index: number | null }> {
  const { receiptSeed } = keysOf(pending, hostIndex);
  const said = {
    host: hostIndex,
    keyCheck: fetched.keyCheck,
    files: fetched.files.length,
    bytes: String(fetched.receivedBytes),
    ...findings,
  };
  const receipt = { type: 'host' as const, release: pending.release, ...said };
  const signature = toBase64url(ed25519.sign(hostReceiptMessage(pending.vault, receipt), receiptSeed));
  const patience = new Patience(retry);
  let mayBeRecorded = false;
  for (;;) {
    try {
      const { index } = await api.sendReceipt(pending.release, { ...said, signature });
      return { index };
    } catch (error) {
      const code = error instanceof TwinlockError ? error.code : null;
      if (mayBeRecorded && code === 'statement_seen') return { index: null };
      mayBeRecorded ||= code === 'unavailable';
      await patience.wait(error);
    }
  }
}
