import { fromBase64url, toHex } from '../../bytes.ts';
import { digestOf } from '../../canonical.ts';
import { must, TwinlockError } from '../../errors.ts';
import { unlessRefused } from '../../refusal.ts';
import { type Certificate, claimBy, parseCertificate } from '../../x509/certificate.ts';
import { keyUsage } from '../../x509/extensions.ts';
import { subjectText } from '../../x509/name.ts';
import { verifyPath } from '../../x509/path.ts';
import { Findings } from '../kit/findings.ts';
import { comparedWithImages } from '../kit/pcr-image.ts';
import type { PlatformInput, PlatformResult } from '../kit/platform.ts';
import { parseCoseSign1 } from './cose.ts';
import { type AttestationDocument, parseAttestationDocument } from './document.ts';
import type { NitroReferenceValues } from './reference-values.ts';
import type { NitroReport } from './report.ts';
import { NITRO_VENDOR_ROOTS } from './roots.ts';

/** Every rule of an attestation document. */
export const NITRO_RULES = [
  'nitro.signature',
  'nitro.chain',
  'nitro.user-data',
  'nitro.image',
  'nitro.module',
] as const;
type NitroRule = (typeof NITRO_RULES)[number];
type NitroInput = PlatformInput<NitroReport, NitroReferenceValues>;

/** Leaf first. */
type Chain = readonly [leaf: Certificate, ...issuers: Certificate[]];

const ABSENT = 'absent';

/**
 * Appraises the attestation document of an AWS instance with NitroTPM: `expectedData` is the whole user data, 64 bytes
 * in evidence of a host. Throws `malformed` for what cannot be parsed, and `unsupported_algorithm` for a document that
 * is not signed by ES384 (design: attestation, "TPM 2.0").
 */
export async function appraiseNitro(input: NitroInput): Promise<PlatformResult> {
  const { report, expectedData, referenceValues, verify } = input;
  const { payload, signedBytes, signature } = parseCoseSign1(fromBase64url(report.document));
  const document = parseAttestationDocument(payload);
  const chain = parseChain(document);
  const findings = new Findings<NitroRule>(verify);
  claimAll(findings, document);
  await findings.signature('nitro.signature', () =>
    claimBy(chain[0].key, { algorithm: 'ES384', message: signedBytes, signature }, 'attestation document'),
  );
  await checkChain(findings, chain, input);
  if (expectedData !== null) {
    findings.same('nitro.user-data', toHex(expectedData), hexOrAbsent(document.userData));
  }
  if (referenceValues !== null) compare(findings, document, referenceValues);
  return findings.result(`nitro-${document.moduleId}`, requiredRules(expectedData, referenceValues));
}

/** A certificate that cannot be read, for its key or its algorithm too, is no evidence. Throws `malformed`. */
function parseChain({ certificate, cabundle }: AttestationDocument): Chain {
  const parse = (): Chain => [parseCertificate(certificate), ...cabundle.toReversed().map(parseCertificate)];
  return unlessRefused(TwinlockError, parse, (cause) => {
    throw new TwinlockError('malformed', `attestation document: ${cause.message}`, {}, { cause });
  });
}

function claimAll(findings: Findings<NitroRule>, document: AttestationDocument): void {
  findings.claim('nitro.module-id', document.moduleId);
  findings.claim('nitro.timestamp', String(document.timestampMs));
  for (const { index, value } of document.pcrs) findings.claim(`nitro.pcr-${index}`, value);
  findings.claim('nitro.public-key', hexOrAbsent(document.publicKey));
  findings.claim('nitro.user-data', hexOrAbsent(document.userData));
  findings.claim('nitro.nonce', hexOrAbsent(document.nonce));
  findings.claim('nitro.certificate', digestOf(document.certificate));
}

function hexOrAbsent(bytes: Uint8Array | null): string {
  return bytes === null ? ABSENT : toHex(bytes);
}

/** The document carries a root of its own, which says nothing: the chain ends at one that is pinned. */
async function checkChain(
  findings: Findings<NitroRule>,
  chain: Chain,
  { referenceValues, instantMs, verify }: NitroInput,
): Promise<void> {
  const roots = referenceValues?.roots.map(fromBase64url) ?? NITRO_VENDOR_ROOTS;
  const root = await findings.attempt('nitro.chain', 'a certificate that may sign, under a pinned root', async () => {
    const path = await verifyPath({ chain, anchors: roots.map(parseCertificate), instantMs, verify });
    const maySign = keyUsage(chain[0])?.has('digitalSignature') === true;
    must(maySign, 'certificate_usage', `${subjectText(chain[0])} may not sign documents`);
    const value = path.at(-1) as Certificate;
    return { got: `certified under ${subjectText(value)}`, value };
  });
  if (root !== null) findings.claim('nitro.root', digestOf(root.der));
}

function compare(
  findings: Findings<NitroRule>,
  { pcrs, moduleId }: AttestationDocument,
  { images, modules }: NitroReferenceValues,
): void {
  findings.compared('nitro.image', comparedWithImages(pcrs, images));
  if (modules !== null) findings.among('nitro.module', modules, moduleId);
}

/** Every rule that must have been reached. */
function requiredRules(expectedData: Uint8Array | null, values: NitroReferenceValues | null): NitroRule[] {
  return [
    'nitro.signature',
    'nitro.chain',
    ...(expectedData === null ? [] : (['nitro.user-data'] as const)),
    ...(values === null ? [] : (['nitro.image'] as const)),
    ...(values === null || values.modules === null ? [] : (['nitro.module'] as const)),
  ];
}
