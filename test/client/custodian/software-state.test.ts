import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SoftwareAuthenticator } from '../../../client/custodian/software-authenticator.ts';
import { exportCredentials, importCredentials } from '../../../client/custodian/software-state.ts';
import { toHex, utf8, ZERO_32 } from '../../../src/core/bytes.ts';
import { canonicalBytes } from '../../../src/core/canonical.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { seededRandom } from '../../core/seeded-random.ts';
import { RP_ID } from '../../core/webauthn/assertion-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const zeros = toHex(ZERO_32);
const random = seededRandom('software state');
const before = new SoftwareAuthenticator({ rpId: RP_ID, random });
const person = zeros.slice(32);
const made = await before.enrol({ vault: zeros, invitation: zeros, person, name: 'Ada', keyEpoch: 1, exclude: [] });
const bytes = exportCredentials(before.credentials);

describe('the credentials of a software authenticator', () => {
  test('go on in another instance, with their PRF and their counter', async () => {
    const after = new SoftwareAuthenticator({ rpId: RP_ID, random, credentials: importCredentials(bytes) });
    const credentials = [{ id: made.credential, keyEpoch: 1 }];
    const touch = await after.touch({ label: 'genesis', statement: zeros, credentials, prf: true });
    expect(touch.prf).toEqual(made.prf);
    expect(after.credentials[0]?.signCount).toBe(1);
    expect(before.credentials[0]?.signCount).toBe(0);
  });

  test('are imported as they were exported', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const credential = fc.record({
      id: fc.uint8Array({ minLength: 1, maxLength: 64 }),
      algorithm: fc.constantFrom('ES256' as const, 'Ed25519' as const),
      privateKey: bytes32,
      prfSecret: bytes32,
      signCount: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(credential, { maxLength: 4 }), (credentials) => {
        expect(importCredentials(exportCredentials(credentials))).toEqual(credentials);
      }),
    );
  });

  test('are refused at every truncation', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => importCredentials(bytes.subarray(0, length)), `${length} bytes`).toThrow(TwinlockError);
    }
  });

  test('are refused in another version, with an unknown member, or with a secret cut short', () => {
    const state = JSON.parse(new TextDecoder().decode(bytes));
    const [credential] = state.credentials;
    for (const change of [{ v: 2 }, { rpId: RP_ID }, { credentials: [{ ...credential, prfSecret: 'AA' }] }]) {
      expect(() => importCredentials(canonicalBytes({ ...state, ...change }))).toThrow(code('malformed'));
    }
    expect(() => importCredentials(utf8(` ${new TextDecoder().decode(bytes)}`))).toThrow(code('not_canonical'));
  });
});
