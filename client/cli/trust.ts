import { X509Certificate } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Hex } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { readInputSync } from '../input-file.ts';

/** What systems trust, all of it, is a quarter of that. */
const MAX_BUNDLE_BYTES = 1 << 20;
const BEGIN = '-----BEGIN CERTIFICATE-----';
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Trusts the certificates of a file for the whole process, besides those that it trusts: the platform's `fetch` takes
 * none of its own. Throws as `readCertificates`.
 */
export function trustCa(path: string): void {
  const certificates = readCertificates(path).map((certificate) => certificate.toString());
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}

/**
 * The certificates of a file in PEM, one at least; text between them is passed over. Throws as `readInput`, and
 * `malformed` where there is none, or one that cannot be read, and says which.
 */
function readCertificates(path: string): readonly X509Certificate[] {
  const pem = new TextDecoder().decode(readInputSync(path, MAX_BUNDLE_BYTES));
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

/** SHA-256 of the certificate of a file, for people to compare; null where it has several. Throws as `readCertificates`. */
export function soleCertificate(path: string): Hex | null {
  const [certificate, ...others] = readCertificates(path);
  if (certificate === undefined || others.length > 0) return null;
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
