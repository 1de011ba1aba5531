import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, fromBase64url, ZERO_32 } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must } from '../../errors.ts';
import { type Certificate, parseCertificate, parseCertificateOfVersion1Or3 } from '../../x509/certificate.ts';
import { allowsUsage, extendedKeyUsage, type KeyUsage, keyUsage } from '../../x509/extensions.ts';
import { subjectText } from '../../x509/name.ts';
import { verifyPath } from '../../x509/path.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import { appraiseHardware, HARDWARE, type HardwareEndorsed } from '../paravisor/hardware.ts';
import type { AttestationKey } from './attestation-key.ts';
import { NO_PURPOSE, type TpmReferenceValues } from './reference-values.ts';
import type { TpmIdentityOf, TpmReport } from './report.ts';
import type { TpmFindings } from './rules.ts';

export type TpmInput = PlatformInput<TpmReport, TpmReferenceValues, HardwareEndorsed>;

/** tcg-kp-AIKCertificate (TCG OID registry): the purpose of an attestation key's certificate. */
export const AK_PURPOSE = '2.23.133.8.3';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** Critical where the subject is empty; it names the TPM's maker and model, which no rule asks. */
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
/** What the key of an EK's certificate is for. */
const DECRYPTING: readonly KeyUsage[] = ['keyEncipherment', 'dataEncipherment', 'keyAgreement'];
const NO_TIE = 'nothing ties the AK to a TPM';

/**
 * The rule `tpm.key-certified`: another party than the key says that it is a TPM's. Returns the appraisal of
 * the hardware report under a paravisor, whose rules are part of the whole; null for other identities.
 */
export async function certifyKey(
  input: TpmInput,
  key: AttestationKey,
  findings: TpmFindings,
): Promise<PlatformResult | null> {
  const { identity } = input.report;
  switch (identity.kind) {
    case 'certificate':
      await certifyByCertificate(input, identity, key, findings);
      return null;
    case 'activated':
      certifyByActivation(input, key, findings);
      return null;
    case 'runtime':
      return certifyByHardware(input, identity, findings);
    case 'self-asserted':
      findings.rule('tpm.key-certified', 'a certificate, an activation or a hardware report', NO_TIE, false);
      return null;
  }
}

async function certifyByCertificate(
  input: TpmInput,
  { chain }: TpmIdentityOf<'certificate'>,
  { key }: AttestationKey,
  findings: TpmFindings,
): Promise<void> {
  const { referenceValues } = input;
  const expected = 'an AK certificate of this key, under a pinned authority';
  if (referenceValues === null) {
    const got = 'no anchor: give reference values that pin the authority of the AK';
    findings.rule('tpm.key-certified', expected, got, false);
    return;
  }
  const path = await findings.attempt('tpm.key-certified', expected, async () => {
    const value = await verifyAkPath(input, chain, referenceValues);
    const [leaf, anchor] = [value.at(0), value.at(-1)] as [Certificate, Certificate];
    const isSame = leaf.key.family === key.family && equal(leaf.key.publicKey, key.publicKey);
    must(isSame, 'certificate_untrusted', 'the certificate is of another key than the public area');
    return { got: `certified under ${subjectText(anchor)}`, value: { leaf, anchor } };
  });
  if (path === null) return;
  findings.claim('tpm.ak-certificate', digestOf(path.leaf.der));
  findings.claim('tpm.ak-anchor', digestOf(path.anchor.der));
}

/** Leaf … anchor. Throws as `verifyPath`, and `certificate_usage` for a certificate that is not of an AK. */
async function verifyAkPath(
  { instantMs, verify }: TpmInput,
  chain: readonly string[],
  { anchors, akPurposes }: TpmReferenceValues,
): Promise<readonly Certificate[]> {
  const path = await verifyPath({
    chain: chain.map((der) => parseCertificateOfVersion1Or3(fromBase64url(der))),
    anchors: anchors.map((der) => parseCertificate(fromBase64url(der))),
    instantMs,
    verify,
    understood: [EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME],
  });
  const [leaf] = path as [Certificate];
  must(allowsUsage(leaf, 'digitalSignature'), 'certificate_usage', 'the key of the AK certificate may not sign');
  requireListedPurpose(leaf, akPurposes);
  return path;
}

/**
 * Policy lists which purposes tell an AK's certificate. One that is not an AK's by name may be a key that decrypts, as
 * an EK is: then the key usage must be there, and allow nothing but signing.
 */
function requireListedPurpose(leaf: Certificate, akPurposes: readonly string[]): void {
  const purposes = extendedKeyUsage(leaf) ?? [NO_PURPOSE];
  const listed = purposes.filter((purpose) => akPurposes.includes(purpose));
  const expected = `expected the purpose of an AK certificate: ${akPurposes.join(' or ') || 'policy lists none'}`;
  must(listed.length > 0, 'certificate_usage', `${expected}, got ${purposes.join(' ')}`);
  if (listed.includes(AK_PURPOSE) || listed.includes(NO_PURPOSE)) return;
  const usage = keyUsage(leaf);
  const isForSigningAlone = usage?.has('digitalSignature') === true && !DECRYPTING.some((one) => usage.has(one));
  const message = `expected a key usage of signing alone beside the purpose ${listed.join(' ')}, as no EK has`;
  must(isForSigningAlone, 'certificate_usage', message);
}

function certifyByActivation({ referenceValues }: TpmInput, { area }: AttestationKey, findings: TpmFindings): void {
  if (referenceValues === null) {
    const got = `${NO_TIE}: give reference values that name the activated AK`;
    findings.rule('tpm.key-certified', 'an AK that custodians have activated', got, false);
    return;
  }
  findings.among('tpm.key-certified', referenceValues.activated, area?.name ?? 'no name');
}

/** The paravisor certifies its key by the hash of the runtime JSON in the report data, so all of the report counts. */
async function certifyByHardware(
  input: TpmInput,
  { hardware, runtime }: TpmIdentityOf<'runtime'>,
  findings: TpmFindings,
): Promise<PlatformResult> {
  const { endorsements, instantMs, verify, referenceValues } = input;
  const expectedData = concat(sha256(fromBase64url(runtime)), ZERO_32);
  const given = { endorsements, instantMs, verify, expectedData };
  const values = referenceValues?.paravisor?.[hardware.platform] ?? null;
  const result = await appraiseHardware(hardware.platform, { ...given, report: hardware, referenceValues: values });
  const failed = result.rules.filter(({ pass }) => !pass).map(({ rule }) => rule);
  const expected = 'a hardware report that carries the hash of the runtime and passes';
  const got = failed.length === 0 ? `the report of ${result.label}` : `a report that fails ${failed.join(' ')}`;
  findings.rule('tpm.key-certified', expected, got, failed.length === 0 && result.rules.length > 0);
  // A guest may ask for reports of its own level, with a key of its choice in them; the paravisor's is 0.
  const { levelClaim } = HARDWARE[hardware.platform];
  if (levelClaim !== null) findings.same('tpm.paravisor-vmpl', '0', result.claims[levelClaim] ?? 'none');
  if (referenceValues !== null) {
    const paravisor = `reference values for a paravisor on ${hardware.platform}`;
    findings.rule('tpm.paravisor', paravisor, values === null ? 'none in policy' : 'given', values !== null);
  }
  return result;
}
