import { must, TwinlockError } from '../core/errors.ts';
import type { KeyClaim, SignatureAlgorithm, SignatureClaim } from '../core/signature/claim.ts';
import { requireSoundSignature } from '../core/signature/precheck.ts';
import { longestSaltBytes } from '../core/signature/rsa.ts';
import { cacheKeys } from './key-cache.ts';

interface Parameters {
  readonly format: 'raw' | 'spki';
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: string;
  /** The salt's length for RSASSA-PSS, by the claim's public key. */
  readonly saltBytes?: (publicKey: Uint8Array) => number;
}

const PARAMETERS: Readonly<Record<SignatureAlgorithm, Parameters>> = {
  Ed25519: { format: 'raw', name: 'Ed25519' },
  ES256: { format: 'raw', name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ES384: { format: 'raw', name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  RS256: { format: 'spki', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { format: 'spki', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { format: 'spki', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { format: 'spki', name: 'RSA-PSS', hash: 'SHA-256', saltBytes: () => 32 },
  PS384: { format: 'spki', name: 'RSA-PSS', hash: 'SHA-384', saltBytes: () => 48 },
  'PS256-longest-salt': {
    format: 'spki',
    name: 'RSA-PSS',
    hash: 'SHA-256',
    saltBytes: (key) => longestSaltBytes(key, 32),
  },
  'PS384-longest-salt': {
    format: 'spki',
    name: 'RSA-PSS',
    hash: 'SHA-384',
    saltBytes: (key) => longestSaltBytes(key, 48),
  },
};

/** The errors of an import that are a verdict on the key. Any other error is the engine's own. */
const IMPORT_REFUSALS: ReadonlyMap<string, 'invalid_key' | 'unsupported_algorithm'> = new Map([
  ['DataError', 'invalid_key'],
  ['NotSupportedError', 'unsupported_algorithm'],
]);

const keyOf = cacheKeys(importKey);

/**
 * Discharges one claim with WebCrypto (browsers and Node). Refuses first what `precheck` refuses. Rejects
 * with `signature_invalid`, `invalid_key`, `malformed` (RSA keys) or `unsupported_algorithm`.
 */
export async function verifyWeb(claim: SignatureClaim | KeyClaim): Promise<void> {
  const key = await keyOf(claim);
  if (claim.kind === 'key') return;
  const { algorithm, publicKey, message, signature, what } = claim;
  requireSoundSignature(claim);
  const { format: _, saltBytes, ...fixed } = PARAMETERS[algorithm];
  const parameters = saltBytes === undefined ? fixed : { ...fixed, saltLength: saltBytes(publicKey) };
  const isTrue = await crypto.subtle.verify(parameters, key, signature.slice(), message.slice());
  must(isTrue, 'signature_invalid', `${what}: the ${algorithm} signature is not true`);
}

async function importKey({ algorithm, publicKey, what }: Omit<KeyClaim, 'kind'>) {
  const { format, saltBytes: _, ...parameters } = PARAMETERS[algorithm];
  try {
    return await crypto.subtle.importKey(format, publicKey.slice(), parameters, false, ['verify']);
  } catch (cause) {
    const code = cause instanceof DOMException ? IMPORT_REFUSALS.get(cause.name) : undefined;
    if (code === undefined) throw cause;
    throw new TwinlockError(code, `${what}: the platform does not import this ${algorithm} key`, {}, { cause });
  }
}
