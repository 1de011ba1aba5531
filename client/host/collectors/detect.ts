import { readFile } from 'node:fs/promises';
import { HCL_INDEX } from './azure.ts';
import { findProgram, runCommand } from './command.ts';
import { CONFIGFS, type TsmFolder, type TsmPlatform, tsmPlatform } from './configfs-tsm.ts';

/** The places to look at. */
export interface MachineSurroundings {
  readonly tsm: TsmFolder;
  /** The machine's vendor, as the firmware says. */
  readonly vendorFile: string;
  readonly path: string;
}

export function surroundings(): MachineSurroundings {
  return { tsm: CONFIGFS, vendorFile: '/sys/class/dmi/id/sys_vendor', path: process.env['PATH'] ?? '' };
}

/**
 * The CPU's platform: what Linux has reports of, else Azure's paravisor, which keeps its own in the TPM. Null
 * where there is none of them; a TPM alone proves less, so it is never chosen without being named. Throws
 * `unavailable` where this user may not ask.
 */
export async function detectCpu({ tsm, vendorFile, path }: MachineSurroundings): Promise<TsmPlatform | 'azure' | null> {
  return (await tsmPlatform(tsm)) ?? ((await hasParavisor(vendorFile, path)) ? 'azure' : null);
}

/** The path of NVIDIA's command line tool, or null. */
export function detectNvattest({ path }: MachineSurroundings): Promise<string | null> {
  return findProgram('nvattest', path);
}

async function hasParavisor(vendorFile: string, path: string): Promise<boolean> {
  const vendor = await readFile(vendorFile, 'utf8').catch(() => '');
  const file = await findProgram('tpm2_nvreadpublic', path);
  if (vendor.trim() !== 'Microsoft Corporation' || file === null) return false;
  return runCommand({ file, args: [HCL_INDEX], variables: ['TPM2TOOLS_TCTI'], remedy: '' }).then(
    () => true,
    () => false,
  );
}
