import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equal, type Hex } from '../bytes.ts';
import { type CborMap, readWholeCborMap } from '../cbor.ts';
import { must } from '../errors.ts';
import type { SignatureAlgorithm, SignatureClaim } from '../signature/claim.ts';
import { type CoseKey, parseCoseKey } from '../signature/cose.ts';
import { keyFamilyOf } from '../signature/key-family.ts';
import { type CertifiedKey, claimBy, parseCertificateOfAnyKey } from '../x509/certificate.ts';
import { claimedSignature } from '../x509/signed.ts';
import { type AttestedCredential, checkRegistrationData } from './authenticator-data.ts';
import { requireClientData } from './client-data.ts';
import { requireAttestationCertificate, trustPathClaims } from './trust-path.ts';

/** Four certificates and the authenticator data with room to spare. */
export const MAX_ATTESTATION_OBJECT_BYTES = 32_768;
const MAX_CERTIFICATES = 4;

/**
 * What a vault asks of a new authenticator. `any` is for simulation vaults; `attested` for production: a
 * listed model (AAGUIDs, 32 hex digits) proven by a chain to a pinned root (DER), valid at `atMs`.
 */
export type RegistrationRequirement =
  | { readonly kind: 'any' }
  | {
      readonly kind: 'attested';
      readonly aaguids: readonly Hex[];
      readonly roots: readonly Uint8Array[];
      readonly atMs: number;
    };

export interface RegistrationToCheck {
  readonly attestationObject: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  /** 32 bytes, from registerChallenge. */
  readonly challenge: Uint8Array;
  readonly rpId: string;
  /** What is enrolled: the attested credential must be this one. */
  readonly credentialId: Uint8Array;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly requirement: RegistrationRequirement;
}

export interface CheckedRegistration {
  /** To be discharged, every one, before the credential is used. */
  readonly claims: readonly SignatureClaim[];
  readonly key: CoseKey;
  /** The model; proven only under the requirement `attested`. */
  readonly aaguid: Hex;
  readonly signCount: number;
}

/** "twinlock-softkey": what our own software authenticator calls itself. */
export const SOFTWARE_AAGUID: Hex = '7477696e6c6f636b2d736f66746b6579';

/** Models whose keys can be copied. Production refuses them, even where a policy lists one. */
const SOFTWARE_AAGUIDS: ReadonlySet<Hex> = new Set([
  '00000000000000000000000000000000', // not stated
  '01020304050607080102030405060708', // Chromium's virtual authenticator
  '6028b017b1d44c02b4b3afcdafc96bb2', // Windows Hello without a TPM
  SOFTWARE_AAGUID,
]);

/** Whether this model is one of hardware, as its AAGUID says it: a production vault takes no other. */
export const isHardwareModel = (aaguid: Hex): boolean => !SOFTWARE_AAGUIDS.has(aaguid);

/** COSE algorithm identifiers of an attestation statement (RFC 9053, RFC 8812). */
const COSE_ALGORITHMS: Readonly<Record<number, SignatureAlgorithm>> = {
  [-7]: 'ES256',
  [-8]: 'Ed25519',
  [-35]: 'ES384',
  [-257]: 'RS256',
};

/**
 * Checks an attacker-controlled registration (WebAuthn section 7.1) offline and synchronously: every
 * signature that it rests on is returned as a claim. Formats `packed` (section 8.2) and `none` (8.7).
 *
 * Throws as `requireClientData`, `checkRegistrationData`, `parseCoseKey` and `parseCertificateOfAnyKey`; `too_large`;
 * `malformed`; `binding_mismatch` when another credential or key is attested than is enrolled; and
 * `authenticator_unattested` for an attestation that does not meet the requirement.
 */
export function checkRegistration(registration: RegistrationToCheck): CheckedRegistration {
  const { attestationObject, clientDataJSON, challenge, rpId, credentialId, publicKey, requirement } = registration;
  requireClientData(clientDataJSON, { type: 'webauthn.create', challenge, rpId });
  const { format, statement, authenticatorData } = parseAttestationObject(attestationObject);
  const { attested, signCount } = checkRegistrationData(authenticatorData, rpId);
  must(equal(attested.credentialId, credentialId), 'binding_mismatch', 'another credential is attested');
  must(equal(attested.publicKey, publicKey), 'binding_mismatch', 'another public key is attested');
  const key = parseCoseKey(publicKey);
  const { aaguid } = attested;
  if (requirement.kind === 'attested') requireListedModel(aaguid, requirement.aaguids);

  const message = concat(authenticatorData, sha256(clientDataJSON));
  const claims = claimsOf(format, statement, { aaguid, key, message, requirement });
  return { claims, key, aaguid, signCount };
}

