import { type Command, Option } from 'commander';
import { must, TwinlockError } from '../../src/core/errors.ts';
import type { EvidenceCollector } from '../host/collector.ts';
import { detectCpu, detectNvattest, surroundings } from '../host/collectors/detect.ts';
import { type Collectors, type GpuCollector, machine } from '../host/collectors/machine.ts';
import { Nvattest } from '../host/collectors/nvattest.ts';
import { NrasToken } from '../host/collectors/token.ts';
import { HOST_DEVICES } from '../host/devices.ts';
import { wordsOf } from '../platforms/given-flags.ts';
import { EVIDENCE_SOURCES } from '../platforms/platforms.ts';
import type { EvidenceSource, GivenFlags, SourceFlag } from '../platforms/source.ts';

/** The flags that say where a host's evidence comes from, with each source's own flags under commander's names. */
export interface HostEvidenceFlags {
  readonly evidence?: string;
  readonly gpu?: 'nvattest' | 'token' | 'none';
  readonly switches?: boolean;
  readonly gpuTokenCommand?: string;
  readonly [flag: string]: string | boolean | undefined;
}

/** The flags of all sources, without duplicates. */
const SOURCE_FLAGS: readonly SourceFlag[] = [...new Set(EVIDENCE_SOURCES.flatMap(({ flags }) => flags))];

export function withEvidenceFlags(command: Command): Command {
  command
    .addOption(
      new Option('--evidence <platform>', 'what proves this host (default: what it has)').choices(
        EVIDENCE_SOURCES.map(({ name }) => name),
      ),
    )
    .addOption(
      new Option('--gpu <how>', 'what proves its GPUs (default: nvattest, where that is installed)').choices([
        'nvattest',
        'token',
        'none',
      ]),
    )
    .option('--switches', 'nvattest: NVSwitches too')
    .option('--gpu-token-command <command>', '--gpu token: prints the tokens for {nonce}, hex; no shell reads it');
  for (const { flag, value, about } of SOURCE_FLAGS) command.option(`${flag} ${value}`, about);
  return command;
}

/**
 * Returns the collector of this machine's evidence. It simulates evidence only where the command line asks for it.
 * Throws `usage` for flags that do not go together, and `unavailable` where the machine has no source of evidence.
 */
export async function collectorOf(flags: HostEvidenceFlags): Promise<EvidenceCollector> {
  return machine(await collectorsOf(flags));
}

export async function collectorsOf(flags: HostEvidenceFlags): Promise<Collectors> {
  const around = surroundings();
  const given: GivenFlags = ({ flag }) => flags[new Option(flag).attributeName()] as string | undefined;
  const source = namedSource(flags, given) ?? sourceNamed(await detectCpu(around));
  must(
    source !== undefined,
    'unavailable',
    `nothing on this machine proves what it runs: ${around.tsm.root} gives no reports, and it is no Azure ` +
      "confidential VM with tpm2-tools; name a TPM's key with --tpm-ak, a token's command with --token-command, " +
      'or for a simulation vault --simulated-chip FILE',
  );
  for (const { flag } of SOURCE_FLAGS.filter((one) => given(one) !== undefined && !source.flags.includes(one))) {
    const name = new Option(flag).attributeName();
    const message = `${flag} says nothing about ${source.name}, which this host's evidence is from`;
    throw new TwinlockError('usage', message, { flag: name });
  }
  // Checks the flags first: they write nothing.
  const gpu = gpuOf(source, flags, await detectNvattest(around));
  return { cpu: await source.collector(given, HOST_DEVICES), gpu };
}

function sourceNamed(name: string | null): EvidenceSource | undefined {
  return EVIDENCE_SOURCES.find((source) => source.name === name);
}

/** The source that a flag names, or that a flag implies because it belongs to one source only. */
function namedSource({ evidence }: HostEvidenceFlags, given: GivenFlags): EvidenceSource | undefined {
  if (evidence !== undefined) return sourceNamed(evidence);
  return EVIDENCE_SOURCES.find(({ flags }) => flags.some((flag) => flag.implies && given(flag) !== undefined));
}

/** Refuses a real GPU beside a simulated chip. */
function gpuOf(source: EvidenceSource, flags: HostEvidenceFlags, nvattest: string | null): GpuCollector | null {
  const { isHardware } = source;
  const how = flags.gpu ?? (isHardware && nvattest !== null ? 'nvattest' : 'none');
  must(isHardware || how === 'none', 'usage', `--gpu ${how}: a simulated chip has no GPU`);
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
      must(flags.gpuTokenCommand !== undefined, 'usage', 'give --gpu-token-command COMMAND');
      return new NrasToken(wordsOf(flags.gpuTokenCommand));
  }
}
