import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const FIVE_YEARS_MS = 5 * 365 * 24 * 60 * 60_000;

/**
 * A self-signed TLS certificate for these host names and addresses, and its key, both PEM. It carries the
 * transport only: nothing rests on it that the fingerprint does not prove, and an operator may replace it.
 */
export async function selfSigned(
  hosts: readonly string[],
  nowMs: number,
): Promise<{ certificate: string; key: string }> {
  cryptoProvider.set(webcrypto as never);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A name of its own: a machine that trusts several vaults finds the issuer by it.
    name: `CN=twinlockd ${randomBytes(8).toString('hex')}`,
    notBefore: new Date(nowMs - 60_000),
    notAfter: new Date(nowMs + FIVE_YEARS_MS),
    signingAlgorithm: ALGORITHM,
    keys: keys as never,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign, true),
      new ExtendedKeyUsageExtension([SERVER_AUTH]),
      new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const)),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  // Each ends its last line, so that files of several can be made with cat.
  return { certificate: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
}
