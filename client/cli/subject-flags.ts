import type { Command } from 'commander';
import { parseEndorsements } from '../../src/core/attest/endorsements.ts';
import { fromHex } from '../../src/core/bytes.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { EXIT } from '../../src/core/exit-codes.ts';
import { parseInstantText } from '../../src/core/x509/time.ts';
import { systemName } from '../../src/platform/system-error.ts';
import { type Subject, subjectOfFile } from '../appraise/agent-file.ts';
import { type RawEvidence, subjectOfRaw, withEndorsements } from '../appraise/raw.ts';
import { readInput } from '../input-file.ts';
import type { Terminal } from './terminal.ts';

/** Of any file that is read: evidence, endorsements, reference values, a RIM. */
export const MAX_FILE_BYTES: number = 2 << 20;

/** The person who asked chose the nonce, as long as their tool takes: they say what it is worth. */
const MIN_NONCE_BYTES = 1;
/** REPORTDATA's, of SEV-SNP and TDX. */
const MAX_DATA_BYTES = 64;

const FILES = {
  snpReport: ['--snp-report <file>', 'SEV-SNP: ATTESTATION_REPORT, 1,184 bytes'],
  vek: ['--vek <file>', 'SEV-SNP: VCEK or VLEK certificate'],
  crl: ['--crl <file>', 'SEV-SNP: what the ARK revoked'],
  tdxQuote: ['--tdx-quote <file>', 'TDX: quote, version 4 or 5'],
  collateral: ['--collateral <file>', 'TDX: TCB collateral as JSON'],
  tpmAttest: ['--tpm-attest <file>', 'TPM: TPMS_ATTEST, as tpm2_quote -m writes it'],
  tpmSignature: ['--tpm-signature <file>', 'TPM: TPMT_SIGNATURE (-s), DER or bare RSASSA'],
  tpmPcrs: ['--tpm-pcrs <file>', 'TPM: values of the quoted PCRs (-o with -F values)'],
  ak: ['--ak <file>', 'TPM: TPM2B_PUBLIC of the attestation key'],
  akChain: ['--ak-chain <file>', 'TPM: the AK’s certificate and its issuers, in PEM'],
  hcl: ['--hcl <file>', 'Azure: what the paravisor keeps at NV index 0x01400001, in place of --ak'],
  jwt: ['--jwt <file>', 'token of Intel Trust Authority, or NRAS’s JSON'],
  jwks: ['--jwks <file>', 'the service’s key set'],
} as const;

/** `--ca` is also the vault's certificate to every other command; it is SEV-SNP's ASK or ASVK, then ARK, here. */
type FileFlag = keyof typeof FILES | 'ca';
type FileFlags = Readonly<Partial<Record<FileFlag, string>>>;

/** What vendors say of evidence. It goes with evidence in every form. */
const ENDORSING: readonly FileFlag[] = ['vek', 'ca', 'crl', 'collateral', 'jwks'];

/** Which evidence, and what belongs to it. */
export interface SubjectFlags extends FileFlags {
  readonly spdm?: readonly string[];
  readonly chain?: readonly string[];
  readonly nvattest?: readonly string[];
  readonly endorsements?: string;
  readonly at?: string;
  readonly nonce?: string;
  readonly reportData?: string;
}

export function withSubjectFlags(command: Command): Command {
  for (const [flag, text] of Object.values(FILES)) command.option(flag, text);
  const collect = (path: string, before: readonly string[] = []) => [...before, path];
  return command
    .option('--spdm <file>', 'NVIDIA: SPDM request and response of a device; repeatable', collect)
    .option('--chain <file>', 'NVIDIA: the device’s certificates in PEM, one an --spdm', collect)
    .option('--nvattest <file>', 'NVIDIA: what nvattest collect-evidence --format json printed; repeatable', collect)
    .option('--endorsements <file>', 'what vendors say of it, as our agent and the vault write it')
    .option('--at <instant>', 'when, as 2026-06-29T03:00:00Z (default: now)')
    .option('--nonce <hex>', 'what the evidence has to carry')
    .option('--report-data <hex>', 'what the CPU’s report has to carry, where it is not the nonce');
}

