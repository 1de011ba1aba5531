import { createHash } from 'node:crypto';
import { hmac } from '@noble/hashes/hmac.js';
import { sha384 } from '@noble/hashes/sha2.js';
import type { OpenedRelease } from '../../client/host/open-release.ts';
import type { HostKeys } from '../../client/host/pending-release.ts';
import { concat, equal, fromBase64url, fromHex, type Hex, u8, u32, u64, utf8 } from '../../src/core/bytes.ts';
import { deriveCustodianKeys } from '../../src/core/envelope/custodian-keys.ts';
import { openCustodianShare } from '../../src/core/envelope/custodian-share.ts';
import { must } from '../../src/core/errors.ts';
import { frame } from '../../src/core/frame.ts';
import type { RandomBytes } from '../../src/core/random.ts';
import { encodeScalar, uniformScalar } from '../../src/core/share/group.ts';
import { encodeShare } from '../../src/core/share/share.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { ManifestCore } from '../../src/core/weights/manifest.ts';
import { fileKey, releaseKey } from '../../src/core/weights/release-key.ts';
import { platformRandom } from '../../src/platform/random.ts';
import type { Person } from '../world/vault/members.ts';
import type { Sought } from './search.ts';

/** What polynomials and encapsulations are made of; other draws are nonces and IVs, which are no secrets. */
const SECRET_DRAW_BYTES = 64;
const WINDOW_BYTES = 32;
const STRIDE_BYTES = 16;
/** Parameters and IV, before the tag. */
const FLOE_PREFIX_BYTES = 42;

/** A generator, and all that was drawn from it, which its callers wipe. */
export function recorder(): { readonly random: RandomBytes; readonly drawn: readonly Uint8Array[] } {
  const drawn: Uint8Array[] = [];
  const random: RandomBytes = (length) => {
    const bytes = platformRandom(length);
    drawn.push(bytes.slice());
    return bytes;
  };
  return { random, drawn };
}

/** What dealer and sealers drew: the secret, coefficients of the polynomials, seeds of the encapsulations. */
export function secretsOfDraws(drawn: readonly Uint8Array[], { core, releaseKey: key }: OpenedRelease): Sought[] {
  const secrets = drawn
    .filter((bytes) => bytes.length === SECRET_DRAW_BYTES)
    .map((bytes) => ({ bytes, scalar: encodeScalar(uniformScalar(() => bytes.slice())) }));
  const isDealers = secrets.some(({ scalar }) => equal(releaseKey(scalar, fromHex(core.ctx)), key));
  must(isDealers, 'internal', 'what was drawn is not what the release key is made of');
  return secrets.flatMap(({ bytes, scalar }, i) => [
    { what: `draw ${i}`, bytes },
    { what: `the scalar of draw ${i}`, bytes: scalar },
  ]);
}

/** A custodian's authenticator, what it derives, and the share that it opens. */
export async function secretsOfPerson(
  { name, device, enrolled, api, custodian }: Person,
  { vault, committee }: Facts,
  manifest: Hex,
): Promise<Sought[]> {
  const [own] = enrolled;
  const [kept] = device.credentials;
  must(own !== undefined && kept !== undefined, 'internal', `${name} has no authenticator`);
  const { keyEpoch, rpId } = own;
  const credentials = [{ id: kept.id, keyEpoch }];
  const { prf } = await device.touch({ label: 'session', vault, nonce: '00'.repeat(32), credentials, prf: true });
  must(prf !== null, 'prf_missing', `${name}’s authenticator has no PRF`);
  const keys = deriveCustodianKeys({ prfFirst: prf, rpId, credentialId: kept.id, keyEpoch });
  const { envelopes } = await api.ownEnvelopes(manifest);
  const index = indexOf(committee, custodian.person);
  const sealedTo = { vault, manifest, epoch: committee.epoch };
  const envelope = envelopes[0]?.envelope ?? new Uint8Array();
  const share = await openCustodianShare(sealedTo, index, keys.kem, envelope);
  return Object.entries({
    'private key': kept.privateKey,
    'PRF secret': kept.prfSecret,
    'PRF output': prf,
    'KEM seed': keys.kem.seed,
    'signing seed': keys.signing.seed,
    s: share.s,
    r: share.r,
    share: encodeShare(share),
  }).map(([what, bytes]) => ({ what: `${name}’s ${what}`, bytes }));
}

export function indexOf({ members }: Facts['committee'], person: Hex): number {
  const index = members.find((member) => member.person === person)?.index;
  must(index !== undefined, 'not_a_custodian', `${person} is no custodian`);
  return index;
}

export function secretsOfHost({ kemSeed, receiptSeed }: HostKeys): Sought[] {
  return [
    { what: 'a host’s KEM seed', bytes: kemSeed },
    { what: 'a host’s receipt seed', bytes: receiptSeed },
  ];
}

/** Every key under the release key. */
export function secretsOfRelease({ core, releaseKey: releasing }: OpenedRelease): Sought[] {
  const keys = core.files.flatMap((file, i) => {
    const key = fileKey(releasing, i);
    return [{ what: `the key of file ${i}`, bytes: key }, ...floeKeys(core, i, key, fromBase64url(file.header))];
  });
  return [{ what: 'the release key', bytes: releasing }, ...keys];
}

/** FLOE's message key and the AEAD key of its first segments (core/weights/FORMAT.md), made here once more. */
function floeKeys({ ctx }: ManifestCore, file: number, key: Uint8Array, header: Uint8Array): Sought[] {
  const aad = frame('twinlock/v1/file', fromHex(ctx), u32(file));
  const derive = (from: Uint8Array, purpose: Uint8Array) =>
    hmac(sha384, from, concat(header.subarray(0, FLOE_PREFIX_BYTES), purpose, aad, u8(1)));
  const tag = derive(key, utf8('HEADER_TAG:')).subarray(0, 32);
  must(Buffer.from(tag).equals(header.subarray(FLOE_PREFIX_BYTES)), 'internal', 'these are not the keys of FLOE');
  const messageKey = derive(key, utf8('MESSAGE_KEY:'));
  const segmentKey = derive(messageKey, concat(utf8('DEK:'), u64(0))).subarray(0, 32);
  return [
    { what: `the message key of file ${file}`, bytes: messageKey },
    { what: `the segment key of file ${file}`, bytes: segmentKey },
  ];
}

/** Names, digests and every piece of the plaintext. */
export function secretsOfFiles(files: Readonly<Record<string, Uint8Array>>): Sought[] {
  return Object.entries(files).flatMap(([path, bytes]) => {
    const windows: Sought[] = [];
    for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += STRIDE_BYTES) {
      windows.push({ what: `plaintext of ${path}`, bytes: bytes.subarray(at, at + WINDOW_BYTES) });
    }
    const digest = createHash('sha256').update(bytes).digest();
    return [
      { what: `the name ${path}`, bytes: utf8(path) },
      { what: `the digest of ${path}`, bytes: digest },
      ...windows,
    ];
  });
}
