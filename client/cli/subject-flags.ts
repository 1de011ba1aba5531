import type { Command } from 'commander';
import { parseEndorsements } from '../../src/core/attest/endorsements.ts';
import { fromHex } from '../../src/core/bytes.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { EXIT } from '../../src/core/exit-codes.ts';
import { parseInstantText } from '../../src/core/x509/time.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { type Subject, subjectOfFile } from '../appraise/agent-file.ts';
import { type RawEvidence, subjectOfRaw, withEndorsements } from '../appraise/raw.ts';
import type { VendorFile } from '../platforms/kit/vendor-files.ts';
import { VENDOR_FILES } from '../platforms/platforms.ts';
import type { Terminal } from './terminal.ts';

/** Largest file of evidence, endorsements, reference values or a RIM. */
export const MAX_EVIDENCE_FILE_BYTES: number = 2 << 20;

/** The person who asked for the evidence chose the nonce's length, as their tool allows. */
const MIN_NONCE_BYTES = 1;
/** The length of REPORTDATA in SEV-SNP and TDX reports. */
const MAX_DATA_BYTES = 64;

/** `--ca` is also the vault's certificate to every other command; it is SEV-SNP's ASK or ASVK, then ARK, here. */
const CA = 'ca';

/** The flags of endorsements. They go with evidence in every form. */
const ENDORSING: readonly string[] = [CA, ...filesThat(({ endorses }) => endorses)];
const EVIDENCE: readonly string[] = filesThat(({ endorses }) => !endorses);

function filesThat(are: (file: VendorFile) => boolean): string[] {
  return Object.entries(VENDOR_FILES).flatMap(([name, file]) => (are(file) ? [name] : []));
}

/** The flags that name evidence, and what belongs to it. */
export interface SubjectFlags {
  readonly spdm?: readonly string[];
  readonly chain?: readonly string[];
  readonly nvattest?: readonly string[];
  readonly endorsements?: string;
  readonly at?: string;
  readonly nonce?: string;
  readonly reportData?: string;
  /** A file of a vendor's tool, by the name in VENDOR_FILES, or `ca`. */
  readonly [file: string]: unknown;
}

export function withSubjectFlags(command: Command): Command {
  for (const { flag, about } of Object.values(VENDOR_FILES)) command.option(flag, about);
  const collect = (path: string, before: readonly string[] = []) => [...before, path];
  return command
    .option('--spdm <file>', 'NVIDIA: SPDM request and response of a device; repeatable', collect)
    .option('--chain <file>', 'NVIDIA: the device’s certificates in PEM, one an --spdm', collect)
    .option('--nvattest <file>', 'NVIDIA: what nvattest collect-evidence --format json printed; repeatable', collect)
    .option('--endorsements <file>', 'the vendors’ endorsements, as our agent and the vault write them')
    .option('--at <instant>', 'when, as 2026-06-29T03:00:00Z (default: now)')
    .option('--nonce <hex>', 'the nonce that the evidence must contain')
    .option('--report-data <hex>', 'the data that the CPU’s report must contain, where it is not the nonce');
}

/** From the command line only: the vault's certificate in the environment says nothing about AMD's. */
export function caOf(program: Command): { readonly ca?: string } {
  return program.getOptionValueSource('ca') === 'cli' ? { ca: program.opts<{ ca: string }>().ca } : {};
}

/** Evidence with its endorsements: never null, but empty where the evidence needs none. */
type NamedSubject = Subject & { readonly endorsements: NonNullable<Subject['endorsements']> };

/** Reads the evidence that the flags name: one file of our agent, or files of the vendors' tools. */
export async function subjectOf(file: string | null, flags: SubjectFlags): Promise<NamedSubject> {
  const subject = await subjectWithin(file, flags).catch((error: unknown) => {
    throw nameFile(error, flags);
  });
  const endorsements = (await endorsementsOf(flags.endorsements)) ?? subject.endorsements;
  must(endorsements !== null, 'usage', 'expected the vendors’ endorsements: give --endorsements FILE');
  return { ...subject, endorsements };
}

/** Puts the flag and the file that an error is about before its message. */
function nameFile(error: unknown, flags: SubjectFlags): unknown {
  if (!(error instanceof TwinlockError)) return error;
  const flag = String(error.detail['flag']);
  const given = Object.entries(flags).find(([name]) => name === flag)?.[1];
  if (given === undefined) return error;
  const message = `--${dashed(flag)} ${[given].flat().join(' ')}: ${error.message}`;
  return new TwinlockError(error.code, message, error.detail, { cause: error });
}

