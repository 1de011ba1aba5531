import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TwinlockError } from '../../src/core/errors.ts';
import { derOfFile } from '../../src/core/x509/der-text.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { AZURE_QUOTE_URL, AzureParavisor } from './collectors/azure.ts';
import { type Command, runCommand } from './collectors/command.ts';
import { ConfigfsTsm, type TsmPlatform } from './collectors/configfs-tsm.ts';
import { surroundings } from './collectors/detect.ts';
import type { CpuCollector } from './collectors/machine.ts';
import { type TokenCommand, TrustAuthorityToken } from './collectors/token.ts';
import { Tpm, type TpmOptions } from './collectors/tpm.ts';
import { readOrMakeSimulatedChip } from './simulated-chip-file.ts';

/** As much as derOfFile takes of PEM. */
const MAX_CERTIFICATES_BYTES = 256 << 10;

/**
 * What a source of evidence may ask of the machine that it runs on. The platforms' own files are pure, so that the
 * console's page can show what they say; a program of the vendor's is run by `run`.
 */
export interface HostDevices {
  /** The output of a program. Throws as `runCommand`. */
  run(command: Command): Promise<Uint8Array>;
  /** Gives the bytes in a file that this user alone can read, and that is gone afterwards. */
  withFile<T>(bytes: Uint8Array, act: (path: string) => Promise<T>): Promise<T>;
  /** Certificates of a file in PEM or DER, each in DER; throws as `readInput`, and `malformed`. */
  certificatesIn(path: string): Promise<readonly Uint8Array[]>;
  /** Linux's configfs-tsm. */
  tsm(options: { platform: TsmPlatform; vmpl: number | null; ask: Uint8Array | null }): CpuCollector;
  tpm(options: TpmOptions): CpuCollector;
  azureParavisor(options: { pcrs: readonly number[] }): CpuCollector;
  trustAuthorityToken(command: TokenCommand): CpuCollector;
  /** The simulated chip with the key in this file. The file is made if there is none. */
  simulatedChip(path: string): Promise<CpuCollector>;
}

/** This machine. */
export const HOST_DEVICES: HostDevices = {
  run: runCommand,
  withFile,
  certificatesIn,
  tsm: (options) => new ConfigfsTsm({ folder: surroundings().tsm, ...options }),
  tpm: (options) => new Tpm(options),
  azureParavisor: ({ pcrs }) => new AzureParavisor({ pcrs, quoteUrl: AZURE_QUOTE_URL }),
  trustAuthorityToken: (command) => new TrustAuthorityToken(command),
  simulatedChip: readOrMakeSimulatedChip,
};

async function withFile<T>(bytes: Uint8Array, act: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'twinlock-evidence-'));
  try {
    const path = join(folder, 'data');
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
    return await act(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function certificatesIn(path: string): Promise<readonly Uint8Array[]> {
  const bytes = await readInput(path, MAX_CERTIFICATES_BYTES);
  try {
    return derOfFile(bytes, 'CERTIFICATE');
  } catch (error) {
    throw error instanceof TwinlockError ? new TwinlockError(error.code, `${path}: ${error.message}`) : error;
  }
}
