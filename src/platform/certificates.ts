import { type KeyObject, X509Certificate } from 'node:crypto';
import { must, TwinlockError } from '../core/errors.ts';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const MIN_RSA_BITS = 2048;
const KEYS = `ECDSA P-256, P-384 or P-521, Ed25519, or RSA of ${MIN_RSA_BITS} bits at least`;

/**
 * The certificates in a text of PEM, one at least; what stands between them, a private key included, is passed over.
 * Throws `malformed`, which names `path`, where there is none, or one that cannot be read or whose key is of another kind
 * than those of `KEYS`, and says which: clients differ in whether they take others, and none of them says so.
 */
export function certificatesIn(pem: string, path: string): readonly X509Certificate[] {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const begun = pem.split(BEGIN).length - 1;
  must(begun > 0, 'malformed', `${path}: expected one or more certificates in PEM, got none`);
  must(
    certificates.length === begun,
    'malformed',
    `${path}: expected certificates in PEM, and ${begun - certificates.length} of ${begun} that begin do not end`,
  );
  return certificates.map((certificate, i) =>
    readCertificate(certificate, `${path}: ${begun === 1 ? 'the certificate' : `certificate ${i + 1} of ${begun}`}`),
  );
}

function readCertificate(pem: string, named: string): X509Certificate {
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(pem);
    key = certificate.publicKey;
  } catch (cause) {
    throw new TwinlockError('malformed', `${named} cannot be read: expected X.509 in PEM`, {}, { cause });
  }
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType ?? 'unknown';
  const isRsa = kind === 'rsa' || kind === 'rsa-pss';
  const isTaken = kind === 'ed25519' || CURVES.has(namedCurve) || (isRsa && modulusLength >= MIN_RSA_BITS);
  const got = namedCurve ?? (isRsa ? `${kind} of ${modulusLength} bits` : kind);
  must(isTaken, 'malformed', `${named} has a key of ${got}: expected ${KEYS}: have it issued for such a key`);
  return certificate;
}

/** SHA-256 of the one certificate, for people to compare: 64 hexadecimal digits. Null where there are several. */
export function soleDigest([certificate, ...others]: readonly X509Certificate[]): string | null {
  if (certificate === undefined || others.length > 0) return null;
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
