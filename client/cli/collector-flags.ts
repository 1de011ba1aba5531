import { type Command, Option } from 'commander';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { derOfFile } from '../../src/core/x509/der-text.ts';
import type { EvidenceCollector } from '../host/collector.ts';
import { AZURE_QUOTE_URL, AzureParavisor } from '../host/collectors/azure.ts';
import { ConfigfsTsm, type TsmPlatform } from '../host/collectors/configfs-tsm.ts';
import { detectCpu, detectNvattest, surroundings } from '../host/collectors/detect.ts';
import { type Collectors, type CpuCollector, type GpuCollector, machine } from '../host/collectors/machine.ts';
import { Nvattest } from '../host/collectors/nvattest.ts';
import { NrasToken, TrustAuthorityToken } from '../host/collectors/token.ts';
import { Tpm } from '../host/collectors/tpm.ts';
import { readInput } from '../input-file.ts';
import { readOrMakeSimulatedChip } from './simulated-chip-file.ts';

const PLATFORMS = ['snp', 'tdx', 'tpm', 'azure', 'token', 'simulated'] as const;
type Platform = (typeof PLATFORMS)[number];

/** As much as derOfFile takes of PEM. */
const MAX_CERTIFICATES_BYTES = 256 << 10;

/** What the boot measured; not 10, which grows while the machine runs, and what is quoted must still be there. */
const DEFAULT_PCRS = '0-9,11-15';

/** Where a host's evidence comes from. */
export interface EvidenceFlags {
  readonly evidence?: Platform;
  readonly gpu?: 'nvattest' | 'token' | 'none';
  readonly switches?: boolean;
  readonly vmpl?: string;
  readonly vekIssuer?: string;
  readonly tpmAk?: string;
  readonly tpmAkCertificate?: string;
  readonly tpmPcrs?: string;
  readonly tokenCommand?: string;
  readonly gpuTokenCommand?: string;
  readonly simulatedChip?: string;
}

/** Which platforms a flag says something about; the first of them where it implies one. */
const BELONGS_TO = {
  vmpl: { flag: '--vmpl', platforms: ['snp'], implies: false },
  vekIssuer: { flag: '--vek-issuer', platforms: ['snp'], implies: false },
  tpmAk: { flag: '--tpm-ak', platforms: ['tpm'], implies: true },
  tpmAkCertificate: { flag: '--tpm-ak-certificate', platforms: ['tpm'], implies: true },
  tpmPcrs: { flag: '--tpm-pcrs', platforms: ['tpm', 'azure'], implies: false },
  tokenCommand: { flag: '--token-command', platforms: ['token'], implies: true },
  simulatedChip: { flag: '--simulated-chip', platforms: ['simulated'], implies: true },
} as const satisfies Partial<
  Record<keyof EvidenceFlags, { flag: string; platforms: readonly Platform[]; implies: boolean }>
>;

export function withEvidenceFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--evidence <platform>', 'what proves this host (default: what it has)').choices([...PLATFORMS]),
    )
    .addOption(
      new Option('--gpu <how>', 'what proves its GPUs (default: nvattest, where that is installed)').choices([
        'nvattest',
        'token',
        'none',
      ]),
    )
    .option('--switches', 'nvattest: NVSwitches too')
    .option('--vmpl <level>', 'snp: the privilege level to report as, 0 to 3')
    .option('--vek-issuer <file>', "snp: AMD's ASK or ASVK, PEM, where the platform gives the chip's certificate alone")
    .option('--tpm-ak <key>', 'tpm: the attestation key, a handle or a context file')
    .option('--tpm-ak-certificate <file>', 'tpm: its certificate and issuers, PEM; without it, one that was activated')
    .option('--tpm-pcrs <list>', `tpm, azure: the PCRs to quote (default: ${DEFAULT_PCRS})`)
    .option('--token-command <command>', 'token: prints the token for {reportData}, base64; no shell reads it')
    .option('--gpu-token-command <command>', '--gpu token: prints the tokens for {nonce}, hex; no shell reads it')
    .option('--simulated-chip <file>', 'evidence of no hardware, for simulation vaults; made where there is none');
}

/**
 * Where this machine's evidence comes from. Simulated evidence is for simulation vaults, and only where it was
 * named on the command line. Throws `usage` for flags that do not go together, and `unavailable` where there is
 * nothing to collect from.
 */
export async function collectorOf(flags: EvidenceFlags): Promise<EvidenceCollector> {
  return machine(await collectorsOf(flags));
}

export async function collectorsOf(flags: EvidenceFlags): Promise<Collectors> {
  const around = surroundings();
  const platform = namedPlatform(flags) ?? (await detectCpu(around));
  must(
    platform !== null,
    'unavailable',
    `nothing on this machine proves what it runs: ${around.tsm.root} gives no reports, and it is no Azure ` +
      "confidential VM with tpm2-tools; name a TPM's key with --tpm-ak, a token's command with --token-command, " +
      'or for a simulation vault --simulated-chip FILE',
  );
  for (const [name, { flag, platforms }] of belongings(flags)) {
    const fits = (platforms as readonly Platform[]).includes(platform);
    must(fits, 'usage', `${flag} says nothing about ${platform}, which this host's evidence is from`, { flag: name });
  }
  // First what writes nothing.
  const gpu = gpuOf(platform, flags, await detectNvattest(around));
  return { cpu: await cpuOf(platform, flags), gpu };
}

