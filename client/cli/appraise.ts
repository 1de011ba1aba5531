import type { Command } from 'commander';
import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraiseParts } from '../../src/core/attest/compose.ts';
import { parseEndorsements } from '../../src/core/attest/endorsements.ts';
import { parseReferenceValues, type ReferenceValues } from '../../src/core/attest/reference-values.ts';
import { fromHex, fromUtf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { type Subject, subjectOfFile } from '../appraise/agent-file.ts';
import { readInput } from '../appraise/file.ts';
import { type RawEvidence, subjectOfRaw } from '../appraise/raw.ts';
import { EXIT } from './exit.ts';
import { type Invocation, invoke } from './invocation.ts';
import { table, timeText } from './text.ts';

const MAX_FILE_BYTES = 2 << 20;
/** What a table shows of one cell. */
const CELL_MAX = 72;

const FILES = {
  snpReport: ['--snp-report <file>', 'SEV-SNP: ATTESTATION_REPORT, 1,184 bytes'],
  vek: ['--vek <file>', 'SEV-SNP: VCEK or VLEK certificate, DER or PEM'],
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
interface Flags extends FileFlags {
  readonly spdm?: readonly string[];
  readonly chain?: readonly string[];
  readonly endorsements?: string;
  readonly referenceValues?: string;
  readonly at?: string;
  readonly nonce?: string;
  readonly reportData?: string;
}

export function addAppraise(program: Command): void {
  const command = program
    .command('appraise [file]')
    .description('appraises evidence of hardware, here and offline, and shows every rule');
  for (const [flag, text] of Object.values(FILES)) command.option(flag, text);
  const collect = (path: string, before: readonly string[] = []) => [...before, path];
  command
    .option('--spdm <file>', 'NVIDIA: SPDM request and response of a device; repeatable', collect)
    .option('--chain <file>', 'NVIDIA: the device’s certificates in PEM, one an --spdm', collect)
    .option('--endorsements <file>', 'what vendors say of it, as our agent and the vault write it')
    .option('--reference-values <file>', 'what is expected; without it, authenticity alone is checked')
    .option('--at <instant>', 'when, as 2026-06-29T03:00:00Z (default: now)')
    .option('--nonce <hex>', 'what the evidence has to carry')
    .option('--report-data <hex>', 'what the CPU’s report has to carry, where it is not the nonce')
    .addHelpText('after', HELP)
    .action((file: string | undefined, flags: Flags, self: Command) =>
      invoke(self, (invocation) => run(invocation, file ?? null, { ...flags, ...caOf(program) })),
    );
}

/** From the command line only: the vault's certificate in the environment says nothing about AMD's. */
function caOf(program: Command): Pick<Flags, 'ca'> {
  return program.getOptionValueSource('ca') === 'cli' ? { ca: program.opts<{ ca: string }>().ca } : {};
}

const HELP = `
Reads one file as our agent writes it (twinlock evidence, or a request's), or the files of vendors' tools.
Nothing is asked of any network, and the vendors' roots are part of this program. --ca is AMD's chain here: ASK or ASVK, then ARK. A TPM's key has no vendor's
root: it needs reference values that pin who certified it. With --jwks it is you who vouches for the keys.
Exits with 0 where every rule passes, with 3 where one fails, with 2 for what is no evidence.

Examples:
  twinlock appraise host.json --reference-values production.json
  twinlock appraise --snp-report report.bin --vek vcek.der --ca cert_chain.pem
  twinlock appraise --tdx-quote quote.bin --collateral collateral.json --at 2026-06-29T03:00:00Z
  twinlock appraise --spdm gpu0.bin --chain gpu0.pem --spdm gpu1.bin --chain gpu1.pem --nonce "$NONCE"
  twinlock appraise --tpm-attest q.msg --tpm-signature q.sig --tpm-pcrs q.pcrs --ak ak.tpm2b --json
  twinlock appraise --jwt token.jwt --jwks certs.json`;

async function run({ terminal }: Invocation, file: string | null, flags: Flags): Promise<void> {
  const instantMs = instantOf(flags.at);
  const referenceValues = await referenceValuesOf(flags.referenceValues);
  const appraisal = await orUnparsed(async () => {
    const subject = await subjectOf(file, flags);
    must(subject.endorsements !== null, 'usage', 'name what vendors say of it: --endorsements FILE');
    const { endorsements } = subject;
    return appraiseParts(subject.parts, { endorsements, referenceValues, instantMs, verify: verifyNode });
  });
  if (appraisal === null) return;
  terminal.result(appraisal, linesOf(appraisal));
  if (appraisal.verdict === 'fail') process.exitCode = EXIT.fault;

  /** Evidence that is none is a verdict of its own; a missing file or a wrong flag is not. */
  async function orUnparsed(work: () => Promise<Appraisal>): Promise<Appraisal | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TwinlockError) || OTHER_FAULTS.has(error.code)) throw error;
      terminal.failure(error);
      process.exitCode = EXIT.unparsed;
      return null;
    }
  }
}