/**
 * The credential that an attestation object is about, its attestation unchecked: for the client that has
 * just made it. Throws `malformed` and as `checkRegistrationData`, so a key that could be copied is refused at
 * once.
 */
export function attestedCredential(attestationObject: Uint8Array, rpId: string): AttestedCredential {
  return checkRegistrationData(parseAttestationObject(attestationObject).authenticatorData, rpId).attested;
}

function requireListedModel(aaguid: Hex, listed: readonly Hex[]): void {
  mustAttest(isHardwareModel(aaguid), `AAGUID ${aaguid} is a virtual or software authenticator, or none`);
  mustAttest(listed.includes(aaguid), `AAGUID ${aaguid} is not one that the policy lists`);
}

function parseAttestationObject(bytes: Uint8Array) {
  must(
    bytes.length <= MAX_ATTESTATION_OBJECT_BYTES,
    'too_large',
    `expected an attestation object of at most ${MAX_ATTESTATION_OBJECT_BYTES} bytes, got ${bytes.length}`,
  );
  const map = readWholeCborMap(bytes, 'attestation object');
  const [format, statement, authenticatorData] = [map.get('fmt'), map.get('attStmt'), map.get('authData')];
  must(
    map.size === 3 && typeof format === 'string' && statement instanceof Map && authenticatorData instanceof Uint8Array,
    'malformed',
    'expected an attestation object of fmt, attStmt and authData',
  );
  return { format, statement: statement as CborMap, authenticatorData };
}

interface Attested {
  readonly aaguid: Hex;
  readonly key: CoseKey;
  readonly message: Uint8Array;
  readonly requirement: RegistrationRequirement;
}

function claimsOf(format: string, statement: CborMap, attested: Attested): SignatureClaim[] {
  const { requirement } = attested;
  if (format === 'packed' && statement.has('x5c')) return certifiedClaims(statement, attested);
  mustAttest(requirement.kind === 'any', 'expected an attestation of format packed with certificates');
  if (format === 'packed') return [packedClaim(statement, 2, certified(attested.key), attested.message)];
  mustAttest(format === 'none', 'expected an attestation of format packed or none');
  must(statement.size === 0, 'malformed', 'expected an empty statement in an attestation of format none');
  return [];
}

/** The credential's own key, where it stands in for a certified one (self attestation). */
function certified({ algorithm, publicKey }: CoseKey): CertifiedKey {
  return { family: keyFamilyOf(algorithm), publicKey };
}

function certifiedClaims(statement: CborMap, { aaguid, message, requirement }: Attested): SignatureClaim[] {
  const x5c = statement.get('x5c');
  must(
    Array.isArray(x5c) && x5c.length >= 1 && x5c.length <= MAX_CERTIFICATES,
    'malformed',
    `expected 1 to ${MAX_CERTIFICATES} certificates`,
  );
  const path = x5c.map((der) => {
    must(der instanceof Uint8Array, 'malformed', 'expected certificates as byte strings');
    return parseCertificateOfAnyKey(der);
  });
  const [leaf] = path;
  must(leaf !== undefined, 'malformed', 'expected a certificate');
  requireAttestationCertificate(leaf, aaguid);
  const claim = packedClaim(statement, 3, leaf.key, message);
  if (requirement.kind === 'any') return [claim];
  return [claim, ...trustPathClaims(path, requirement.roots.map(parseCertificateOfAnyKey), requirement.atMs)];
}

/** The signature of a packed statement, which has `members` members, by the attestation key or the credential's. */
function packedClaim(statement: CborMap, members: number, key: CertifiedKey, message: Uint8Array): SignatureClaim {
  const [alg, signature] = [statement.get('alg'), statement.get('sig')];
  must(
    statement.size === members && typeof alg === 'number' && signature instanceof Uint8Array,
    'malformed',
    'expected a packed attestation statement of alg, sig and at most x5c',
  );
  const algorithm = COSE_ALGORITHMS[alg];
  mustAttest(
    algorithm !== undefined && keyFamilyOf(algorithm) === key.family,
    `the attestation names algorithm ${alg}, its key is ${key.family}`,
  );
  const signed = { algorithm, message, signature: claimedSignature(algorithm, signature) };
  return claimBy(key, signed, 'attestation of the authenticator');
}

function mustAttest(condition: boolean, message: string): asserts condition {
  must(condition, 'authenticator_unattested', message);
}