/** From the command line only: the vault's certificate in the environment says nothing about AMD's. */
export function caOf(program: Command): Pick<SubjectFlags, 'ca'> {
  return program.getOptionValueSource('ca') === 'cli' ? { ca: program.opts<{ ca: string }>().ca } : {};
}

/** Evidence, with what vendors say of it: never null, where it is not needed it is empty. */
type NamedSubject = Subject & { readonly endorsements: NonNullable<Subject['endorsements']> };

/** Reads the evidence that is named: one file of our agent, or vendors' tools' files. */
export async function subjectOf(file: string | null, flags: SubjectFlags): Promise<NamedSubject> {
  const subject = await subjectWithin(file, flags).catch((error: unknown) => {
    throw nameFile(error, flags);
  });
  const endorsements = (await endorsementsOf(flags.endorsements)) ?? subject.endorsements;
  must(endorsements !== null, 'usage', 'name what vendors say of it: --endorsements FILE');
  return { ...subject, endorsements };
}

/** The error, with the flag and the file before it that it is of. */
function nameFile(error: unknown, flags: SubjectFlags): unknown {
  if (!(error instanceof TwinlockError)) return error;
  const flag = String(error.detail['flag']);
  const given = Object.entries(flags).find(([name]) => name === flag)?.[1];
  if (given === undefined) return error;
  const message = `--${dashed(flag)} ${[given].flat().join(' ')}: ${error.message}`;
  return new TwinlockError(error.code, message, error.detail, { cause: error });
}

/** What `work` makes of a file; an error of parsing names it. */
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
  const evidence = (Object.keys(FILES) as FileFlag[]).filter((flag) => !ENDORSING.includes(flag));
  const more = [...evidence, 'spdm', 'chain', 'nvattest', 'reportData'] as const;
  const [other] = more.filter((flag) => flags[flag] !== undefined);
  must(
    other === undefined,
    'usage',
    `expected one file of our agent, or flags of evidence: got ${file} and --${dashed(other)}`,
  );
  must(nonce === null || nonce.length === 32, 'usage', '--nonce: expected 32 bytes for a file of our agent');
  const bytes = await readInput(file, MAX_FILE_BYTES);
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
  const read = (path: string | undefined) => (path === undefined ? null : readInput(path, MAX_FILE_BYTES));
  const names = ['ca', ...Object.keys(FILES)] as FileFlag[];
  const files = await Promise.all(names.map(async (name) => [name, await read(flags[name])] as const));
  const all = (paths: readonly string[] = []) => Promise.all(paths.map((path) => readInput(path, MAX_FILE_BYTES)));
  const single = Object.fromEntries(files) as Record<FileFlag, Uint8Array | null>;
  const [spdm, chain, nvattest] = await Promise.all([flags.spdm, flags.chain, flags.nvattest].map(all));
  return { ...single, spdm: spdm ?? [], chain: chain ?? [], nvattest: nvattest ?? [] };
}

async function endorsementsOf(path: string | undefined): Promise<Subject['endorsements']> {
  if (path === undefined) return null;
  const bytes = await readInput(path, MAX_FILE_BYTES);
  return ofFile(`--endorsements ${path}`, () => parseEndorsements(bytes).endorsements);
}

/** A day alone is its midnight, UTC. */
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

/** Of flags and files, not of evidence that cannot be parsed; what the system refuses counts besides. */
const OTHER_FAULTS: ReadonlySet<Code> = new Set(['usage', 'exists', 'not_found', 'not_permitted', 'internal']);

/**
 * What `work` returns; null, with exit code 2, where the evidence cannot be parsed: that is a verdict of its own,
 * as a missing file or a wrong flag is not.
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
