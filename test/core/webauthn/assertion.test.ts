import { encodeCBOR } from '@levischuck/tiny-cbor';
import { describe, expect, test } from 'vitest';
import { concat, toBase64url, toHex, u8, utf8, ZERO_32 } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { verifyReference } from '../../../src/core/signature/reference.ts';
import { type Assertion, checkAssertion } from '../../../src/core/webauthn/assertion.ts';
import { challengeOf, registerChallenge, type Signable } from '../../../src/core/webauthn/challenge.ts';
import { type AssertionParts, clientData, ED25519_KEY, ES256_KEY, makeAssertion, RP_ID } from './assertion-kit.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const zeros = toHex(ZERO_32);
const approval: Signable = {
  label: 'approve',
  vault: zeros,
  statement: zeros,
  decision: 'approve',
  origin: `${RP_ID}/log`,
  size: 3,
  root: zeros,
  roster: zeros,
  timeMs: 1_700_000_000_000,
  reason: null,
  nonce: zeros,
};
const challenge = challengeOf(approval);

const check = (assertion: Assertion, credential = ES256_KEY) =>
  checkAssertion({ assertion, challenge, rpId: RP_ID, credential });
const checked = (parts: Partial<AssertionParts>) => check(makeAssertion({ challenge, ...parts }));
/** Down to the signature. */
const verify = (assertion: Assertion, credential = ES256_KEY) => verifyReference(check(assertion, credential).claim);

const hmacSecret = encodeCBOR(new Map([['hmac-secret', new Uint8Array(48)]]));

describe('an assertion', () => {
  test('of the expected ceremony is accepted, with ES256 and with Ed25519', () => {
    expect(checked({})).toMatchObject({ signCount: 9, flags: 5 });
    verify(makeAssertion({ challenge }));
    verify(makeAssertion({ challenge, algorithm: 'Ed25519' }), ED25519_KEY);
  });

  test('with the encrypted PRF output in its extension data is accepted', () => {
    verify(makeAssertion({ challenge, flags: 0x85, rest: hmacSecret }));
  });

  test('with members that a later browser adds is accepted', () => {
    verify(makeAssertion({ challenge, clientData: { later: { type: 'x', a: [':', '"type":'] }, 'a\\"b': 1 } }));
  });

  test('without crossOrigin is accepted', () => {
    verify(makeAssertion({ challenge, clientData: { crossOrigin: undefined } }));
  });

  test.each<Signable>([
    { label: 'session', vault: zeros, nonce: zeros },
    { label: 'stop', vault: zeros, what: 'all', statement: zeros },
    {
      label: 'enrol',
      vault: zeros,
      invitation: zeros,
      person: zeros.slice(32),
      credential: u8(1),
      keyEpoch: 1,
      name: 'blue',
      kem: new Uint8Array(1216),
      signing: new Uint8Array(32),
    },
    { label: 'genesis', statement: zeros },
    { label: 'propose', vault: zeros, statement: zeros },
    { label: 'transcript', vault: zeros, transcript: zeros },
    { ...approval, decision: 'deny' },
    { ...approval, timeMs: 1_700_000_000_001 },
  ])('refuses a touch for $label offered as an approval', (signable) => {
    expect(() => check(makeAssertion({ challenge: challengeOf(signable) }))).toThrow(code('wrong_challenge'));
  });

  test('refuses a registration offered as an approval', () => {
    const registered = registerChallenge({ vault: zeros, invitation: zeros, person: zeros.slice(32) });
    expect(() => check(makeAssertion({ challenge: registered }))).toThrow(code('wrong_challenge'));
    expect(() => checked({ clientData: { type: 'webauthn.create' } })).toThrow(code('wrong_ceremony'));
  });
});

describe('client data', () => {
  test.each(['', ':1', ':8443', ':65535'])('of the origin on port "%s" is accepted', (port) => {
    verify(makeAssertion({ challenge, clientData: { origin: `http://${RP_ID}${port}` } }));
  });

  test.each<unknown>([
    `https://${RP_ID}`,
    `http://${RP_ID}.`,
    `http://${RP_ID}/`,
    `http://www.${RP_ID}`,
    `http://${RP_ID}.example.com`,
    'http://tl-fedcba9876543210.localhost',
    'http://localhost',
    'https://vault.example.com',
    `http://${RP_ID.toUpperCase()}`,
    `http://${RP_ID}:`,
    `http://${RP_ID}:0`,
    `http://${RP_ID}:080`,
    `http://${RP_ID}:65536`,
    `http://${RP_ID}:+80`,
    `http://${RP_ID}:80.example.com`,
    `http://${RP_ID}@evil`,
    ` http://${RP_ID}`,
    'null',
    null,
    undefined,
    [`http://${RP_ID}`],
  ])('refuses the origin %j', (origin) => {
    expect(() => checked({ clientData: { origin } })).toThrow(code('wrong_origin'));
  });

  test.each(['webauthn.create', 'payment.get', 'WEBAUTHN.GET', '', null, undefined])('refuses the type %j', (type) => {
    expect(() => checked({ clientData: { type } })).toThrow(code('wrong_ceremony'));
  });

  test.each([
    `${toBase64url(challenge)}=`,
    toHex(challenge),
    Buffer.from(challenge).toString('base64'),
    toBase64url(challenge.subarray(1)),
    '',
    null,
    undefined,
  ])('refuses the challenge %j', (text) => {
    expect(() => checked({ clientData: { challenge: text } })).toThrow(code('wrong_challenge'));
  });

  test.each([true, 'false', 0, null])('refuses crossOrigin %j', (crossOrigin) => {
    expect(() => checked({ clientData: { crossOrigin } })).toThrow(code('wrong_origin'));
  });

  test.each([`http://${RP_ID}`, 'https://example.com', null])('refuses topOrigin %j', (topOrigin) => {
    expect(() => checked({ clientData: { topOrigin } })).toThrow(code('wrong_origin'));
  });

  const text = new TextDecoder().decode(clientData(challenge));
  test.each([
    ['a repeated member', text.replace('{', '{"type":"webauthn.create",')],
    ['a repeated member, spelt with escapes', text.replace('{', '{"\\u0074ype":"webauthn.create",')],
    ['a repeated member that is not used', text.replace('{', '{"a":1,"a":1,')],
    ['a repeated __proto__', text.replace('{', '{"__proto__":{},"__proto__":{},')],
    ['a byte order mark', `\ufeff${text}`],
    ['something after the object', `${text},`],
    ['an array', `[${text}]`],
    ['a string', '"x"'],
    ['null', 'null'],
    ['nothing', ''],
  ])('refuses %s', (_, json) => {
    expect(() => checked({ clientDataJSON: utf8(json) })).toThrow(code('malformed'));
  });

  test('takes its prototype from nowhere: a member called so is refused', () => {
    const json = `{"__proto__":${text}}`;
    expect(() => checked({ clientDataJSON: utf8(json) })).toThrow(code('malformed'));
  });

  test('refuses more than 2 KiB, and what is not UTF-8', () => {
    expect(() => checked({ clientData: { padding: 'x'.repeat(2048) } })).toThrow(code('too_large'));
    const latin = clientData(challenge, { padding: 'x' });
    latin[latin.length - 3] = 0xff;
    expect(() => checked({ clientDataJSON: latin })).toThrow(code('malformed'));
  });
});

