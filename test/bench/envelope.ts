import { toHex } from '../../src/core/bytes.ts';
import { openHostShare, sealHostShare } from '../../src/core/envelope/host-share.ts';
import { kemKeyPairFromSeed } from '../../src/core/envelope/xwing.ts';
import { frame } from '../../src/core/frame.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { encodeShare } from '../../src/core/share/share.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { race, repeated } from './measure.ts';
import { OTHER_HPKE, otherOpener, otherSealer } from './other-hpke.ts';
import { type Bench, row } from './row.ts';

/**
 * One share sealed to one key, and opened: HPKE with X-Wing, HKDF-SHA256 and AES-256-GCM.
 *
 * Against a general HPKE library with the same suite, key and plaintext and an info of the same length. Ours
 * also writes the info, encodes and checks the share, and is pure TypeScript, the same in a browser.
 */
export const envelopeBench: Bench = async ({ quick }) => {
  const times = quick ? 10 : 50;
  const keys = kemKeyPairFromSeed(platformRandom(32));
  const scalar = () => encodeScalar(uniformScalar(platformRandom));
  const share = { index: 2, s: scalar(), r: scalar() };
  const digest = () => toHex(platformRandom(32));
  const bound = { vault: digest(), statement: digest(), evidence: digest(), epoch: 1 };
  const sealed = await sealHostShare(bound, keys.publicKey, share, platformRandom);
  const plaintext = encodeShare(share);
  const info = frame('twinlock/v1/release', platformRandom(4 * 32));
  const theirs = await otherSealer(keys.publicKey, info);
  const rounds = await race(
    {
      seal: repeated(times, () => sealHostShare(bound, keys.publicKey, share, platformRandom)),
      sealTheirs: repeated(times, () => theirs(plaintext)),
      open: repeated(times, () => openHostShare(bound, share.index, keys, sealed)),
      openTheirs: repeated(times, await otherOpener(keys, info, plaintext)),
    },
    quick ? 3 : 9,
  );
  const scale = { unit: 'ms', work: times } as const;
  return {
    rows: [
      row('envelope', 'seal a share to a host', rounds.seal, scale, { what: OTHER_HPKE, rounds: rounds.sealTheirs }),
      row('envelope', 'open it', rounds.open, scale, { what: OTHER_HPKE, rounds: rounds.openTheirs }),
    ],
    skipped: [],
  };
};