/** Of flags and files, not of the evidence. */
const OTHER_FAULTS: ReadonlySet<string> = new Set(['usage', 'not_found', 'not_permitted', 'internal', 'storage_full']);

async function subjectOf(file: string | null, flags: Flags): Promise<Subject> {
  const nonce = hexOf('--nonce', flags.nonce);
  const reportData = hexOf('--report-data', flags.reportData);
  const given = await endorsementsOf(flags.endorsements);
  if (file === null) {
    const subject = subjectOfRaw(await rawOf(flags), { nonce, reportData });
    return { ...subject, endorsements: given ?? subject.endorsements };
  }
  must(nonce === null || nonce.length === 32, 'usage', '--nonce: expected 32 bytes for a file of our agent');
  const subject = subjectOfFile(await readInput(file, MAX_FILE_BYTES), flags.nonce ?? null);
  return { ...subject, endorsements: given ?? subject.endorsements };
}

async function rawOf(flags: Flags): Promise<RawEvidence> {
  const read = (path: string | undefined) => (path === undefined ? null : readInput(path, MAX_FILE_BYTES));
  const names = ['ca', ...Object.keys(FILES)] as FileFlag[];
  const files = await Promise.all(names.map(async (name) => [name, await read(flags[name])] as const));
  const all = (paths: readonly string[] = []) => Promise.all(paths.map((path) => readInput(path, MAX_FILE_BYTES)));
  const single = Object.fromEntries(files) as Record<FileFlag, Uint8Array | null>;
  return { ...single, spdm: await all(flags.spdm), chain: await all(flags.chain) };
}

async function endorsementsOf(path: string | undefined): Promise<Subject['endorsements']> {
  return path === undefined ? null : parseEndorsements(await readInput(path, MAX_FILE_BYTES)).endorsements;
}

async function referenceValuesOf(path: string | undefined): Promise<ReferenceValues | null> {
  if (path === undefined) return null;
  return parseReferenceValues(parseJson(fromUtf8(await readInput(path, MAX_FILE_BYTES))));
}

function instantOf(text: string | undefined): number {
  if (text === undefined) return Date.now();
  const instantMs = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  must(!Number.isNaN(instantMs), 'usage', `--at: expected an instant such as 2026-06-29T03:00:00Z, got ${text}`);
  return instantMs;
}

function hexOf(flag: string, text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  must(/^(?:[0-9a-f]{2}){1,64}$/.test(text), 'usage', `${flag}: expected 1 to 64 bytes in lower-case hexadecimal`);
  return fromHex(text);
}

function linesOf(appraisal: Appraisal): readonly string[] {
  const { label, platform, instant, claims, rules, referenceValues } = appraisal;
  const failed = rules.filter((rule) => !rule.pass);
  return [
    `platform     ${platform}`,
    `label        ${label}`,
    `at           ${timeText(instant)}`,
    `evidence     ${appraisal.evidence}`,
    `endorsed by  ${appraisal.endorsements}`,
    `expected     ${referenceValues ?? 'nothing: no reference values were given, so authenticity alone is checked'}`,
    '',
    ...table(
      ['CLAIM', 'VALUE'],
      Object.entries(claims).map(([name, value]) => [name, value]),
    ),
    '',
    ...table(
      ['RULE', 'VERDICT', 'EXPECTED', 'GOT'],
      rules.map(({ rule, expected, got, pass }) => [rule, pass ? 'pass' : 'FAIL', short(expected), short(got)]),
    ),
    '',
    ...failed.flatMap(({ rule, expected, got }) => [`${rule}`, `  expected ${expected}`, `  got      ${got}`]),
    ...(platform === 'gpu' ? ['GPU evidence alone is never enough: a CPU’s report has to bind it'] : []),
    failed.length === 0
      ? `pass: all ${rules.length} rules`
      : `FAIL: ${failed.length} of ${rules.length} rules, in full above`,
  ];
}

/** Failures are repeated in full below the table. */
function short(text: string): string {
  return text.length <= CELL_MAX ? text : `${text.slice(0, CELL_MAX - 1)}…`;
}
