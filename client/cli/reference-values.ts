import { type Command, Option } from 'commander';
import { type ReferenceValues, refusesEveryPlatform } from '../../src/core/attest/reference-values.ts';
import { digestOfObject } from '../../src/core/canonical.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { EXIT } from '../../src/core/exit-codes.ts';
import { thingName } from '../../src/core/name/name.ts';
import { parseAs } from '../../src/core/schema.ts';
import { parseCertificate } from '../../src/core/x509/certificate.ts';
import { derOfFile } from '../../src/core/x509/der-text.ts';
import { instantText } from '../../src/core/x509/time.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { policyDifferences } from '../custodian/policy-diff.ts';
import type { Choices } from '../platforms/kit/host.ts';
import { describeReferenceValues } from '../reference-values/describe.ts';
import { readReferenceValues } from '../reference-values/file.ts';
import { proposeReferenceValues } from '../reference-values/propose.ts';
import { readRim } from '../reference-values/rim/rim.ts';
import { RIM_ROOTS } from '../reference-values/rim/roots.ts';
import { type RimFile, withRims } from '../reference-values/rims.ts';
import { type DocumentFlags, deliver, differenceLines, documentBefore, withDocumentFlags } from './document-flags.ts';
import { type Invocation, invoke } from './invocation.ts';
import {
  caOf,
  instantOf,
  MAX_EVIDENCE_FILE_BYTES,
  orUnparsed,
  type SubjectFlags,
  subjectOf,
  withSubjectFlags,
} from './subject-flags.ts';
import type { Terminal } from './terminal.ts';

interface EvidenceFlags extends SubjectFlags, DocumentFlags {
  readonly name?: string;
  readonly pinChip?: boolean;
  readonly golden: Choices['golden'];
  readonly akAuthority?: string;
  readonly akActivated?: boolean;
  readonly serviceTd?: boolean;
}

export function addReferenceValues(program: Command): void {
  const command = program
    .command('reference-values')
    .description('makes, compares and explains reference values: the values that a committee expects of hosts');
  command.addHelpText(
    'after',
    `
Examples:
  twinlock reference-values from-evidence host.json --name serving-2026.1 --out production.json
  twinlock reference-values from-rim driver.xml vbios.xml --merge production.json --out with-gpus.json
  twinlock reference-values diff production.json with-gpus.json
  twinlock reference-values check with-gpus.json`,
  );
  addFromEvidence(program, command);
  addFromRim(command);
  addDiff(command);
  addCheck(command);
}

function addFromEvidence(program: Command, parent: Command): void {
  withDocumentFlags(withSubjectFlags(parent.command('from-evidence [file]')))
    .description('proposes reference values from the evidence of a host that is known to be good')
    .option('--name <name>', 'the name of the image (default: after its measurement)')
    .option('--pin-chip', 'allow this machine alone, and not every one that the vendor made')
    .addOption(
      new Option('--golden <how>', "what is compared of GPUs' measurements")
        .choices(['measured', 'widen', 'none'])
        .default('measured'),
    )
    .option('--ak-authority <file>', 'TPM: who certified the AK, PEM or DER (default: the last of its chain)')
    .option('--ak-activated', 'TPM: custodians have activated this AK against its EK certificate')
    .option('--service-td', 'TDX: allow the service TDs that are bound to this TD, by their hash')
    .addHelpText('after', FROM_EVIDENCE_HELP)
    .action((file: string | undefined, flags: EvidenceFlags, self: Command) =>
      invoke(self, (invocation) => fromEvidence(invocation, file ?? null, { ...flags, ...caOf(program) })),
    );
}

