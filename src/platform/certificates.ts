import { X509Certificate } from 'node:crypto';
import { must, TwinlockError } from '../core/errors.ts';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The certificates in a text of PEM, one at least; what stands between them, a private key included, is passed over.
 * Throws `malformed`, which names `path`, where there is none, or one that cannot be read, and says which.
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
  return certificates.map((certificate, i) => {
    try {
      return new X509Certificate(certificate);
    } catch (cause) {
      const which = begun === 1 ? 'the certificate' : `certificate ${i + 1} of ${begun}`;
      throw new TwinlockError('malformed', `${path}: ${which} cannot be read: expected X.509 in PEM`, {}, { cause });
    }
  });
}

/** SHA-256 of the one certificate, for people to compare: 64 hexadecimal digits. Null where there are several. */
export function soleDigest([certificate, ...others]: readonly X509Certificate[]): string | null {
  if (certificate === undefined || others.length > 0) return null;
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
