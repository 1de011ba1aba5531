import { equal, type Hex, toHex } from '../bytes.ts';
import { must } from '../errors.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import { type Certificate, issuedBy } from '../x509/certificate.ts';
import { DerReader, OCTET_STRING } from '../x509/der-reader.ts';
import { allowsUsage, basicConstraints, unknownCriticalExtensions } from '../x509/extensions.ts';
import { attributesOf } from '../x509/name.ts';

const ORGANIZATIONAL_UNIT = '2.5.4.11';
const LEAF_UNIT = 'Authenticator Attestation';
/** id-fido-gen-ce-aaguid */
const AAGUID_EXTENSION = '1.3.6.1.4.1.45724.1.1.4';

/**
 * Checks the requirements on an attestation certificate (WebAuthn section 8.2.1): version 3 (parsed as
 * such), the organizational unit, not an authority, and the AAGUID extension equal where there is one.
 * Attacker-controlled. Throws `authenticator_unattested` or `malformed`.
 */
export function requireAttestationCertificate(leaf: Certificate, aaguid: Hex): void {
  mustAttest(
    attributesOf(leaf.subject, ORGANIZATIONAL_UNIT).includes(LEAF_UNIT),
    `expected an attestation certificate of organizational unit ${LEAF_UNIT}`,
  );
  mustAttest(basicConstraints(leaf)?.ca === false, 'expected an attestation certificate that is not an authority');
  const extension = leaf.extensions.get(AAGUID_EXTENSION);
  if (extension === undefined) return;
  mustAttest(!extension.critical, 'expected the AAGUID extension not to be critical');
  const value = new DerReader(extension.value);
  const certified = toHex(value.read(OCTET_STRING));
  value.end();
  mustAttest(certified === aaguid, `the certificate is of AAGUID ${certified}, the authenticator says ${aaguid}`);
}

/**
 * The claims by which `path` (leaf first, with or without its root) ends at one of the pinned roots. The
 * roots are trusted as bytes: their own signatures are not looked at, their validity and authority are.
 * No two roots may have the same name, since a claim cannot say "either of these".
 *
 * Throws `authenticator_unattested` when it ends elsewhere, a certificate is not valid at `atMs`, has a
 * critical extension that is not understood, or issues and is not an authority for that depth; and as
 * `issuedBy`.
 */
export function trustPathClaims(
  path: readonly Certificate[],
  roots: readonly Certificate[],
  atMs: number,
): SignatureClaim[] {
  const chain = [...path];
  const last = chain.at(-1);
  if (last !== undefined && chain.length > 1 && roots.some((root) => equal(root.der, last.der))) chain.pop();
  const [root, ...others] = roots.filter(({ subject }) => equal(subject, chain.at(-1)?.issuer ?? new Uint8Array()));
  mustAttest(root !== undefined, 'the attestation does not end at a pinned root');
  mustAttest(others.length === 0, 'two pinned roots have the same name');

  chain.push(root);
  return chain.flatMap((certificate, depth) => {
    requireUsable(certificate, atMs);
    const issuer = chain[depth + 1];
    if (issuer === undefined) return [];
    requireIssued(issuer, certificate, depth);
    return [issuedBy(certificate, issuer.key, `attestation certificate ${depth}`)];
  });
}

/** Returns whether a pinned root can vouch for a certificate at `atMs`. Tools that list roots show it. */
export function isAuthorityAt(root: Certificate, atMs: number): boolean {
  const isValid = atMs >= root.notBeforeMs && atMs <= root.notAfterMs;
  return isValid && isAuthority(root) && unknownCriticalExtensions(root).length === 0;
}

const isAuthority = (certificate: Certificate) =>
  basicConstraints(certificate)?.ca === true && allowsUsage(certificate, 'keyCertSign');

function requireUsable(certificate: Certificate, atMs: number): void {
  const { notBeforeMs, notAfterMs } = certificate;
  mustAttest(atMs >= notBeforeMs && atMs <= notAfterMs, 'a certificate of the attestation is not valid at that time');
  const [unknown] = unknownCriticalExtensions(certificate);
  mustAttest(unknown === undefined, `a certificate has the critical extension ${unknown}, which is not understood`);
}

/** `depth` is how many certificates lie between the issuer and the leaf (RFC 5280 section 6.1.4). */
function requireIssued(issuer: Certificate, certificate: Certificate, depth: number): void {
  mustAttest(equal(issuer.subject, certificate.issuer), 'a certificate does not name the next one as its issuer');
  mustAttest(isAuthority(issuer), 'an issuer is not a certificate authority');
  mustAttest(
    (basicConstraints(issuer)?.pathLength ?? depth) >= depth,
    'an issuer may not stand that far above the leaf',
  );
}

function mustAttest(condition: boolean, message: string): asserts condition {
  must(condition, 'authenticator_unattested', message);
}
