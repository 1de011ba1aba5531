import { sha256 } from '@noble/hashes/sha2.js';
import * as z from 'zod/mini';
import { concat, equal, fromBase64, fromBase64url, type Hex, toHex, u8 } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import type { Verify } from '../../signature/claim.ts';
import { requirePublicKey } from '../../signature/precheck.ts';
import { p384Spki, rsaSpki } from '../../signature/spki.ts';
import { parseCertificate } from '../../x509/certificate.ts';
import { allowsUsage } from '../../x509/extensions.ts';
import { verifyPath } from '../../x509/path.ts';
import { type TokenAlgorithm, tokenText } from './jws.ts';

/** NVIDIA serves 32 at a time. */
const KEYS_MAX = 64;
/** A leaf, intermediates and a root. */
const CHAIN_MAX = 5;
const CHAIN_TEXT_MAX = 12_288;
const P384_FIELD_BYTES = 48;
const UNCOMPRESSED = 0x04;

const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kid: z.optional(z.unknown()) })).check(z.maxLength(KEYS_MAX)),
});

const coordinate = z.string().check(z.maxLength(1024));
/** The members that a key of any kind may have (RFC 7517 section 4). */
const common = {
  alg: z.optional(tokenText),
  use: z.optional(z.literal('sig')),
  x5c: z.optional(z.array(z.string().check(z.maxLength(CHAIN_TEXT_MAX))).check(z.maxLength(CHAIN_MAX))),
};
const ecKey = z.object({ ...common, kty: z.literal('EC'), crv: z.literal('P-384'), x: coordinate, y: coordinate });
const rsaKey = z.object({ ...common, kty: z.literal('RSA'), n: coordinate, e: coordinate });

/** A key of a service's key set. Attacker-controlled: the sender of the set may have made it up. */
export interface ServiceKey {
  readonly algorithm: TokenAlgorithm;
  /** As a signature claim carries it. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of the DER SubjectPublicKeyInfo. */
  readonly fingerprint: Hex;
  /** `x5c`: base64 DER, leaf first; empty where there is none. */
  readonly chain: readonly string[];
}

/** A key set (JWKS, RFC 7517), parsed once for all the keys that are looked for in it. */
export type ParsedKeySet = z.infer<typeof keySetSchema>;

/** The keys and anchors of a service that reference values pin. */
export interface KeyTrust {
  /** DER certificates that the chain of a key may end in: roots or intermediates. */
  readonly anchors: readonly Uint8Array[];
  /** Fingerprints of keys that count without a chain. */
  readonly keys: readonly Hex[];
}

/** Parses an attacker-controlled key set, its keys only as far as their ids. Throws `malformed`. */
export function parseKeySet(jwks: string): ParsedKeySet {
  return parseAs(keySetSchema, parseJson(jwks), 'key set');
}

/**
 * The one key of an attacker-controlled key set with this id, for the one algorithm that its service signs with.
 * Throws `malformed`, also for an id that the set has twice, `endorsement_missing` for one that it has not, or
 * `invalid_key`.
 */
export function findKey({ keys }: ParsedKeySet, kid: string, algorithm: TokenAlgorithm): ServiceKey {
  const [entry, ...more] = keys.filter((key) => key.kid === kid);
  must(more.length === 0, 'malformed', 'key set: two keys have the same id');
  must(entry !== undefined, 'endorsement_missing', 'the key set has no key of this id');
  const { alg, x5c, publicKey, spki } = algorithm === 'ES384' ? p384Key(entry) : rsaKeyOf(entry);
  must(alg === undefined || alg === algorithm, 'invalid_key', `expected a key for ${algorithm}, got one for ${alg}`);
  requirePublicKey(algorithm, publicKey);
  return { algorithm, publicKey, fingerprint: toHex(sha256(spki)), chain: x5c ?? [] };
}

/**
 * Why a key counts: because it is listed, or because its certificate has the same key and chains to an anchor at
 * the instant. Throws `certificate_untrusted` and the other codes of `verifyPath` where it does not.
 */
export async function requireTrusted(
  key: ServiceKey,
  { anchors, keys }: KeyTrust,
  { instantMs, verify }: { readonly instantMs: number; readonly verify: Verify },
): Promise<string> {
  if (keys.includes(key.fingerprint)) return 'a listed key';
  must(key.chain.length > 0, 'certificate_untrusted', 'the key is not listed and has no certificate');
  const chain = key.chain.map((text) => parseCertificate(fromBase64(text)));
  const [leaf] = chain;
  const isSame = leaf !== undefined && equal(leaf.key.publicKey, key.publicKey);
  must(isSame, 'certificate_untrusted', 'the certificate is of another key');
  must(allowsUsage(leaf, 'digitalSignature'), 'certificate_usage', 'the key may not sign data');
  await verifyPath({ chain, anchors: anchors.map(parseCertificate), instantMs, verify });
  return 'a certificate under a pinned anchor';
}

function p384Key(entry: object) {
  const { alg, x5c, x, y } = parseAs(ecKey, entry, 'key');
  const [first, second] = [fromBase64url(x), fromBase64url(y)];
  const isFull = first.length === P384_FIELD_BYTES && second.length === P384_FIELD_BYTES;
  must(isFull, 'malformed', `key: expected x and y of ${P384_FIELD_BYTES} bytes each`);
  const publicKey = concat(u8(UNCOMPRESSED), first, second);
  return { alg, x5c, publicKey, spki: p384Spki(publicKey) };
}

function rsaKeyOf(entry: object) {
  const { alg, x5c, n, e } = parseAs(rsaKey, entry, 'key');
  const [modulus, exponent] = [fromBase64url(n), fromBase64url(e)];
  const isShortest = (modulus[0] ?? 0) !== 0 && (exponent[0] ?? 0) !== 0;
  must(isShortest, 'malformed', 'key: expected n and e without leading zeros');
  const publicKey = rsaSpki(modulus, exponent);
  return { alg, x5c, publicKey, spki: publicKey };
}
