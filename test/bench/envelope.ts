import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { platformRandom } from '../../client/random.ts';
import { frame } from '../../src/core/frame.ts';
import { toHex } from '../../src/core/bytes.ts';
import { openHostShare, sealHostShare } from '../../src/core/envelope/host-share.ts';
import { kemKeyPairFromSeed } from '../../src/core/envelope/xwing.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { encodeShare } from '../../src/core/share/share.ts';
import { race, repeated } from './measure.ts';
import { type Bench, row } from './row.ts';

const HPKE = 'the same suite of another library';

/**
 * One share sealed to one key, and opened: HPKE with X-Wing, HKDF-SHA256 and AES-256-GCM.
 *
 * Against a general HPKE library with the same suite, key, info and plaintext, its key imported beforehand.
 * That one has the platform's AES and HMAC; ours is pure TypeScript, the same in a browser.
 */
export const envelopeBench: Bench = async ({ quick }) => {
  const times = quick ? 10 : 100;
  const keys = kemKeyPairFromSeed(platformRandom(32));
  const scalar = () => encodeScalar(uniformScalar(platformRandom));
  const share = { index: 2, s: scalar(), r: scalar() };
  const digest = () => toHex(platformRandom(32));
  const bound = { vault: digest(), statement: digest(), evidence: digest(), epoch: 1 };
  const sealed = await sealHostShare(bound, keys.publicKey, share, platformRandom);
  const theirs = await otherLibrary(keys, encodeShare(share));
  const rounds = await race(
    {
      seal: repeated(times, () => sealHostShare(bound, keys.publicKey, share, platformRandom)),
      sealTheirs: repeated(times, theirs.seal),
      open: repeated(times, () => openHostShare(bound, share.index, keys, sealed)),
      openTheirs: repeated(times, theirs.open),
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'ms', work: times } as const;
  return {
    rows: [
      row('envelope', 'seal a share to a host', rounds.seal, scale, { what: HPKE, rounds: rounds.sealTheirs }),
      row('envelope', 'open it', rounds.open, scale, { what: HPKE, rounds: rounds.openTheirs }),
    ],
    skipped: [],
  };
};

async function otherLibrary(keys: { readonly seed: Uint8Array; readonly publicKey: Uint8Array }, plaintext: Uint8Array) {
  const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(Uint8Array.from(keys.publicKey).buffer);
  const recipientKey = await suite.kem.deserializePrivateKey(Uint8Array.from(keys.seed).buffer);
  const info = Uint8Array.from(frame('twinlock/v1/release', platformRandom(32), platformRandom(32))).buffer;
  const seal = () => suite.seal({ recipientPublicKey, info }, Uint8Array.from(plaintext).buffer);
  const { enc, ct } = await seal();
  return { seal, open: () => suite.open({ recipientKey, enc, info }, ct) };
}
