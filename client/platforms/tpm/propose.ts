import { AK_PURPOSE } from '../../../src/core/attest/tpm/certify.ts';
import { NO_PURPOSE, type TpmReferenceValues } from '../../../src/core/attest/tpm/reference-values.ts';
import type { TpmReport } from '../../../src/core/attest/tpm/report.ts';
import { fromBase64url, toBase64url } from '../../../src/core/bytes.ts';
import { must } from '../../../src/core/errors.ts';
import { parseCertificateOfVersion1Or3 } from '../../../src/core/x509/certificate.ts';
import { extendedKeyUsage } from '../../../src/core/x509/extensions.ts';
import { type Choices, type Host, imageName, union } from '../kit/host.ts';
import { withPcrImage } from '../kit/pcr-images.ts';
import { withParavisor } from '../paravisor.ts';

/**
 * The document with a host that a TPM vouches for; `before` null where it has none. Throws `usage` where no flag says
 * who certified the key or a PCR that the document compares was not quoted, `exists` for two images of one name,
 * and as the platform under a paravisor.
 */
export function withTpm(
  before: TpmReferenceValues | null,
  report: TpmReport,
  host: Host,
  choices: Choices,
): TpmReferenceValues {
  const { identity } = report;
  const firmware = host.claims['tpm.firmware'] ?? '';
  return {
    platform: 'tpm',
    alone: before?.alone ?? identity.kind !== 'runtime',
    anchors: union(before?.anchors, anchorsOf(before, identity, choices)),
    akPurposes: akPurposesOf(before, identity),
    activated: union(before?.activated, activatedOf(before, identity, host, choices)),
    images: withPcrImage(before?.images ?? [], report.pcrs, imageName(choices, host.claims['tpm.pcr-digest'] ?? '')),
    firmware: before?.firmware === null ? null : union(before?.firmware, [firmware]),
    paravisor: paravisorOf(before?.paravisor ?? null, identity, host, choices),
  };
}

type Identity = TpmReport['identity'];

function anchorsOf(before: TpmReferenceValues | null, identity: Identity, { akAuthority }: Choices): string[] {
  if (identity.kind !== 'certificate') return [];
  if (akAuthority !== null) return [toBase64url(akAuthority)];
  const [, ...issuers] = identity.chain;
  const last = issuers.at(-1);
  if (last !== undefined) return [last];
  const hasAnchor = before !== null && before.anchors.length > 0;
  must(hasAnchor, 'usage', 'the AK shows its own certificate alone: name who issued it with --ak-authority FILE');
  return [];
}

/** tcg-kp-EKCertificate (TCG OID registry), which some clouds give the certificates of their AKs. */
const EK_PURPOSE = '2.23.133.8.1';
/** The one that tells most first. A certificate of any other purpose may be a laptop's or a server's. */
const PROPOSABLE = [AK_PURPOSE, EK_PURPOSE, NO_PURPOSE];

/**
 * As the document has them once it pins an authority, or lists a purpose of this host's: one host with another purpose
 * does not add it for all.
 */
function akPurposesOf(before: TpmReferenceValues | null, identity: Identity): string[] {
  if (before !== null && before.anchors.length > 0) return before.akPurposes;
  const [leaf] = identity.kind === 'certificate' ? identity.chain : [];
  if (leaf === undefined) return before?.akPurposes ?? [AK_PURPOSE];
  const purposes = extendedKeyUsage(parseCertificateOfVersion1Or3(fromBase64url(leaf))) ?? [NO_PURPOSE];
  if (before?.akPurposes.some((purpose) => purposes.includes(purpose))) return before.akPurposes;
  const [proposed] = PROPOSABLE.filter((purpose) => purposes.includes(purpose));
  must(proposed !== undefined, 'usage', unproposableText(purposes));
  return [proposed];
}

function unproposableText(purposes: readonly string[]): string {
  return (
    `expected an AK certificate of the purpose ${AK_PURPOSE} or ${EK_PURPOSE}, or of none, got ${purposes.join(' ')}: ` +
    'ask who issued it for one of an AK; or, if they give this purpose to keys of TPMs alone, list it in akPurposes of a ' +
    'document without anchors, and name that with --merge'
  );
}

function activatedOf(
  before: TpmReferenceValues | null,
  identity: Identity,
  { claims }: Host,
  { isAkActivated }: Choices,
): string[] {
  if (identity.kind !== 'activated') return [];
  const name = claims['tpm.ak-name'] ?? '';
  const isKnown = isAkActivated || before?.activated.includes(name) === true;
  const how = 'say so with --ak-activated, or show its certificate';
  must(isKnown, 'usage', `an AK without a certificate counts once custodians have activated it: ${how}`);
  return [name];
}

function paravisorOf(
  before: TpmReferenceValues['paravisor'],
  identity: Identity,
  host: Host,
  choices: Choices,
): TpmReferenceValues['paravisor'] {
  if (identity.kind !== 'runtime') return before;
  // The name is of what runs above the paravisor.
  const unnamed = { ...choices, imageName: null };
  return withParavisor(before, identity.hardware, host, unnamed);
}
