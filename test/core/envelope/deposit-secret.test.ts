import { describe, expect, test } from 'vitest';
import { depositorKem, openDepositSecret, sealDepositSecret } from '../../../src/core/envelope/deposit-secret.ts';
import { manifestContext } from '../../../src/core/weights/release-key.ts';
import { seededRandom } from '../seeded-random.ts';

const INVALID = expect.objectContaining({ code: 'envelope_invalid' });
const CONTEXT = manifestContext('11'.repeat(32), 'acme/ocr', '1');
const KEM = depositorKem(new Uint8Array(32).fill(1));
const SECRET = new Uint8Array(32).fill(7);
const sealed = () => sealDepositSecret(CONTEXT, KEM.publicKey, SECRET, seededRandom('deposit'));

describe('the secret of an unfinished deposit', () => {
  test('is 1,168 bytes, and comes back to its depositor', async () => {
    expect(await sealed()).toHaveLength(1168);
    expect(await openDepositSecret(CONTEXT, depositorKem(new Uint8Array(32).fill(1)), await sealed())).toEqual(SECRET);
  });

  test('is for one depositor and one version', async () => {
    const other = depositorKem(new Uint8Array(32).fill(2));
    await expect(openDepositSecret(CONTEXT, other, await sealed())).rejects.toThrow(INVALID);
    const elsewhere = manifestContext('11'.repeat(32), 'acme/ocr', '2');
    await expect(openDepositSecret(elsewhere, KEM, await sealed())).rejects.toThrow(INVALID);
  });

  test('that is altered or of another length is refused', async () => {
    const bytes = await sealed();
    for (const at of [0, 1119, 1120, 1167]) {
      const altered = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
      await expect(openDepositSecret(CONTEXT, KEM, altered)).rejects.toThrow(INVALID);
    }
    for (const length of [0, 1167]) {
      await expect(openDepositSecret(CONTEXT, KEM, bytes.slice(0, length))).rejects.toThrow(INVALID);
    }
    await expect(openDepositSecret(CONTEXT, KEM, new Uint8Array([...bytes, 0]))).rejects.toThrow(INVALID);
    const short = sealDepositSecret(CONTEXT, KEM.publicKey, SECRET.slice(1), seededRandom('deposit'));
    await expect(short).rejects.toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
