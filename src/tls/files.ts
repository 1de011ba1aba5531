import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { must, TwinlockError } from '../core/errors.ts';
import { readDataFile } from '../data-folder/data-folder.ts';
import { TLS_CERTIFICATE_FILE, TLS_KEY_FILE } from '../founding/initialise.ts';
import { certificatesIn } from '../platform/certificates.ts';
import { inputError, readOperatorFile } from '../platform/files/operator-file.ts';

/** The certificate and key of the API. */
export interface TlsFiles {
  /** A private key in PEM. */
  readonly key: string;
  /** In PEM: the daemon's certificate, then those between it and what clients trust. */
  readonly cert: string;
}

/** Where they are, if not in the data folder. */
export interface TlsPaths {
  readonly key: string;
  readonly cert: string;
}

/**
 * Reads `tls.key` and `tls.crt` of the data folder, or what an operator names in their place, and sees that TLS 1.3 can
 * be served with them: each can be read, the key is not encrypted, and is the certificate's. An operator may have put
 * them there. Links are followed. Throws `malformed`, which names the file and what to do, and as `certificatesIn`,
 * `readDataFile` and `readOperatorFile`. Says nothing of dates: see `validityWarning`.
 */
export function readTls(dataDir: string, paths: TlsPaths | null = null): TlsFiles {
  const keyPath = paths?.key ?? join(dataDir, TLS_KEY_FILE);
  const certPath = paths?.cert ?? join(dataDir, TLS_CERTIFICATE_FILE);
  const key = paths === null ? readDataFile(dataDir, TLS_KEY_FILE) : readNamed(keyPath);
  const cert = paths === null ? readDataFile(dataDir, TLS_CERTIFICATE_FILE) : readNamed(certPath);
  const privateKey = parsedKey(key, keyPath);
  must(
    parsedCertificate(cert, certPath).checkPrivateKey(privateKey),
    'malformed',
    `${keyPath} is not the key of ${certPath}: put a certificate and its own key there`,
  );
  try {
    createSecureContext({ key, cert, minVersion: 'TLSv1.3' });
  } catch (cause) {
    const message = `${certPath} with ${keyPath}: OpenSSL does not serve them (${reasonOf(cause)}): see that every certificate in the file is whole, and that the key is of ECDSA P-256, or of RSA with 2048 bits at least`;
    throw new TwinlockError('malformed', message, {}, { cause });
  }
  certificatesIn(cert, certPath);
  return { key, cert };
}

/** While the daemon runs, too: a pipe that was put there would hold up everything, stops included. */
function readNamed(path: string): string {
  try {
    return Buffer.from(readOperatorFile(path)).toString('utf8');
  } catch (error) {
    throw inputError(error, path);
  }
}

function parsedKey(pem: string, path: string): KeyObject {
  must(
    !/^-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem),
    'malformed',
    `${path} is encrypted, and the daemon asks for no passphrase: write it without one (openssl pkey -in ENCRYPTED -out ${path})`,
  );
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new TwinlockError('malformed', `${path}: expected a private key in PEM (${reasonOf(cause)})`, {}, { cause });
  }
}

function parsedCertificate(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new TwinlockError('malformed', `${path}: expected a certificate in PEM (${reasonOf(cause)})`, {}, { cause });
  }
}

/** OpenSSL's name for it, which never quotes the file. */
function reasonOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'unknown reason';
}

/** The warning about the certificate's dates at `nowMs`; null if they are right. */
export function validityWarning({ cert }: TlsFiles, nowMs: number): string | null {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  if (nowMs > validToDate.getTime()) {
    return `${TLS_CERTIFICATE_FILE} has expired on ${validToDate.toISOString()}: clients refuse it; renew it`;
  }
  if (nowMs < validFromDate.getTime()) {
    return `${TLS_CERTIFICATE_FILE} is not valid before ${validFromDate.toISOString()}, and clients refuse it until then: see whether this machine’s clock is right`;
  }
  return null;
}
