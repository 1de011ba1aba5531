import { expect, test } from 'vitest';
import {
  type Endorsements,
  endorsementsBytes,
  MAX_ENDORSEMENTS_BYTES,
  NO_ENDORSEMENTS,
  parseEndorsements,
} from '../../../src/core/attest/endorsements.ts';
import { utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { makeTdxEndorsements } from '../../platforms/tdx.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const JWKS = '{"keys":[]}';
const both: Endorsements = { ...NO_ENDORSEMENTS, nras: JWKS, 'intel-trust-authority': JWKS };

const tdx = makeTdxEndorsements();
const withTdx = (changes: object) => ({ ...both, tdx: { ...tdx, ...changes } });
const NO_TCB_INFO = { tcbInfo: null, tcbInfoSignature: null, tcbInfoChain: null };

test('endorsements are read as they were written', () => {
  const partly = withTdx({ ...NO_TCB_INFO, rootCaCrl: null });
  for (const endorsements of [NO_ENDORSEMENTS, both, withTdx({}), partly]) {
    const bytes = endorsementsBytes(endorsements);
    expect(parseEndorsements(bytes)).toEqual({ endorsements, digest: digestOf(bytes) });
  }
});

test('endorsements are refused at every truncation', () => {
  const bytes = endorsementsBytes(both);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => parseEndorsements(bytes.subarray(0, length))).toThrow(code('malformed'));
  }
});

test('endorsements are refused with any byte flipped, or are others', () => {
  const bytes = endorsementsBytes(both);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    try {
      expect(parseEndorsements(flipped).digest, `byte ${at}`).not.toBe(digestOf(bytes));
    } catch (error) {
      expect(['malformed', 'not_canonical']).toContain((error as { code: string }).code);
    }
  }
});

test.each([
  ['another version', { ...both, v: 2 }],
  ['another kind', { ...both, kind: 'evidence' }],
  ['nothing in place of a platform that is left out', { ...both, snp: null }],
  ['a platform that is not known', { ...both, cca: {} }],
  ['the key set of a service that is not known', { ...both, self: JWKS }],
  ['a signature of no text', withTdx({ ...NO_TCB_INFO, tcbInfoSignature: tdx.tcbInfoSignature })],
  ['a text without its chain', withTdx({ qeIdentityChain: null })],
  ['collateral of which a part was forgotten', withTdx({ rootCaCrl: undefined })],
  ['two key sets of a service', { ...both, nras: [JWKS, JWKS] }],
])('endorsements with %s are refused', (_what, changed) => {
  expect(() => parseEndorsements(canonicalBytes(changed))).toThrow(code('malformed'));
});

test('endorsements are refused when they are too large or not canonical', () => {
  expect(() => parseEndorsements(new Uint8Array(MAX_ENDORSEMENTS_BYTES + 1))).toThrow(code('too_large'));
  expect(() => parseEndorsements(utf8(JSON.stringify(both)))).toThrow(code('not_canonical'));
});