describe('authenticator data', () => {
  test.each<[string, Partial<AssertionParts>, string]>([
    ['another RP ID', { rpId: 'localhost' }, 'wrong_rp_id'],
    ['the RP ID of a sibling', { rpId: 'tl-fedcba9876543210.localhost' }, 'wrong_rp_id'],
    ['the user absent', { flags: 0x04 }, 'user_absent'],
    ['the user not verified', { flags: 0x01 }, 'user_unverified'],
    ['a credential that may be backed up', { flags: 0x0d }, 'backup_eligible'],
    ['a credential that is backed up', { flags: 0x1d }, 'backup_eligible'],
    ['a backup of what is not eligible', { flags: 0x15 }, 'backup_eligible'],
    ['the reserved flag 1', { flags: 0x07 }, 'malformed'],
    ['the reserved flag 5', { flags: 0x25 }, 'malformed'],
    ['bytes after it', { rest: u8(0) }, 'malformed'],
    ['extension data without its flag', { rest: hmacSecret }, 'malformed'],
    ['the flag of extension data without any', { flags: 0x85 }, 'malformed'],
    ['bytes after the extension data', { flags: 0x85, rest: concat(hmacSecret, u8(0)) }, 'malformed'],
    ['extension data that is cut short', { flags: 0x85, rest: hmacSecret.subarray(0, -1) }, 'malformed'],
    ['extension data that is no map', { flags: 0x85, rest: encodeCBOR(['hmac-secret']) }, 'malformed'],
    ['extension data with a length not the shortest', { flags: 0x85, rest: Uint8Array.of(0xb8, 0) }, 'malformed'],
    ['extension data nested for ever', { flags: 0x85, rest: new Uint8Array(4000).fill(0x81) }, 'malformed'],
    ['attested credential data', { flags: 0x45, rest: new Uint8Array(18) }, 'malformed'],
    ['more than 4 KiB', { flags: 0x85, rest: new Uint8Array(4097) }, 'too_large'],
  ])('refuses %s', (_, parts, expected) => {
    expect(() => checked(parts)).toThrow(code(expected));
  });
});

describe('an altered assertion', () => {
  const good = makeAssertion({ challenge, flags: 0x85, rest: hmacSecret });
  const parts = ['authenticatorData', 'clientDataJSON', 'signature'] as const;

  test.each(parts)('is refused at every truncation of %s', (part) => {
    for (let length = 0; length < good[part].length; length++) {
      const cut = { ...good, [part]: good[part].subarray(0, length) };
      expect(() => check(cut), `${length} bytes`).toThrow(TwinlockError);
    }
  });

  test.each(parts)('is refused with any byte of %s flipped, at the latest by its signature', (part) => {
    for (let i = 0; i < good[part].length; i++) {
      const flipped = good[part].slice();
      flipped[i] = (flipped[i] ?? 0) ^ 0x01;
      expect(() => verify({ ...good, [part]: flipped }), `byte ${i}`).toThrow(TwinlockError);
    }
  });

  test.each(['authenticatorData', 'clientDataJSON'] as const)('refuses bytes after its %s or its signature', (part) => {
    expect(() => check({ ...good, [part]: concat(good[part], u8(0)) })).toThrow(code('malformed'));
    expect(() => check({ ...good, signature: concat(good.signature, u8(0)) })).toThrow(code('malformed'));
  });

  test('is refused under another key or algorithm', () => {
    expect(() => verify(good, ED25519_KEY)).toThrow(code('signature_invalid'));
    const ed25519 = makeAssertion({ challenge, algorithm: 'Ed25519' });
    expect(() => verify(ed25519)).toThrow(code('malformed'));
  });

  test('with the counter or the extension data altered is refused by its signature', () => {
    for (const i of [36, good.authenticatorData.length - 1]) {
      const altered = good.authenticatorData.slice();
      altered[i] = (altered[i] ?? 0) ^ 1;
      expect(() => verify({ ...good, authenticatorData: altered })).toThrow(code('signature_invalid'));
    }
  });
});
