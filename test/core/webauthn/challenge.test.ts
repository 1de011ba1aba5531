import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { concat, toHex, u16, u32, u64, utf8 } from '../../../src/core/bytes.ts';
import {
  challengeOf,
  registerChallenge,
  type Signable,
  signableMessage,
} from '../../../src/core/webauthn/challenge.ts';

const hex = (byte: number, length = 32) => toHex(new Uint8Array(length).fill(byte));
const bytes = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const [vault, statement] = [hex(1), hex(2)];

/** Written out by hand, so that the frame's definition is checked and not only repeated. */
function framed(label: string, ...fields: Uint8Array[]): string {
  const parts = fields.flatMap((field) => [u32(field.length), field]);
  return toHex(concat(u16(label.length), utf8(label), u16(fields.length), ...parts));
}

const enrol = {
  label: 'enrol',
  vault,
  invitation: hex(3),
  person: hex(4, 16),
  credential: bytes(5, 20),
  keyEpoch: 6,
  kem: bytes(7, 1216),
  signing: bytes(8),
  name: 'YubiKey blue',
} as const;
const approve = {
  label: 'approve',
  vault,
  statement,
  decision: 'deny',
  origin: 'tl-x/log',
  size: 2 ** 40,
  root: hex(3),
  roster: hex(10),
  timeMs: 1_700_000_000_000,
  nonce: hex(4),
  reason: 'wrong ticket',
} as const;

const CASES: readonly (readonly [Signable, string])[] = [
  [{ label: 'session', vault, nonce: hex(9) }, framed('twinlock/v1/session', bytes(1), bytes(9))],
  [
    enrol,
    framed(
      'twinlock/v1/enrol',
      bytes(1),
      bytes(3),
      bytes(4, 16),
      bytes(5, 20),
      u32(6),
      bytes(7, 1216),
      bytes(8),
      utf8('YubiKey blue'),
    ),
  ],
  [{ label: 'genesis', statement }, framed('twinlock/v1/genesis', bytes(2))],
  [{ label: 'propose', vault, statement }, framed('twinlock/v1/propose', bytes(1), bytes(2))],
  [
    approve,
    framed(
      'twinlock/v1/approve',
      bytes(1),
      bytes(2),
      utf8('deny'),
      utf8('tl-x/log'),
      u64(2 ** 40),
      bytes(3),
      bytes(10),
      u64(1_700_000_000_000),
      bytes(4),
      utf8('wrong ticket'),
    ),
  ],
  [
    { label: 'stop', vault, what: 'release', statement },
    framed('twinlock/v1/stop', bytes(1), utf8('release'), bytes(2)),
  ],
  [{ label: 'transcript', vault, transcript: hex(2) }, framed('twinlock/v1/transcript', bytes(1), bytes(2))],
];

describe('a challenge', () => {
  test.each(CASES)('is the SHA-256 of the frame of its label and fields: $label', (signable, expected) => {
    expect(toHex(signableMessage(signable))).toBe(expected);
    expect(challengeOf(signable)).toEqual(sha256(signableMessage(signable)));
  });

  test('is the one of the worked example', () => {
    const propose = { label: 'propose', vault: '11'.repeat(32), statement: '22'.repeat(32) } as const;
    const digest = '987ea8a71f7268bda15d98b310977e8e1afd2a8f6c90323b73cdbb54cc507277';
    expect(toHex(challengeOf(propose))).toBe(digest);
    const register = { vault: hex(0), invitation: hex(0), person: '00112233445566778899aabbccddeeff' };
    expect(toHex(registerChallenge(register))).toBe('be55603caaa9048d58acbc4c870a02fe4d3844e70cffdce79be06f5af6a15039');
  });

  test('of a registration is a frame of its own', () => {
    const expected = framed('twinlock/v1/register', bytes(1), bytes(3), bytes(4, 16));
    expect(registerChallenge(enrol)).toEqual(sha256(Uint8Array.from(Buffer.from(expected, 'hex'))));
  });

  test('differs between any two labels', () => {
    const all = [...CASES.map(([signable]) => toHex(challengeOf(signable))), toHex(registerChallenge(enrol))];
    expect(new Set(all).size).toBe(all.length);
  });

  test.each<[string, Signable]>([
    ['a digest of 31 bytes', { label: 'genesis', statement: hex(2, 31) }],
    ['a digest in capitals', { label: 'genesis', statement: 'AB'.repeat(32) }],
    ['an empty vault', { label: 'propose', vault: '', statement }],
    ['a person of 32 bytes', { ...enrol, person: hex(4) }],
    ['no credential', { ...enrol, credential: bytes(5, 0) }],
    ['a credential of 1024 bytes', { ...enrol, credential: bytes(5, 1024) }],
    ['a KEM key that is cut short', { ...enrol, kem: bytes(7, 1215) }],
    ['a signing key that is cut short', { ...enrol, signing: bytes(8, 31) }],
    ['a key epoch of 33 bits', { ...enrol, keyEpoch: 2 ** 32 }],
    ['a size that is rounded', { ...approve, size: 2 ** 53 }],
    ['a size that is negative', { ...approve, size: -1 }],
    ['a reason of no characters', { ...approve, reason: '' }],
    ['a time with a fraction', { ...approve, timeMs: 0.5 }],
  ])('refuses %s', (_, signable) => {
    expect(() => challengeOf(signable)).toThrow(expect.objectContaining({ code: 'malformed' }));
  });
});
