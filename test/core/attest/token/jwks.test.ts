import { describe, expect, test } from 'vitest';
import {
  findKey as findIn,
  parseKeySet,
  requireTrusted,
  type ServiceKey,
} from '../../../../src/core/attest/token/jwks.ts';
import type { TokenAlgorithm } from '../../../../src/core/attest/token/jws.ts';
import { fromBase64, toBase64 } from '../../../../src/core/bytes.ts';
import type { Code } from '../../../../src/core/errors.ts';
import { verifyNode } from '../../../../src/platform/verify-node.ts';
import { certificateOf, ITA, NRAS, publicJwk, TOKEN_INSTANT_MS } from '../../../platforms/token.ts';
import { basicConstraints, keyUsage, publicKeyOf, testKey, utcTime } from '../../x509/certificate-kit.ts';

const code = (expected: Code) => expect.objectContaining({ code: expected });
const findKey = (jwks: string, kid: string, algorithm: TokenAlgorithm) => findIn(parseKeySet(jwks), kid, algorithm);
const setOf = (...keys: unknown[]) => JSON.stringify({ keys });

describe('a key set', () => {
  test('gives the key of an id, as a claim carries it', () => {
    expect(findKey(setOf(ITA.jwk, NRAS.jwk), NRAS.kid, 'ES384')).toMatchObject({
      algorithm: 'ES384',
      publicKey: publicKeyOf(NRAS.key),
      fingerprint: NRAS.fingerprint,
    });
    expect(findKey(setOf(ITA.jwk, NRAS.jwk), ITA.kid, 'PS384')).toMatchObject({
      algorithm: 'PS384',
      publicKey: publicKeyOf(ITA.key),
      fingerprint: ITA.fingerprint,
    });
  });

  test('may hold keys that no rule is about', () => {
    const others = [{ kty: 'OKP', kid: 'x', crv: 'Ed25519' }, { kty: 'EC' }];
    expect(findKey(setOf(...others, NRAS.jwk), NRAS.kid, 'ES384').fingerprint).toBe(NRAS.fingerprint);
  });

  test.each<[string, string, Code]>([
    ['no key of the id', setOf({ ...NRAS.jwk, kid: 'nras-10' }), 'endorsement_missing'],
    ['no key at all', setOf(), 'endorsement_missing'],
    ['two keys of the id', setOf(NRAS.jwk, NRAS.jwk), 'malformed'],
    ['a member twice', `{"keys":[],"keys":[${JSON.stringify(NRAS.jwk)}]}`, 'malformed'],
    ['more keys than a service has', setOf(...Array.from({ length: 65 }, () => ({ kid: 'x' }))), 'malformed'],
    ['a key that is no object', setOf('nras-1'), 'malformed'],
    ['no list', '{"keys":{}}', 'malformed'],
    ['no JSON', 'keys', 'malformed'],
    ['an RSA key for ES384', setOf({ ...ITA.jwk, kid: NRAS.kid }), 'malformed'],
    ['a key of another curve', setOf({ ...publicJwk(testKey('ES256', 5)), kid: NRAS.kid }), 'malformed'],
    ['a point of another curve', setOf({ ...NRAS.jwk, ...publicJwk(testKey('ES256', 5)), crv: 'P-384' }), 'malformed'],
    ['a point off the curve', setOf({ ...NRAS.jwk, x: NRAS.jwk['y'], y: NRAS.jwk['x'] }), 'invalid_key'],
    ['a key for another algorithm', setOf({ ...NRAS.jwk, alg: 'ES256' }), 'invalid_key'],
    ['a key for encryption', setOf({ ...NRAS.jwk, use: 'enc' }), 'malformed'],
    ['a coordinate that is not in base64url', setOf({ ...NRAS.jwk, x: `${NRAS.jwk['x']}=` }), 'malformed'],
  ])('is refused with %s', (_, jwks, expected) => {
    expect(() => findKey(jwks, NRAS.kid, 'ES384')).toThrow(code(expected));
  });

  test.each<[string, object, Code]>([
    ['a short modulus', { n: 'wQ' }, 'invalid_key'],
    ['another exponent', { e: 'Aw' }, 'invalid_key'],
    ['a modulus with a leading zero', { n: `AA${ITA.jwk['n']}` }, 'malformed'],
    ['an elliptic curve', publicJwk(NRAS.key), 'malformed'],
    ['a key for another algorithm', { alg: 'RS256' }, 'invalid_key'],
  ])('is refused with %s for PS384', (_, changes, expected) => {
    expect(() => findKey(setOf({ ...ITA.jwk, ...changes }), ITA.kid, 'PS384')).toThrow(code(expected));
  });
});