/** Runs `work` on a file; an error of parsing names the file. */
function ofFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${file}: ${error.message}`, error.detail, { cause: error });
  }
}

async function subjectWithin(file: string | null, flags: SubjectFlags): Promise<Subject> {
  const nonce = hexOf('--nonce', flags.nonce, { min: MIN_NONCE_BYTES });
  const reportData = hexOf('--report-data', flags.reportData, { min: MAX_DATA_BYTES });
  if (file === null) return subjectOfRaw(await rawOf(flags), { nonce, reportData });
  const more = [...EVIDENCE, 'spdm', 'chain', 'nvattest', 'reportData'];
  const [other] = more.filter((flag) => flags[flag] !== undefined);
  must(
    other === undefined,
    'usage',
    `expected one file of our agent, or flags of evidence: got ${file} and --${dashed(other)}`,
  );
  must(nonce === null || nonce.length === 32, 'usage', '--nonce: expected 32 bytes for a file of our agent');
  const bytes = await readInput(file, MAX_EVIDENCE_FILE_BYTES);
  const subject = ofFile(file, () => subjectOfFile(bytes, flags.nonce ?? null));
  const [endorsing] = ENDORSING.filter((flag) => flags[flag] !== undefined);
  if (endorsing === undefined) return subject;
  const isOne = flags.endorsements === undefined;
  must(isOne, 'usage', `expected --endorsements, which has all that vendors say, or --${endorsing}`);
  return withEndorsements(subject, await rawOf(flags));
}

function dashed(flag = ''): string {
  return flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function rawOf(flags: SubjectFlags): Promise<RawEvidence> {
  const given = [...ENDORSING, ...EVIDENCE].filter((name) => flags[name] !== undefined);
  const files = await Promise.all(
    given.map(async (name) => [name, await readInput(String(flags[name]), MAX_EVIDENCE_FILE_BYTES)] as const),
  );
  const all = (paths: readonly string[] = []) =>
    Promise.all(paths.map((path) => readInput(path, MAX_EVIDENCE_FILE_BYTES)));
  const [spdm, chain, nvattest] = await Promise.all([all(flags.spdm), all(flags.chain), all(flags.nvattest)]);
  return { ...Object.fromEntries(files), spdm, chain, nvattest };
}

async function endorsementsOf(path: string | undefined): Promise<Subject['endorsements']> {
  if (path === undefined) return null;
  const bytes = await readInput(path, MAX_EVIDENCE_FILE_BYTES);
  return ofFile(`--endorsements ${path}`, () => parseEndorsements(bytes).endorsements);
}

/** Parses an instant; a date alone means its midnight, UTC. */
export function instantOf(text: string | undefined): number {
  if (text === undefined) return Date.now();
  try {
    return parseInstantText(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  } catch {
    throw new TwinlockError('usage', `--at: expected an instant such as 2026-06-29T03:00:00Z, got ${text}`);
  }
}

function hexOf(flag: string, text: string | undefined, { min }: { readonly min: number }): Uint8Array | null {
  if (text === undefined) return null;
  const isHex = /^(?:[0-9a-f]{2})*$/.test(text) && text.length >= 2 * min && text.length <= 2 * MAX_DATA_BYTES;
  const expected = min === MAX_DATA_BYTES ? `${min}` : `${min} to ${MAX_DATA_BYTES}`;
  must(isHex, 'usage', `${flag}: expected ${expected} bytes in lower-case hexadecimal`);
  return fromHex(text);
}

/** Codes of errors about flags, files and the system; other codes mean that the evidence cannot be parsed. */
const OTHER_FAULTS: ReadonlySet<Code> = new Set(['usage', 'exists', 'not_found', 'not_permitted', 'internal']);

/**
 * Returns what `work` returns; null, with exit code 2, where the evidence cannot be parsed. That is a verdict; a missing
 * file or a wrong flag is an error.
 */
export async function orUnparsed<T>(terminal: Terminal, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const isUnparsed = error instanceof TwinlockError && !OTHER_FAULTS.has(error.code);
    if (!isUnparsed || systemName(error.cause) !== null) throw error;
    terminal.failure(error);
    process.exitCode = EXIT.unparsed;
    return null;
  }
}
