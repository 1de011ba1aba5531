import { describe, expect, test } from 'vitest';
import { toBase64url, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { MAX_POLICY_BYTES, parsePolicy } from '../../../src/core/statement/policy.ts';
import { POLICY } from '../../world/founding.ts';
import { ISSUER, makeRoot, ROOT } from '../webauthn/attestation-kit.ts';

const code = (name: string) => expect.objectContaining({ code: name });

describe('a policy', () => {
  test('is read as it was written', () => {
    const bytes = canonicalBytes(POLICY);
    expect(parsePolicy(bytes)).toEqual({ policy: POLICY, digest: digestOf(bytes) });
  });

  test.each(Object.keys(POLICY))('is refused without %s: nothing is lax because it was forgotten', (field) => {
    expect(() => parsePolicy(canonicalBytes({ ...POLICY, [field]: undefined }))).toThrow(code('malformed'));
  });

  test.each([
    ['a field that is not known', { ...POLICY, override: true }],
    ['another version', { ...POLICY, v: 2 }],
    [
      'reference values of a platform that is not known (lesson: claim names drift)',
      { ...POLICY, referenceValues: { ...POLICY.referenceValues, cca: null } },
    ],
    [
      'a reference value that is not known',
      {
        ...POLICY,
        referenceValues: {
          ...POLICY.referenceValues,
          simulated: { ...POLICY.referenceValues.simulated, debug: true },
        },
      },
    ],
    ['no reference values at all', { ...POLICY, referenceValues: {} }],
    [
      'nothing in place of a platform that is left out',
      { ...POLICY, referenceValues: { ...POLICY.referenceValues, tdx: null } },
    ],
    ['a limit that is missing', { ...POLICY, limits: { ...POLICY.limits, hosts: undefined } }],
    ['a limit of no hosts', { ...POLICY, limits: { ...POLICY.limits, hosts: 0 } }],
    ['bytes as a number', { ...POLICY, limits: { ...POLICY.limits, bytesPerDay: 1 } }],
    ['a veto that is no truth value', { ...POLICY, veto: 1 }],
    [
      'an AAGUID with hyphens',
      { ...POLICY, authenticators: { aaguids: ['01020304-0506-0708-0102-030405060708'], roots: [] } },
    ],
    ['more groups than eight', { ...POLICY, groups: Array.from({ length: 9 }, (_, i) => `g${i}`) }],
  ])('is refused with %s', (_what, policy) => {
    expect(() => parsePolicy(canonicalBytes(policy))).toThrow(code('malformed'));
  });

  const rooted = (...roots: readonly Uint8Array[]) =>
    canonicalBytes({ ...POLICY, authenticators: { aaguids: [], roots: roots.map(toBase64url) } });

  test.each([
    ['one root twice', ROOT, 'are both'],
    ['two roots of one name', makeRoot({ extensions: [] }), 'both have the name of'],
  ])('is refused with %s: no key under either could enrol', (_what, root, same) => {
    expect(() => parsePolicy(rooted(ISSUER, ROOT, root))).toThrow(
      expect.objectContaining({
        code: 'malformed',
        message: `policy.authenticators.roots: roots 2 and 3 of the list ${same} the certificate "Root", so no security key that one of them vouches for could enrol: list one of them`,
      }),
    );
    expect(parsePolicy(rooted(ISSUER, root)).policy.authenticators.roots).toHaveLength(2);
  });

  test('is refused above 1 MiB, and where it is not canonical', () => {
    expect(() => parsePolicy(new Uint8Array(MAX_POLICY_BYTES + 1))).toThrow(code('too_large'));
    expect(() => parsePolicy(utf8(JSON.stringify(POLICY)))).toThrow(code('not_canonical'));
  });
});
