import { readFileSync } from 'node:fs';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { shake128 } from '@noble/hashes/sha3.js';
import { base64nopad, bech32 } from '@scure/base';
import { type AEADFactory, CipherSuite, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import { describe, expect } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../../src/core/bytes.ts';
import { open, seal } from '../../../src/core/envelope/hpke.ts';
import { aes256Gcm, hkdfSha256, xwingKem, xwingPrivateKey, xwingPublicKey } from '../../../src/core/envelope/suite.ts';
import { checkKemPublicKey, decapsulate, encapsulate, kemKeyPairFromSeed } from '../../../src/core/envelope/xwing.ts';
import { vectorPath, vectorTest } from '../../vectors.ts';

const code = (code: string) => expect.objectContaining({ code });
const read = (...path: string[]) => JSON.parse(readFileSync(vectorPath('crypto', ...path), 'utf8'));
/** The randomness of a vector, for one call. */
const fixed = (hex: string) => () => fromHex(hex);
const noRandom = () => expect.fail('drew randomness');

/** The other AEAD that public vectors for X-Wing use: with it they exercise our KEM and KDF. */
const chaCha20Poly1305: AEADFactory = () => ({
  id: 0x0003,
  type: 'AEAD',
  name: 'ChaCha20Poly1305',
  Nk: 32,
  Nn: 12,
  Nt: 16,
  Seal: async (key, nonce, aad, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
  Open: async (key, nonce, aad, ciphertext) => chacha20poly1305(key, nonce, aad).decrypt(ciphertext),
});

vectorTest('X-Wing: keys, encapsulations and shared secrets of the draft', () => {
  const vectors: { seed: string; eseed: string; ss: string; sk: string; pk: string; ct: string }[] =
    read('xwing/test-vectors.json');
  expect(vectors).toHaveLength(3);
  for (const { seed, eseed, ss, sk, pk, ct } of vectors) {
    expect(sk).toBe(seed);
    const { publicKey } = kemKeyPairFromSeed(fromHex(seed));
    expect(toHex(checkKemPublicKey(publicKey))).toBe(pk);
    const { sharedSecret, encapsulation } = encapsulate(publicKey, fixed(eseed));
    expect(toHex(sharedSecret)).toBe(ss);
    expect(toHex(encapsulation)).toBe(ct);
    expect(toHex(decapsulate(fromHex(seed), fromHex(ct)))).toBe(ss);
  }
});

interface GeneratedVector {
  skR_seed: string;
  pkR_sha256: string;
  encaps_seed: string;
  info: string;
  aad: string;
  pt: string;
  enc: string;
  ct: string;
  exporter_context: string;
  export32: string;
}

vectorTest('HPKE with exactly our suite: what two other libraries sealed and opened', async () => {
  const { vectors }: { vectors: GeneratedVector[] } = read('generated/hpke-xwing-hkdfsha256-aes256gcm.json');
  for (const vector of vectors) {
    const seed = fromHex(vector.skR_seed);
    const { publicKey } = kemKeyPairFromSeed(seed);
    expect(toHex(sha256(publicKey))).toBe(vector.pkR_sha256);

    const [info, aad, plaintext] = [vector.info, vector.aad, vector.pt].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const suite = new CipherSuite(() => xwingKem(fixed(vector.encaps_seed)), hkdfSha256, aes256Gcm);
    const { encapsulatedSecret, ctx } = await suite.SetupSender(xwingPublicKey(publicKey), { info });
    expect(toHex(encapsulatedSecret)).toBe(vector.enc);
    expect(toHex(await ctx.Seal(plaintext, aad))).toBe(vector.ct);
    expect(toHex(await ctx.Export(fromHex(vector.exporter_context), 32))).toBe(vector.export32);
    expect(await suite.Open(xwingPrivateKey(seed), fromHex(vector.enc), fromHex(vector.ct), { info, aad })).toEqual(
      plaintext,
    );

    if (vector.aad === '') {
      const sealed = await seal(publicKey, info, plaintext, fixed(vector.encaps_seed));
      expect(toHex(sealed)).toBe(vector.enc + vector.ct);
      expect(await open(seed, info, sealed)).toEqual(plaintext);
    } else {
      const sealed = concat(fromHex(vector.enc), fromHex(vector.ct));
      await expect(open(seed, info, sealed)).rejects.toThrow(code('envelope_invalid'));
    }
  }
});

interface PqVector {
  kem_id: number;
  kdf_id: number;
  aead_id: number;
  info: string;
  ikmE: string;
  skRm: string;
  pkRm: string;
  enc: string;
  encryptions: { aad: string; ct: string; pt: string }[];
  exports: { exporter_context: string; L: number; exported_value: string }[];
}

vectorTest('draft-ietf-hpke-pq: our KEM and KDF, with the AEAD of the vector', async () => {
  const vectors: PqVector[] = read('hpke/hpke-pq-test-vectors.json').filter(
    ({ kem_id, kdf_id }: PqVector) => kem_id === 0x647a && kdf_id === 0x0001,
  );
  expect(vectors).toHaveLength(1);
  for (const vector of vectors) {
    const { publicKey } = kemKeyPairFromSeed(fromHex(vector.skRm));
    expect(toHex(publicKey)).toBe(vector.pkRm);
    const suite = new CipherSuite(() => xwingKem(fixed(vector.ikmE)), hkdfSha256, chaCha20Poly1305);
    const info = fromHex(vector.info);
    const { encapsulatedSecret, ctx } = await suite.SetupSender(xwingPublicKey(publicKey), { info });
    expect(toHex(encapsulatedSecret)).toBe(vector.enc);
    const recipient = await suite.SetupRecipient(xwingPrivateKey(fromHex(vector.skRm)), encapsulatedSecret, { info });
    for (const { aad, pt, ct } of vector.encryptions) {
      expect(toHex(await ctx.Seal(fromHex(pt), fromHex(aad)))).toBe(ct);
      expect(toHex(await recipient.Open(fromHex(ct), fromHex(aad)))).toBe(pt);
    }
    for (const { exporter_context: context, L, exported_value: value } of vector.exports) {
      expect(toHex(await ctx.Export(fromHex(context), L))).toBe(value);
    }
  }
});

vectorTest('RFC 9180 DHKEM(X25519): our KDF and AEAD over a thousand messages', async () => {
  const { vectors } = read('hpke/rfc9180-accumulated-subset.json');
  const [{ skRm, pkRm, enc, info, encryptions_accumulated: accumulated }] = vectors;
  const kem = KEM_DHKEM_X25519_HKDF_SHA256();
  const privateKey = await kem.DeserializePrivateKey(fromHex(skRm), false);
  const publicKey = await kem.DeserializePublicKey(fromHex(pkRm));
  const secret = await kem.Decap(fromHex(enc), privateKey, publicKey);
  const sender: typeof kem = Object.create(kem, {
    Encap: { value: async () => ({ shared_secret: secret, enc: fromHex(enc) }) },
  });
  const suite = new CipherSuite(() => sender, hkdfSha256, aes256Gcm);
  const { ctx } = await suite.SetupSender(publicKey, { info: fromHex(info) });

  const source = shake128.create({});
  const draw = () => source.xof(source.xof(1)[0] ?? 0);
  const sink = shake128.create({});
  for (let n = 0; n < 1000; n++) {
    const aad = draw();
    sink.update(await ctx.Seal(draw(), aad));
  }
  expect(toHex(sink.xof(16))).toBe(accumulated);
});

describe('age hybrid files: HPKE over X-Wing with another AEAD', () => {
  const INFO = utf8('age-encryption.org/mlkem768x25519');
  const suite = new CipherSuite(() => xwingKem(noRandom), hkdfSha256, chaCha20Poly1305);

  function stanzaOf(name: string) {
    const text = readFileSync(vectorPath('crypto/age', name), 'latin1');
    const identity = /^identity: (AGE-SECRET-KEY-PQ-1\S+)$/m.exec(text)?.[1] ?? '';
    const [, encapsulation = '', body = ''] = /^-> mlkem768x25519 (\S+)\n(\S+)$/m.exec(text) ?? [];
    return {
      fileKey: /^file key: (\S+)$/m.exec(text)?.[1],
      seed: bech32.decodeToBytes(identity).bytes,
      encapsulation: base64nopad.decode(encapsulation),
      body: base64nopad.decode(body),
    };
  }
  const openStanza = ({ seed, encapsulation, body }: ReturnType<typeof stanzaOf>) =>
    suite.Open(xwingPrivateKey(seed), encapsulation, body, { info: INFO });

  vectorTest('opens the file that is meant to open', async () => {
    const stanza = stanzaOf('hybrid');
    expect(toHex(await openStanza(stanza))).toBe(stanza.fileKey);
  });

  vectorTest('refuses a low-order, an identity, a longer and a shorter X25519 share', async () => {
    for (const name of ['hybrid_low_order', 'hybrid_identity', 'hybrid_long_share', 'hybrid_short_share']) {
      const stanza = stanzaOf(name);
      expect(() => decapsulate(stanza.seed, stanza.encapsulation), name).toThrow(code('envelope_invalid'));
      await expect(openStanza(stanza), name).rejects.toThrow();
      const sealed = concat(stanza.encapsulation, stanza.body);
      await expect(open(stanza.seed, INFO, sealed), name).rejects.toThrow(code('envelope_invalid'));
    }
  });

  vectorTest('refuses a corrupted half of the encapsulation, another identity, and a wrong tag', async () => {
    for (const name of [
      'hybrid_currupted_enc_mlkem',
      'hybrid_currupted_enc_x25519',
      'hybrid_no_match',
      'hybrid_bad_tag',
    ]) {
      const stanza = stanzaOf(name);
      expect(decapsulate(stanza.seed, stanza.encapsulation), name).toHaveLength(32);
      await expect(openStanza(stanza), name).rejects.toThrow();
      const sealed = concat(stanza.encapsulation, stanza.body);
      await expect(open(stanza.seed, INFO, sealed), name).rejects.toThrow(code('envelope_invalid'));
    }
  });
});