const FROM_EVIDENCE_HELP = `
Evidence is named as for twinlock appraise. What is proposed is as strict as what was measured: versions are floors,
everything else is listed. Roots are the vendors', or those of the document that --merge names. With --merge, lists
grow and floors sink just so far that this host passes too; what is revoked, and which rules are asked for, stays.
What no vendor vouches for is taken from the evidence: who certified a TPM's AK, whose keys sign tokens. Check those.
Of an AK's certificate the purposes 2.23.133.8.3 and 2.23.133.8.1 are proposed, or that it has none, and no other.
--golden is about GPUs' drivers and VBIOSes. measured: of those that are new every measurement is listed, and those
of the document stay as they are. widen: there, too, what was measured is allowed besides. none: new ones are compared
by version alone. from-rim puts the vendor's own values in place of what was measured, which is better than either.
Exits with 3, and proposes nothing, where the evidence is not authentic or does not pass under the document.

Examples:
  twinlock reference-values from-evidence host.json --name serving-2026.1 --out production.json
  twinlock reference-values from-evidence host2.json --merge production.json --out production.json --force
  twinlock reference-values from-evidence --snp-report r.bin --vek vcek.der --ca cert_chain.pem --pin-chip`;

function addFromRim(parent: Command): void {
  withDocumentFlags(parent.command('from-rim <file...>'))
    .description("takes the golden values of drivers and VBIOSes out of NVIDIA's signed manifests (RIMs)")
    .option('--at <instant>', "when the signers' certificates have to be valid (default: now)")
    .addHelpText(
      'after',
      `
Of every file the digest, the signature and the chain up to NVIDIA's root are checked first. Signers are certified
for two years: for an older manifest name a day with --at on which it was valid.
What RIMs alone give allows no host yet: merge them into a document, or a host's evidence into theirs.

Examples:
  twinlock reference-values from-rim driver.xml vbios.xml --merge production.json --out production.json --force
  twinlock reference-values from-rim NV_GPU_VBIOS_1010_0200_882_96005E0001 --at 2025-01-01 > rims.json`,
    )
    .action((files: readonly string[], flags: DocumentFlags & { readonly at?: string }, self: Command) =>
      invoke(self, (invocation) => fromRim(invocation, files, flags)),
    );
}

function addDiff(parent: Command): void {
  parent
    .command('diff <before> <after>')
    .description('shows what a proposal changes in reference values, field by field')
    .addHelpText(
      'after',
      `
Lists are compared as sets, their records by what names them. Exits with 0 whether there is a difference or not.

Examples:
  twinlock reference-values diff production.json proposed.json`,
    )
    .action((before: string, after: string, _flags: unknown, self: Command) =>
      invoke(self, (invocation) => diff(invocation, before, after)),
    );
}

function addCheck(parent: Command): void {
  parent
    .command('check <file>')
    .description('says in plain sentences what reference values accept and refuse')
    .addHelpText(
      'after',
      `
Exits with 64 for what is no document of reference values, or has a field that no rule knows.

Examples:
  twinlock reference-values check production.json`,
    )
    .action((file: string, _flags: unknown, self: Command) => invoke(self, (invocation) => check(invocation, file)));
}

async function fromEvidence({ terminal }: Invocation, file: string | null, flags: EvidenceFlags): Promise<void> {
  const instantMs = instantOf(flags.at);
  const before = await documentBefore(flags);
  const choices = await choicesOf(flags);
  const proposed = await orUnparsed(terminal, () =>
    orRefused(terminal, async () => {
      const good = await subjectOf(file, flags);
      const document = await proposeReferenceValues(good, { before, choices, instantMs, verify: verifyNode });
      return { document, hasReport: good.parts.report !== null };
    }),
  );
  if (proposed === null) return;
  const { document, hasReport } = proposed;
  terminal.note(
    hasReport ? `the evidence passes under this document at ${instantText(instantMs)}` : gpusText(document),
  );
  const unvouched = policyDifferences(before, document)
    .flatMap(({ path, after }) => (after === null ? [] : [`${path} ${after}`]))
    .filter((field) => VOUCHED_BY_NOBODY.test(field));
  for (const field of unvouched) terminal.note(`check this, no vendor vouches for it: ${field}`);
  await deliver(terminal, { before, document, flags, made: { unvouched } });
}

/** The result line for evidence without a CPU's report, which passes under no document. */
function gpusText(document: ReferenceValues): string {
  const missing = refusesEveryPlatform(document)
    ? "no host passes this document yet: it has no CPU's values (add a CPU's evidence with --merge)"
    : "GPU evidence alone is never enough: a CPU's report has to bind it";
  return `what was shown passes its own rules; ${missing}`;
}