type Belongings = typeof BELONGS_TO;

function belongings(flags: EvidenceFlags): readonly [string, Belongings[keyof Belongings]][] {
  return Object.entries(BELONGS_TO).filter(([name]) => flags[name as keyof Belongings] !== undefined);
}

/** What was named, or implied by a flag that makes sense for one platform alone; null where nothing was. */
function namedPlatform(flags: EvidenceFlags): Platform | null {
  if (flags.evidence !== undefined) return flags.evidence;
  const implied = belongings(flags).find(([, { implies }]) => implies);
  return implied === undefined ? null : implied[1].platforms[0];
}

async function cpuOf(platform: Platform, flags: EvidenceFlags): Promise<CpuCollector> {
  switch (platform) {
    case 'snp':
    case 'tdx':
      return tsmOf(platform, flags);
    case 'azure':
      return new AzureParavisor({ pcrs: pcrsOf(flags), quoteUrl: AZURE_QUOTE_URL });
    case 'tpm': {
      const ak = given(flags.tpmAk, '--tpm-ak KEY, a handle or a context file');
      const certificate = flags.tpmAkCertificate === undefined ? null : await certificatesIn(flags.tpmAkCertificate);
      return new Tpm({ ak, pcrs: pcrsOf(flags), certificate });
    }
    case 'token':
      return new TrustAuthorityToken(wordsOf(given(flags.tokenCommand, '--token-command COMMAND')));
    case 'simulated':
      return readOrMakeSimulatedChip(given(flags.simulatedChip, '--simulated-chip FILE'));
  }
}

async function tsmOf(platform: TsmPlatform, { vmpl, vekIssuer }: EvidenceFlags): Promise<CpuCollector> {
  must(vmpl === undefined || /^[0-3]$/.test(vmpl), 'usage', `--vmpl: expected 0 to 3, got ${vmpl}`);
  const [ask] = vekIssuer === undefined ? [] : await certificatesIn(vekIssuer);
  const level = vmpl === undefined ? null : Number(vmpl);
  return new ConfigfsTsm({ folder: surroundings().tsm, platform, vmpl: level, ask: ask ?? null });
}

/** A software key and a real device are never shown together. */
function gpuOf(platform: Platform, flags: EvidenceFlags, nvattest: string | null): GpuCollector | null {
  const isSimulated = platform === 'simulated';
  const how = flags.gpu ?? (isSimulated || nvattest === null ? 'none' : 'nvattest');
  must(!isSimulated || how === 'none', 'usage', `--gpu ${how}: a simulated chip has no GPU`);
  must(flags.switches !== true || how === 'nvattest', 'usage', `--switches says nothing about --gpu ${how}`);
  const isToken = how === 'token';
  must(isToken || flags.gpuTokenCommand === undefined, 'usage', '--gpu-token-command goes with --gpu token');
  switch (how) {
    case 'none':
      return null;
    case 'nvattest':
      must(nvattest !== null, 'unavailable', "there is no nvattest on PATH: install NVIDIA's attestation SDK");
      return new Nvattest({ file: nvattest, switches: flags.switches === true });
    case 'token':
      return new NrasToken(wordsOf(given(flags.gpuTokenCommand, '--gpu-token-command COMMAND')));
  }
}

function given(value: string | undefined, wanted: string): string {
  must(value !== undefined, 'usage', `give ${wanted}`);
  return value;
}

/** `0-7,10` in ascending order. */
function pcrsOf({ tpmPcrs = DEFAULT_PCRS }: EvidenceFlags): readonly number[] {
  const pcrs = new Set<number>();
  for (const part of tpmPcrs.split(',')) {
    const [, from, to] = /^([0-9]{1,2})(?:-([0-9]{1,2}))?$/.exec(part) ?? [];
    const [first, last] = [Number(from), Number(to ?? from)];
    const isRange = first <= last && last <= 23;
    must(isRange, 'usage', `--tpm-pcrs: expected PCRs of 0 to 23, such as ${DEFAULT_PCRS}, got ${part}`);
    for (let index = first; index <= last; index++) pcrs.add(index);
  }
  return [...pcrs].sort((a, b) => a - b);
}

/** No quotes and no variables: what needs them is a script. */
function wordsOf(command: string): readonly string[] {
  return command.split(' ').filter((word) => word !== '');
}

async function certificatesIn(path: string): Promise<readonly Uint8Array[]> {
  const bytes = await readInput(path, MAX_CERTIFICATES_BYTES);
  try {
    return derOfFile(bytes, 'CERTIFICATE');
  } catch (error) {
    throw error instanceof TwinlockError ? new TwinlockError(error.code, `${path}: ${error.message}`) : error;
  }
}
