import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

/** A company's own, whose certificates no machine trusts by itself. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** Certificate and key of a server, both PEM. */
  issue(hosts: readonly string[]): Promise<{ readonly cert: string; readonly key: string }>;
}

export async function makeAuthority(): Promise<Authority> {
  cryptoProvider.set(webcrypto as never);
  const name = `CN=company ${randomBytes(8).toString('hex')}`;
  const keys = await newKeys();
  const dates = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) };
  const own = await X509CertificateGenerator.createSelfSigned({
    name,
    ...dates,
    signingAlgorithm: ALGORITHM,
    keys: keys as never,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    certificate: `${own.toString('pem')}\n`,
    async issue(hosts: readonly string[]) {
      const { publicKey, privateKey } = await newKeys();
      const names = hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const);
      const issued = await X509CertificateGenerator.create({
        subject: 'CN=server',
        issuer: name,
        ...dates,
        signingAlgorithm: ALGORITHM,
        publicKey: publicKey as never,
        signingKey: keys.privateKey as never,
        extensions: [new BasicConstraintsExtension(false), new SubjectAlternativeNameExtension(names)],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey);
      return { cert: `${issued.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
    },
  };
}
