import { fromBase64url, toHex } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must } from '../../errors.ts';
import { Findings } from '../kit/findings.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import { checkChain } from './chain.ts';
import { claimProduct, claimReport, claimVek, type Tcbs } from './claims.ts';
import type { SnpEndorsed, SnpEndorsements } from './endorsements.ts';
import { checkGuest, checkPolicyBits } from './guest.ts';
import { type AttestationReport, parseSnpReport } from './parse.ts';
import type { SnpReferenceValues } from './reference-values.ts';
import { signingKeyText } from './register.ts';
import type { SnpReport } from './report.ts';
import { AUTHENTICITY_RULES, REFERENCE_RULES, type SnpRule } from './rules.ts';
import { componentsBelow, decodeTcb, productOf, tcbText } from './tcb.ts';
import { parseVek, type Vek } from './vek.ts';

/** ECDSA on P-384 with SHA-384 (AMD 56860, "Signing Algorithm"); there is no other. */
const ECDSA_P384_SHA384 = 1;

/**
 * Appraises a report of AMD SEV-SNP (design: attestation, "AMD SEV-SNP"): `expectedData` is 64 bytes. The
 * endorsements have the VEK and its chain; the reference values pin the ARK.
 * Throws `malformed` or `unsupported_version` for a report that cannot be parsed.
 */
export async function appraiseSnp(
  input: PlatformInput<SnpReport, SnpReferenceValues, SnpEndorsed>,
): Promise<PlatformResult> {
  const { expectedData, referenceValues } = input;
  const endorsements = input.endorsements.snp ?? null;
  const report = parseSnpReport(fromBase64url(input.report.report));
  const findings = new Findings<SnpRule>(input.verify);
  claimReport(findings.claim.bind(findings), report);
  checkForm(findings, report, referenceValues);
  checkPolicyBits(findings, report);
  const vek = await readVek(findings, report, endorsements);
  if (endorsements !== null && vek !== null) {
    const tcbs = await readTcbs(findings, report, vek);
    await checkChain(findings, { ...input, endorsements, vek });
    await checkSignature(findings, report, vek);
    checkChip(findings, report, vek);
    if (tcbs !== null) checkTcbs(findings, tcbs, vek, referenceValues);
  }
  if (expectedData !== null) findings.same('snp.report-data', toHex(expectedData), toHex(report.reportData));
  if (referenceValues !== null) checkGuest(findings, report, referenceValues);
  return findings.result(labelOf(report, vek), [
    ...AUTHENTICITY_RULES,
    ...(expectedData === null ? [] : (['snp.report-data'] as const)),
    ...(referenceValues === null ? [] : REFERENCE_RULES),
  ]);
}

/** `snp.version` shows what the parser has made sure of: a report of another version has no fields to appraise. */
function checkForm(findings: Findings<SnpRule>, report: AttestationReport, values: SnpReferenceValues | null): void {
  findings.among('snp.version', ['2', '3', '4', '5'], String(report.version));
  findings.same('snp.sig-algo', String(ECDSA_P384_SHA384), String(report.signatureAlgorithm));
  findings.among('snp.signer', values?.signers ?? ['vcek', 'vlek'], signingKeyText(report.signingKey));
}

/** The certificate of the key that the report says has signed it. */
async function readVek(
  findings: Findings<SnpRule>,
  report: AttestationReport,
  endorsements: SnpEndorsements | null,
): Promise<Vek | null> {
  const expected = signingKeyText(report.signingKey);
  const vek = await findings.attempt('snp.vek', `the certificate of a ${expected}`, () => {
    const { vek: der } = endorsements ?? { vek: null };
    must(der !== null, 'endorsement_missing', `no certificate of the ${expected} was given`);
    const value = parseVek(fromBase64url(der));
    must(value.signer === expected, 'certificate_usage', `expected a ${expected}, got a ${value.signer}`);
    return { got: value.signer, value };
  });
  if (vek !== null) claimVek(findings.claim.bind(findings), vek);
  return vek;
}

/** Rule snp.product: processor and VEK are of one product, whose layout the four TCB versions have. */
async function readTcbs(findings: Findings<SnpRule>, report: AttestationReport, vek: Vek): Promise<Tcbs | null> {
  const { cpuid } = report;
  const { product } = vek;
  const expected = cpuid === null ? 'the product of the VEK' : (productOf(cpuid) ?? 'a product that is known');
  const tcbs = await findings.attempt('snp.product', expected, () => {
    must(cpuid === null || productOf(cpuid) === product, 'certificate_usage', `the VEK is of ${product}`);
    const decode = (bytes: Uint8Array) => decodeTcb(bytes, product);
    const current = decode(report.currentTcb);
    const reported = decode(report.reportedTcb);
    const committed = decode(report.committedTcb);
    return { got: product, value: { current, reported, committed, launch: decode(report.launchTcb) } };
  });
  if (tcbs !== null) claimProduct(findings.claim.bind(findings), product, tcbs);
  return tcbs;
}

async function checkSignature(findings: Findings<SnpRule>, report: AttestationReport, vek: Vek): Promise<void> {
  await findings.signature('snp.signature', () => ({
    kind: 'signature',
    algorithm: 'ES384',
    publicKey: vek.certificate.key.publicKey,
    message: report.signed,
    signature: report.signature,
    what: 'SNP report',
  }));
}

/** A VCEK is one chip's. A VLEK is many's, and whether the report names the chip is the cloud's choice. */
function checkChip(findings: Findings<SnpRule>, { chipId, chipKeyMasked }: AttestationReport, vek: Vek): void {
  const got = chipKeyMasked ? 'the keys are masked' : toHex(chipId);
  if (vek.hwid === null) findings.rule('snp.chip', 'any chip that has the VLEK', got, !chipKeyMasked);
  else findings.same('snp.chip', toHex(vek.hwid).padEnd(2 * chipId.length, '0'), got);
}

/**
 * The VEK is derived from the reported TCB, never from the current one. All three that a guest can rely on must
 * be at the floor: what it was launched under and what the platform cannot go back from, too.
 */
function checkTcbs(findings: Findings<SnpRule>, tcbs: Tcbs, vek: Vek, values: SnpReferenceValues | null): void {
  findings.same('snp.tcb', tcbText(vek.tcb), tcbText(tcbs.reported));
  const floor = values?.products.find(({ product }) => product === vek.product)?.floor;
  if (floor === undefined) return;
  const relied = (['reported', 'committed', 'launch'] as const).map((name) => [name, tcbs[name]] as const);
  const below = relied.flatMap(([name, tcb]) => componentsBelow(tcb, floor).map((what) => `${name} ${what}`));
  const got = relied.map(([name, tcb]) => `${name} ${tcbText(tcb)}`).join(', ');
  const failure = below.length === 0 ? '' : `; below: ${below.join(', ')}`;
  findings.rule('snp.rollback', `at least ${tcbText(floor)}`, `${got}${failure}`, below.length === 0);
}

/** By its chip; a VLEK, where it is all that the cloud shows, is the same for many. */
function labelOf({ signingKey, chipId }: AttestationReport, vek: Vek | null): string {
  const isHidden = chipId.every((byte) => byte === 0);
  if (!isHidden || signingKeyText(signingKey) !== 'vlek') return `snp-${toHex(chipId).slice(0, 16)}`;
  const key = vek === null ? 'unknown' : digestOf(vek.certificate.key.publicKey).slice(0, 16);
  return `snp-vlek-${key}`;
}
