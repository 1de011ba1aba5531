import { fromHex, type Hex } from '../../../src/core/bytes.ts';
import { basicConstraints, extension, keyUsage, makeCertificate, name, testKey, tlv } from '../x509/certificate-kit.ts';

/** A vendor of authenticators: a root, an issuing authority under it, and the batch certificate of one model. */
export const MODEL: Hex = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
export const AT_MS: number = Date.UTC(2026, 0, 1);

export const ROOT_KEY = testKey('ES384', 11);
const ISSUER_KEY = testKey('ES256', 12);
export const BATCH_KEY = testKey('ES256', 13);
const ROOT_NAME = name({ '2.5.4.10': 'Vendor', '2.5.4.3': 'Root' });
const ISSUER_NAME = name({ '2.5.4.10': 'Vendor', '2.5.4.3': 'Issuing' });
const BATCH_NAME = name({
  '2.5.4.6': 'SE',
  '2.5.4.10': 'Vendor',
  '2.5.4.11': 'Authenticator Attestation',
  '2.5.4.3': 'Batch 1',
});

export const aaguidExtension = (aaguid: Hex, critical = false): Uint8Array =>
  extension('1.3.6.1.4.1.45724.1.1.4', tlv(0x04, fromHex(aaguid)), critical);

type Fields = Partial<Parameters<typeof makeCertificate>[0]>;

export const makeRoot = (fields: Fields = {}): Uint8Array =>
  makeCertificate({
    subject: ROOT_NAME,
    issuer: ROOT_NAME,
    key: ROOT_KEY,
    signer: ROOT_KEY,
    extensions: [basicConstraints(true, 1), keyUsage(5, 6)],
    ...fields,
  });

export const makeIssuer = (fields: Fields = {}): Uint8Array =>
  makeCertificate({
    subject: ISSUER_NAME,
    issuer: ROOT_NAME,
    key: ISSUER_KEY,
    signer: ROOT_KEY,
    extensions: [basicConstraints(true, 0), keyUsage(5, 6)],
    ...fields,
  });

export const makeBatch = (fields: Fields = {}): Uint8Array =>
  makeCertificate({
    subject: BATCH_NAME,
    issuer: ISSUER_NAME,
    key: BATCH_KEY,
    signer: ISSUER_KEY,
    extensions: [basicConstraints(false), aaguidExtension(MODEL)],
    ...fields,
  });

export const ROOT: Uint8Array = makeRoot();
export const ISSUER: Uint8Array = makeIssuer();
export const BATCH: Uint8Array = makeBatch();