describe('a key', () => {
  const KEY = findKey(setOf(NRAS.jwk), NRAS.kid, 'ES384');
  const at = { instantMs: TOKEN_INSTANT_MS, verify: verifyNode };
  const trust = (key: ServiceKey, anchors: readonly Uint8Array[], keys: readonly string[] = []) =>
    requireTrusted(key, { anchors, keys }, at);
  const [leaf, intermediate] = KEY.chain as [string, string];
  const OTHER = testKey('ES384', 77);

  test('counts when it is listed, or chains to an anchor, be it an intermediate', async () => {
    expect(await trust(KEY, [], [NRAS.fingerprint])).toBe('a listed key');
    const chained = 'a certificate under a pinned anchor';
    expect(await trust(KEY, [NRAS.root])).toBe(chained);
    expect(await trust(KEY, [NRAS.intermediate])).toBe(chained);
    expect(await trust({ ...KEY, chain: [leaf] }, [NRAS.intermediate])).toBe(chained);
    // What stands above the anchor is not looked at: another certificate, the root that issued it.
    const whole = { ...KEY, chain: [leaf, intermediate, toBase64(NRAS.root)] };
    for (const root of [NRAS.root, NRAS.intermediate]) expect(await trust(whole, [root])).toBe(chained);
    const above = { ...KEY, chain: [leaf, intermediate, leaf] };
    expect(await trust(above, [NRAS.intermediate])).toBe(chained);
  });

  test.each<[string, ServiceKey, readonly Uint8Array[], Code]>([
    ['nothing is pinned', KEY, [], 'certificate_untrusted'],
    ['the anchor is of another service', KEY, [ITA.root], 'certificate_untrusted'],
    ['it has no certificate', { ...KEY, chain: [] }, [NRAS.root], 'certificate_untrusted'],
    [
      'the certificate is of another key',
      { ...KEY, publicKey: publicKeyOf(OTHER), fingerprint: '00'.repeat(32) },
      [NRAS.root],
      'certificate_untrusted',
    ],
    ['its own certificate is the anchor', KEY, [fromBase64(leaf)], 'certificate_untrusted'],
    [
      'another authority signed its certificate',
      { ...KEY, chain: [certificateOf(NRAS, NRAS.key, { signer: testKey('ES256', 9) }), intermediate] },
      [NRAS.root],
      'signature_invalid',
    ],
    [
      'its certificate has expired',
      { ...KEY, chain: [certificateOf(NRAS, NRAS.key, { notAfter: utcTime('241231235959Z') }), intermediate] },
      [NRAS.root],
      'certificate_expired',
    ],
    [
      'its certificate is not valid yet',
      { ...KEY, chain: [certificateOf(NRAS, NRAS.key, { notBefore: utcTime('250101000001Z') }), intermediate] },
      [NRAS.root],
      'certificate_not_yet_valid',
    ],
    [
      'it may not sign data',
      { ...KEY, chain: [certificateOf(NRAS, NRAS.key, { extensions: [keyUsage(5)] }), intermediate] },
      [NRAS.root],
      'certificate_usage',
    ],
    [
      'its certificate is of an authority',
      { ...KEY, chain: [certificateOf(NRAS, NRAS.key, { extensions: [basicConstraints(true)] }), intermediate] },
      [NRAS.root],
      'certificate_usage',
    ],
    ['its certificate is not in base64', { ...KEY, chain: [`${leaf}=`] }, [NRAS.root], 'malformed'],
  ])('does not count when %s', async (_, key, anchors, expected) => {
    await expect(trust(key, anchors)).rejects.toThrow(code(expected));
  });
});
