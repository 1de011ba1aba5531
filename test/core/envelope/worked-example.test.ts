import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { toHex } from '../../../src/core/bytes.ts';
import { deriveCustodianKeys, prfInput } from '../../../src/core/envelope/custodian-keys.ts';
import { openCustodianShare, sealCustodianShare } from '../../../src/core/envelope/custodian-share.ts';
import { signSealed } from '../../../src/core/envelope/sealed-signature.ts';
import { commitmentsDigest } from '../../../src/core/share/commitments.ts';
import { H } from '../../../src/core/share/group.ts';
import { dealPolynomials } from '../../../src/core/share/pedersen.ts';
import { encodeShare, type Share } from '../../../src/core/share/share.ts';

const formatOf = (folder: string) =>
  readFileSync(join(import.meta.dirname, '../../../src/core', folder, 'FORMAT.md'), 'utf8').replace(/\s+/g, '');
const RP_ID = 'tl-abcdefghijklmnop.localhost';

test('the worked examples of both formats are what the code writes', async () => {
  const { shares, commitments } = dealPolynomials([1n, 2n], [3n, 4n], [1, 2, 3], H);
  const [first, , third] = shares as [Share, Share, Share];
  const ofShares = [
    ...commitments.map(toHex),
    commitmentsDigest(commitments),
    ...[first, third].map(encodeShare).map(toHex),
  ];
  for (const value of ofShares) expect(formatOf('share')).toContain(value);

  const { kem, signing } = deriveCustodianKeys({
    prfFirst: new Uint8Array(32).fill(1),
    rpId: RP_ID,
    credentialId: new Uint8Array(16).fill(2),
    keyEpoch: 1,
  });
  const envelope = { vault: '11'.repeat(32), manifest: '22'.repeat(32), epoch: 1 };
  const counting = (length: number) => Uint8Array.from({ length }, (_, at) => at);
  const sealed = await sealCustodianShare(envelope, kem.publicKey, third, counting);
  expect(await openCustodianShare(envelope, 3, kem, sealed)).toEqual(third);
  const signed = { vault: envelope.vault, subject: '33'.repeat(32), recipient: 0, envelope: sealed };
  for (const value of [
    prfInput(RP_ID, 1),
    kem.seed,
    sha256(kem.publicKey),
    signing.seed,
    signing.publicKey,
    sha256(sealed),
    sealed.subarray(1120),
    signSealed(signed, signing.seed),
  ]) {
    expect(formatOf('envelope')).toContain(toHex(value));
  }
});
