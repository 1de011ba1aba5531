import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import type { KemKeyPair } from '../../src/core/envelope/xwing.ts';

/** HPKE as one would do it without us: a general library with our suite, whose AES and HMAC are the platform's. */
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

export const OTHER_HPKE = 'the same HPKE suite of another library';

const exact = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;

/** Seals to one key, which is imported beforehand. */
export async function otherSealer(publicKey: Uint8Array, info: Uint8Array) {
  const recipientPublicKey = await suite.kem.deserializePublicKey(exact(publicKey));
  return (plaintext: Uint8Array) => suite.seal({ recipientPublicKey, info: exact(info) }, exact(plaintext));
}

/** Opens again and again what is sealed once. */
export async function otherOpener({ seed, publicKey }: KemKeyPair, info: Uint8Array, plaintext: Uint8Array) {
  const recipientKey = await suite.kem.deserializePrivateKey(exact(seed));
  const { enc, ct } = await (await otherSealer(publicKey, info))(plaintext);
  return () => suite.open({ recipientKey, enc, info: exact(info) }, ct);
}
