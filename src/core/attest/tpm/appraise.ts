import { concat, fromBase64url, fromHex, toHex } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { claimBy } from '../../x509/certificate.ts';
import { Findings } from '../kit/findings.ts';
import { bankOf } from '../kit/pcr.ts';
import { comparedWithImages } from '../kit/pcr-image.ts';
import type { PlatformResult } from '../kit/platform.ts';
import { type AttestationKey, parseAttestationKey } from './attestation-key.ts';
import { certifyKey, type TpmInput } from './certify.ts';
import { digestBy } from './digest-by.ts';
import type { TpmReferenceValues } from './reference-values.ts';
import type { TpmReport } from './report.ts';
import { requiredRules, type TpmFindings, type TpmRule } from './rules.ts';
import type { ObjectAttribute } from './tpm2b-public.ts';
import { parseTpmsAttest, type Quote, selectionText } from './tpms-attest.ts';
import { parseTpmtSignature, type QuoteSignature } from './tpmt-signature.ts';

/** A restricted key signs what begins with the TPM's magic only where the TPM itself made it. */
const NEEDED: readonly ObjectAttribute[] = ['fixedTPM', 'restricted', 'sign'];
/** The hexadecimal digits of the hash's identifier, which precedes the digest in a name. */
const HASH_ID_DIGITS = 4;
const FORBIDDEN: ObjectAttribute = 'decrypt';

/**
 * Appraises a quote of a TPM 2.0: `expectedData` is the whole extraData, 32 bytes in evidence of a host. Throws
 * `malformed` for what cannot be parsed, and `unsupported_algorithm` for a quote that is signed with neither SHA-256
 * nor SHA-384, or a key that is none of P-256, P-384 and RSA (design: attestation, "TPM 2.0").
 */
export async function appraiseTpm(input: TpmInput): Promise<PlatformResult> {
  const { report, expectedData, referenceValues, verify } = input;
  const attest = fromBase64url(report.attest);
  const quote = parseTpmsAttest(attest);
  const signature = parseTpmtSignature(fromBase64url(report.signature));
  const key = parseAttestationKey(report.identity);
  const findings: TpmFindings = new Findings<TpmRule>(verify);
  claimAll(findings, report, quote, key);
  await findings.signature('tpm.signature', () =>
    signature.algorithms.map((algorithm) => claimBy(key.key, { ...signature, algorithm, message: attest }, 'quote')),
  );
  const hardware = await certifyKey(input, key, findings);
  checkAttributes(findings, report, key);
  if (expectedData !== null) findings.same('tpm.extra-data', toHex(expectedData), quote.extraData);
  checkPcrDigest(findings, report, { quote, hash: signature.hash });
  if (referenceValues !== null) compare(findings, report, quote, referenceValues);
  const own = findings.result(labelOf(key), requiredRules(report, expectedData, referenceValues));
  if (hardware === null) return own;
  return {
    label: hardware.label,
    claims: { ...own.claims, ...hardware.claims },
    rules: [...own.rules, ...hardware.rules],
  };
}

function labelOf({ key, area }: AttestationKey): string {
  const digest = area === null ? digestOf(key.publicKey) : area.name.slice(HASH_ID_DIGITS);
  return `tpm-${digest.slice(0, 16)}`;
}

function claimAll(findings: TpmFindings, { pcrs }: TpmReport, quote: Quote, key: AttestationKey): void {
  const { area, runtime } = key;
  const claims: readonly (readonly [string, string | null | undefined])[] = [
    ['ak', digestOf(key.key.publicKey)],
    ['ak-name', area?.name],
    ['ak-attributes', area?.attributes.join(' ')],
    ['qualified-signer', quote.qualifiedSigner],
    ['extra-data', quote.extraData],
    ['clock', String(quote.clockMs)],
    ['reset-count', String(quote.resetCount)],
    ['restart-count', String(quote.restartCount)],
    ['safe', String(quote.safe)],
    ['firmware', quote.firmware],
    ['pcr-digest', quote.pcrDigest],
    ...pcrs.map(({ index, value }) => [`pcr-${index}`, value] as const),
    ['runtime', runtime?.digest],
    ['console-enabled', runtime?.consoleEnabled?.toString()],
    ['secure-boot', runtime?.secureBoot?.toString()],
    ['machine', runtime?.machine],
  ];
  for (const [name, value] of claims) {
    if (value !== null && value !== undefined) findings.claim(`tpm.${name}`, value);
  }
}

function checkAttributes(findings: TpmFindings, { identity }: TpmReport, { area, runtime }: AttestationKey): void {
  if (runtime !== null) {
    // The vTPM is the paravisor's own, measured by the hardware: the key comes as a JWK, without attributes.
    findings.rule('tpm.key-attributes', 'not asked of the key of a paravisor', 'the key of a paravisor', true);
    return;
  }
  const attributes = area?.attributes ?? [];
  const expected = `${NEEDED.join(' ')}, not ${FORBIDDEN}`;
  const pass = NEEDED.every((name) => attributes.includes(name)) && !attributes.includes(FORBIDDEN);
  // A name covers them, and a certificate does not: the sender of the evidence may have written others.
  const word = identity.kind === 'certificate' ? ', as the host says; its certificate vouches for the key alone' : '';
  const got = area === null ? 'no public area' : `${attributes.join(' ') || 'none'}${word}`;
  findings.rule('tpm.key-attributes', expected, got, pass);
}

/** Checks first which PCRs were signed, then their values: the digest alone does not say of which PCRs it is. */
function checkPcrDigest(
  findings: TpmFindings,
  { pcrs }: TpmReport,
  { quote, hash }: { readonly quote: Quote; readonly hash: QuoteSignature['hash'] },
): void {
  const presented = [{ bank: bankOf(pcrs), indices: pcrs.map(({ index }) => index) }];
  findings.same('tpm.selection', selectionText(presented), selectionText(quote.selections));
  const values = pcrs.map(({ value }) => fromHex(value));
  findings.same('tpm.pcr-digest', toHex(digestBy(hash, concat(...values))), quote.pcrDigest);
}

function compare(findings: TpmFindings, report: TpmReport, quote: Quote, values: TpmReferenceValues): void {
  findings.compared('tpm.image', comparedWithImages(report.pcrs, values.images));
  const isAlone = report.identity.kind !== 'runtime';
  const expected = 'a hardware report, or a policy to which a TPM alone is enough';
  const alone = values.alone ? 'a TPM alone, which is enough' : 'a TPM alone';
  findings.rule('tpm.alone', expected, isAlone ? alone : 'a hardware report', !isAlone || values.alone);
  if (values.firmware !== null) findings.among('tpm.firmware', values.firmware, quote.firmware);
}