/**
 * Fields that no vendor certifies: the certifier of a TPM's key, a key purpose other than an AK's, an activated key, the
 * keys that sign tokens, the service TDs that may be bound.
 */
const VOUCHED_BY_NOBODY =
  /^(?:\S+\.)?(?:(?:anchors|activated|keys|serviceTds)\[\] |akPurposes\[\] (?!"2\.23\.133\.8\.3"$))/;

/** Returns what `work` returns; null, with exit code 3 and every failed rule, for evidence that does not pass. */
async function orRefused<T>(terminal: Terminal, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TwinlockError) || error.code !== 'appraisal_failed') throw error;
    for (const [rule, text] of Object.entries(error.detail)) terminal.note(`${rule}: ${text}`);
    terminal.failure(error);
    process.exitCode = EXIT.fault;
    return null;
  }
}

async function choicesOf({
  name,
  pinChip,
  golden,
  akAuthority,
  akActivated,
  serviceTd,
}: EvidenceFlags): Promise<Choices> {
  return {
    imageName: name === undefined ? null : parseAs(thingName, name, '--name'),
    pinChip: pinChip === true,
    golden,
    akAuthority: akAuthority === undefined ? null : await certificateIn(akAuthority),
    isAkActivated: akActivated === true,
    listsServiceTds: serviceTd === true,
  };
}

async function certificateIn(path: string): Promise<Uint8Array> {
  const bytes = await readInput(path, MAX_EVIDENCE_FILE_BYTES);
  const [der, ...more] = derOfFile(bytes, 'CERTIFICATE');
  must(der !== undefined && more.length === 0, 'usage', `${path}: expected one certificate`);
  parseCertificate(der);
  return der;
}

async function fromRim(
  { terminal }: Invocation,
  paths: readonly string[],
  flags: DocumentFlags & { readonly at?: string },
): Promise<void> {
  const instantMs = instantOf(flags.at);
  const before = await documentBefore(flags);
  const files: RimFile[] = [];
  for (const path of paths) {
    const rim = await readRimFile(path, instantMs);
    files.push({ path, rim });
    terminal.note(rimText({ path, rim }));
  }
  const document = withRims(before, files);
  const rims = files.map(({ path, rim: { golden, ...rim } }) => ({ file: path, ...rim, golden: golden.length }));
  await deliver(terminal, { before, document, flags, made: { rims } });
}

async function readRimFile(path: string, instantMs: number): Promise<RimFile['rim']> {
  const xml = await readInput(path, MAX_EVIDENCE_FILE_BYTES);
  try {
    return await readRim(xml, { roots: RIM_ROOTS, instantMs });
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    throw new TwinlockError(error.code, `${path}: ${error.message}`, error.detail, { cause: error });
  }
}

function rimText({ path, rim }: RimFile): string {
  const { serial, notBeforeMs, notAfterMs } = rim.signer;
  const signer = `signer ${serial}, valid ${instantText(notBeforeMs)} to ${instantText(notAfterMs)}`;
  const checked = "digest, signature and chain to NVIDIA's root checked";
  return `${path}: ${rim.kind} ${rim.chip} ${rim.version}, ${rim.golden.length} golden values; ${checked}; ${signer}`;
}

async function diff({ terminal }: Invocation, before: string, after: string): Promise<void> {
  const [old, now] = [await readReferenceValues(before), await readReferenceValues(after)];
  const differences = policyDifferences(old, now);
  const digests = { before: digestOfObject(old), after: digestOfObject(now) };
  terminal.result({ ...digests, differences }, differenceLines(differences));
}

async function check({ terminal }: Invocation, file: string): Promise<void> {
  const document = await readReferenceValues(file);
  const remarks = describeReferenceValues(document);
  const digest = digestOfObject(document);
  terminal.result({ file, digest, remarks }, [
    `digest   ${digest}`,
    ...remarks.map(({ kind, text }) => `${kind.padEnd(8)} ${text}`),
  ]);
}
