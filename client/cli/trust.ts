import type { X509Certificate } from 'node:crypto';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Hex } from '../../src/core/bytes.ts';
import { certificatesIn, soleDigest } from '../../src/platform/certificates.ts';
import { readInputSync } from '../../src/platform/files/input.ts';

/** Largest file of certificates: four times the bundle of roots that a system trusts. */
const MAX_BUNDLE_BYTES = 1 << 20;

/**
 * Adds the certificates of a file to those that the whole process trusts: Node's `fetch` takes no certificates of its
 * own. Throws as `readCertificates`.
 */
export function trustCa(path: string): void {
  const certificates = readCertificates(path).map((certificate) => certificate.toString());
  setDefaultCACertificates([...getCACertificates('default'), ...certificates]);
}

/** Reads the certificates of a file in PEM, at least one. Throws as `readInput` and `certificatesIn`. */
function readCertificates(path: string): readonly X509Certificate[] {
  return certificatesIn(new TextDecoder().decode(readInputSync(path, MAX_BUNDLE_BYTES)), path);
}

/**
 * SHA-256 of a file's certificate, for people to compare; null where the file has several. Throws as
 * `readCertificates`.
 */
export function soleCertificate(path: string): Hex | null {
  return soleDigest(readCertificates(path));
}
