import type { Command } from 'commander';
import type { Appraisal } from '../../src/core/attest/appraisal.ts';
import { appraiseParts, type PartsToAppraise } from '../../src/core/attest/compose.ts';
import { EXIT } from '../../src/core/exit-codes.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { datesAdvice } from '../appraise/dates.ts';
import { exactInstant } from '../display/exact.ts';
import { cautionsOf } from '../platforms/platforms.ts';
import { readReferenceValues } from '../reference-values/file.ts';
import { type Invocation, invoke } from './invocation.ts';
import { caOf, instantOf, orUnparsed, type SubjectFlags, subjectOf, withSubjectFlags } from './subject-flags.ts';
import { table } from './text.ts';

/** Characters of a cell that the table shows. */
const CELL_MAX = 72;

interface Flags extends SubjectFlags {
  readonly referenceValues?: string;
}

export function addAppraise(program: Command): void {
  withSubjectFlags(program.command('appraise [file]'))
    .description('appraises evidence of hardware, here and offline, and shows every rule')
    .option('--reference-values <file>', 'what is expected; without it, authenticity alone is checked')
    .addHelpText('after', HELP)
    .action((file: string | undefined, flags: Flags, self: Command) =>
      invoke(self, (invocation) => run(invocation, file ?? null, { ...flags, ...caOf(program) })),
    );
}

const HELP = `
Reads one file as our agent writes it (twinlock evidence, or a request's) or NVIDIA's nvattest prints it, or the files
of vendors' tools.
What vendors say of it (--collateral, --vek, --ca, --crl, --jwks) goes with either, in place of what the file has.
This command uses no network; the vendors' roots are part of this program. Here --ca is AMD's chain: ASK or
ASVK, alone or among others of the chain in any order. A TPM's key has no vendor's root: it needs reference values that
pin who certified it. With --jwks it is you who vouches for the keys. Certificates and lists are read in PEM, and in
DER, hexadecimal and base64. Recorded evidence is judged as of its own day with --at.
Exits with 0 where every rule passes, with 3 where one fails, with 2 for what is no evidence.

Examples:
  twinlock appraise host.json --reference-values production.json
  twinlock appraise host.json --collateral collateral.json
  twinlock appraise --snp-report report.bin --vek vcek.der --ca cert_chain.pem
  twinlock appraise --tdx-quote quote.bin --collateral collateral.json --at 2026-06-29T03:00:00Z
  twinlock appraise --spdm gpu0.bin --chain gpu0.pem --spdm gpu1.bin --chain gpu1.pem --nonce "$NONCE"
  twinlock appraise --nvattest gpus.json --nvattest nvswitches.json --nonce "$NONCE"
  twinlock appraise --tpm-attest q.msg --tpm-signature q.sig --tpm-pcrs q.pcrs --ak ak.tpm2b --json
  twinlock appraise --jwt token.jwt --jwks certs.json`;

async function run({ terminal }: Invocation, file: string | null, flags: Flags): Promise<void> {
  const instantMs = instantOf(flags.at);
  const { referenceValues: path } = flags;
  const referenceValues = path === undefined ? null : await readReferenceValues(path);
  const done = await orUnparsed(terminal, async () => {
    const { parts, endorsements } = await subjectOf(file, flags);
    const appraisal = await appraiseParts(parts, { endorsements, referenceValues, instantMs, verify: verifyNode });
    return { appraisal, parts };
  });
  if (done === null) return;
  const { appraisal, parts } = done;
  terminal.result(appraisal, linesOf(appraisal, parts));
  if (appraisal.verdict === 'fail') process.exitCode = EXIT.fault;
}

function linesOf(appraisal: Appraisal, parts: PartsToAppraise): readonly string[] {
  const { label, platform, instant, claims, rules, referenceValues } = appraisal;
  const failed = rules.filter((rule) => !rule.pass);
  const advice = datesAdvice(rules);
  return [
    `platform     ${platform}`,
    `label        ${label}`,
    `at           ${exactInstant(instant)}`,
    `evidence     ${appraisal.evidence}`,
    `endorsed by  ${appraisal.endorsements}`,
    `expected     ${referenceValues ?? 'nothing: no reference values were given, so authenticity alone is checked'}`,
    ...freshnessLines(parts),
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
    ...(advice === null ? [] : [advice]),
    ...(platform === 'gpu' ? ['GPU evidence alone is never enough: a CPU’s report has to bind it'] : []),
    ...(referenceValues === null ? unrefused(claims) : []),
    failed.length === 0
      ? `pass: all ${rules.length} rules`
      : `FAIL: ${failed.length} of ${rules.length} rules, in full above`,
  ];
}

function freshnessLines({ report, reportData, gpu, gpuNonce }: PartsToAppraise): readonly string[] {
  if (report !== null && reportData === null) return ['nonce        none given: freshness is not checked'];
  if (gpu === null || gpuNonce !== null) return [];
  const whose = report === null ? 'none given: freshness' : 'none given for GPUs: their freshness';
  return [`nonce        ${whose} is not checked`];
}

/** Cautions: the evidence is authentic, but it shows something insecure. */
function unrefused(claims: Appraisal['claims']): readonly string[] {
  return cautionsOf(claims).map((caution) => `beware: ${caution}; nothing refuses that until reference values do`);
}

/** Failures are repeated in full below the table. */
function short(text: string): string {
  return text.length <= CELL_MAX ? text : `${text.slice(0, CELL_MAX - 1)}…`;
}
