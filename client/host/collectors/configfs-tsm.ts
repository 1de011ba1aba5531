import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { fromUtf8, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { must, TwinlockError } from '../../../src/core/errors.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { snpEndorsementsOf } from './certificate-table.ts';
import type { BoundData, Collected, CpuCollector } from './machine.ts';

const ROOT = '/sys/kernel/config/tsm/report';
const PROVIDERS: Readonly<Record<string, TsmPlatform>> = { sev_guest: 'snp', tdx_guest: 'tdx' };
const SNP_REPORT_BYTES = 1184;
/** A TD quote with its certification data is 5 to 8 KiB, a certificate table 6 KiB. */
const MAX_BLOB_BYTES = 64 * 1024;
const MAX_TEXT_BYTES = 4096;
const MAX_ATTEMPTS = 3;

export type TsmPlatform = 'snp' | 'tdx';

/** The folder that the kernel answers in. */
export interface TsmFolder {
  readonly root: string;
  /** Makes an entry, which the kernel fills with its files. */
  make(path: string): Promise<void>;
  /** Removes it, with its files. */
  remove(path: string): Promise<void>;
}

export const CONFIGFS: TsmFolder = {
  root: ROOT,
  make: async (path) => {
    await mkdir(path);
  },
  remove: rmdir,
};

export interface TsmOptions {
  readonly folder: TsmFolder;
  readonly platform: TsmPlatform;
  /** The privilege level, 0 to 3, to report as; null for the kernel's own choice. SEV-SNP only. */
  readonly vmpl: number | null;
  /** The issuer of the chip's certificate, DER, where the hypervisor does not give it. */
  readonly ask: Uint8Array | null;
}

/**
 * SEV-SNP and TDX guests, through Linux's configfs-tsm-report (6.7 and later). Each report has an entry of its
 * own, so that no other process can come between; the generation is compared all the same.
 */
export class ConfigfsTsm implements CpuCollector {
  readonly #options: TsmOptions;

  constructor(options: TsmOptions) {
    this.#options = options;
  }

  async report({ reportData }: BoundData): Promise<Collected> {
    const { folder, platform, ask } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const blobs = await withEntry(folder, (entry) => this.#ask(entry, reportData));
      if (blobs !== null) return platform === 'snp' ? snp(blobs, ask) : tdx(blobs);
    }
    throw new TwinlockError(
      'unavailable',
      `${folder.root}: ${MAX_ATTEMPTS} reports did not stand; is anything else at it?`,
    );
  }

  /** Returns null where another process has written to the entry. */
  async #ask(entry: string, reportData: Uint8Array): Promise<Blobs | null> {
    const { platform, vmpl } = this.#options;
    const provider = await readText(entry, 'provider');
    must(
      PROVIDERS[provider] === platform,
      'unavailable',
      `${entry}: expected a provider for ${platform}, got ${provider}; leave --evidence out to take what is there`,
    );
    const before = await generation(entry);
    if (vmpl !== null) await write(entry, 'privlevel', String(vmpl));
    await write(entry, 'inblob', reportData);
    const outblob = await read(entry, 'outblob', MAX_BLOB_BYTES);
    const auxblob = platform === 'snp' ? await read(entry, 'auxblob', MAX_BLOB_BYTES) : new Uint8Array(0);
    // Also what tells that a write was refused: the kernel takes a blob when it is closed, and close never fails.
    const writes = vmpl === null ? 1 : 2;
    return (await generation(entry)) === before + writes ? { outblob, auxblob } : null;
  }
}

interface Blobs {
  readonly outblob: Uint8Array;
  readonly auxblob: Uint8Array;
}

function snp({ outblob, auxblob }: Blobs, ask: Uint8Array | null): Collected {
  const { length } = outblob;
  must(length === SNP_REPORT_BYTES, 'malformed', `outblob: expected ${SNP_REPORT_BYTES} bytes, got ${length}`);
  const endorsements = snpEndorsementsOf(auxblob, outblob, ask);
  return {
    report: { platform: 'snp', report: toBase64url(outblob) },
    endorsements: { ...NO_ENDORSEMENTS, ...(endorsements === null ? {} : { snp: endorsements }) },
  };
}

/** The collateral is the vault's to get: it is the same for every machine of a kind. */
function tdx({ outblob }: Blobs): Collected {
  must(outblob.length > 0, 'unavailable', 'outblob: the quote is empty; does the host run a quote generation service?');
  return { report: { platform: 'tdx', quote: toBase64url(outblob) }, endorsements: NO_ENDORSEMENTS };
}

/** The platform that answers; null where none does. Throws `unavailable` where this user may not ask. */
export async function tsmPlatform(folder: TsmFolder): Promise<TsmPlatform | null> {
  try {
    const provider = await withEntry(folder, (entry) => readText(entry, 'provider'));
    return PROVIDERS[provider] ?? null;
  } catch (error) {
    if (error instanceof TwinlockError && error.detail['errno'] === 'EACCES') throw error;
    return null;
  }
}

async function withEntry<T>(folder: TsmFolder, ask: (entry: string) => Promise<T>): Promise<T> {
  const entry = join(folder.root, `twinlock-${toHex(platformRandom(8))}`);
  await folder.make(entry).catch((error: unknown) => {
    throw absent(error, folder.root);
  });
  try {
    return await ask(entry);
  } finally {
    // Best effort: one that stays holds nothing, and must not hide why the report failed.
    await folder.remove(entry).catch(() => undefined);
  }
}

function absent(error: unknown, root: string): TwinlockError {
  const errno = errnoOf(error);
  const why =
    errno === 'EACCES' || errno === 'EPERM'
      ? 'this user may not ask for reports; run it as root'
      : 'no platform answers; is this a confidential VM with Linux 6.7 or later, and configfs mounted?';
  return new TwinlockError(
    'unavailable',
    `${root}: ${why}`,
    { errno: errno === 'EPERM' ? 'EACCES' : errno },
    { cause: error },
  );
}

async function generation(entry: string): Promise<number> {
  const text = await readText(entry, 'generation');
  must(/^[0-9]{1,15}$/.test(text), 'malformed', `generation: expected a number, got ${text}`);
  return Number(text);
}

async function readText(entry: string, name: string): Promise<string> {
  return fromUtf8(await read(entry, name, MAX_TEXT_BYTES)).trim();
}

async function read(entry: string, name: string, maxBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxBytes + 1);
  const length = await withFile(entry, name, constants.O_RDONLY, async (file) => {
    let total = 0;
    while (total < bytes.length) {
      const { bytesRead } = await file.read(bytes, total);
      if (bytesRead === 0) break;
      total += bytesRead;
    }
    return total;
  });
  must(length <= maxBytes, 'too_large', `${name}: expected at most ${maxBytes} bytes`);
  return bytes.slice(0, length);
}

async function write(entry: string, name: string, value: Uint8Array | string): Promise<void> {
  const bytes = typeof value === 'string' ? utf8(value) : value;
  // Not writeFile, which would make the file where the platform has none of this name.
  await withFile(entry, name, constants.O_WRONLY, (file) => file.write(bytes));
}

async function withFile<T>(
  entry: string,
  name: string,
  flags: number,
  act: (file: FileHandle) => Promise<T>,
): Promise<T> {
  try {
    const file = await open(join(entry, name), flags);
    try {
      return await act(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    const errno = errnoOf(error);
    throw new TwinlockError('unavailable', `${entry}/${name}: ${errno}`, { errno }, { cause: error });
  }
}

function errnoOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? 'unknown';
}
