import type { X509Certificate } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Hex } from '../../src/core/bytes.ts';
import { certificatesIn, soleDigest } from '../../src/platform/certificates.ts';
import { readInputSync } from '../../src/platform/files/input.ts';

/** What systems trust, all of it, is a quarter of that. */
const MAX_BUNDLE_BYTES = 1 << 20;

/**
 * Trusts the certificates of a file for the whole process, besides those that it trusts: the platform's `fetch` takes
 * none of its own. Throws as `readCertificates`.
 */
export function trustCa(path: string): void {
  const certificates = readCertificates(path).map((certificate) => certificate.toString());
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}

/** The certificates of a file in PEM, one at least. Throws as `readInput` and `certificatesIn`. */
function readCertificates(path: string): readonly X509Certificate[] {
  return certificatesIn(new TextDecoder().decode(readInputSync(path, MAX_BUNDLE_BYTES)), path);
}

/** SHA-256 of the certificate of a file, for people to compare; null where it has several. Throws as `readCertificates`. */
export function soleCertificate(path: string): Hex | null {
  return soleDigest(readCertificates(path));
}
