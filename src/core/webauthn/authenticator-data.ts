import { sha256 } from '@noble/hashes/sha2.js';
import { ByteReader } from '../byte-reader.ts';
import { equal, type Hex, toHex, utf8 } from '../bytes.ts';
import { readCborMap } from '../cbor.ts';
import { must } from '../errors.ts';
import { type Layout, readLayout } from '../layout.ts';

/** Credential id (at most 1023), COSE key and extensions fit in half of it. */
const MAX_BYTES = 4096;
const MAX_CREDENTIAL_ID_BYTES = 1023;
const WHAT = 'authenticator data';

/** Authenticator data (WebAuthn section 6.1). Integers are big-endian. */
const HEAD = {
  rpIdHash: [0, 32, 'bytes'],
  flags: [32, 1, 'u8'],
  signCount: [33, 4, 'u32be'],
} as const satisfies Layout;

/** Attested credential data (section 6.5.1), at registration alone. The credential id and a COSE_Key follow. */
const ATTESTED_CREDENTIAL = {
  aaguid: [0, 16, 'bytes'],
  credentialIdBytes: [16, 2, 'u16be'],
} as const satisfies Layout;

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP = 0x08 | 0x10;
const ATTESTED_CREDENTIAL_DATA = 0x40;
const EXTENSION_DATA = 0x80;
const RESERVED = 0x02 | 0x20;

export interface AttestedCredential {
  /** The model of the authenticator, 16 bytes. */
  readonly aaguid: Hex;
  /** 1 to 1023 bytes. */
  readonly credentialId: Uint8Array;
  /** COSE_Key, as the authenticator encoded it. */
  readonly publicKey: Uint8Array;
}

/**
 * The flags byte and the signature counter. An extension map (flag ED) follows the attested credential data (flag AT).
 */
export interface AuthenticatorData {
  readonly flags: number;
  readonly signCount: number;
}

/**
 * Checks attacker-controlled authenticator data of an assertion: of this RP ID, with the user present and
 * verified, by a key that can never leave its authenticator (neither eligible for backup nor backed up, at
 * every assertion: the flags are signed, but nothing else stops them from changing), and no byte too many.
 *
 * Throws `too_large`, `malformed`, `wrong_rp_id`, `user_absent`, `user_unverified` or `backup_eligible`.
 */
export function checkAssertionData(bytes: Uint8Array, rpId: string): AuthenticatorData {
  const reader = new ByteReader(bytes, WHAT);
  const head = readHead(reader, rpId);
  must((head.flags & ATTESTED_CREDENTIAL_DATA) === 0, 'malformed', 'expected no attested credential data');
  readExtensions(reader, head.flags);
  return head;
}

/** The same for a registration, which says what credential was made. Throws as `checkAssertionData`. */
export function checkRegistrationData(
  bytes: Uint8Array,
  rpId: string,
): AuthenticatorData & { readonly attested: AttestedCredential } {
  const reader = new ByteReader(bytes, WHAT);
  const head = readHead(reader, rpId);
  must((head.flags & ATTESTED_CREDENTIAL_DATA) !== 0, 'malformed', 'expected attested credential data');
  const attested = readAttestedCredential(reader);
  readExtensions(reader, head.flags);
  return { ...head, attested };
}

function readHead(reader: ByteReader, rpId: string): AuthenticatorData {
  must(reader.remaining <= MAX_BYTES, 'too_large', `expected authenticator data of at most ${MAX_BYTES} bytes`);
  const { rpIdHash, flags, signCount } = readLayout(reader, HEAD);
  must(equal(rpIdHash, sha256(utf8(rpId))), 'wrong_rp_id', `the authenticator data is not for ${rpId}`);
  must((flags & RESERVED) === 0, 'malformed', 'expected the reserved flags to be zero');
  must((flags & USER_PRESENT) !== 0, 'user_absent', 'expected the user to be present');
  must((flags & USER_VERIFIED) !== 0, 'user_unverified', 'expected the user to be verified (PIN or biometrics)');
  must((flags & BACKUP) === 0, 'backup_eligible', 'expected a credential that cannot be copied to another device');
  return { flags, signCount };
}

function readExtensions(reader: ByteReader, flags: number): void {
  if ((flags & EXTENSION_DATA) !== 0) readCborBytes(reader);
  reader.end();
}

function readAttestedCredential(reader: ByteReader): AttestedCredential {
  const { aaguid, credentialIdBytes } = readLayout(reader, ATTESTED_CREDENTIAL);
  must(
    credentialIdBytes >= 1 && credentialIdBytes <= MAX_CREDENTIAL_ID_BYTES,
    'malformed',
    `expected a credential id of 1 to ${MAX_CREDENTIAL_ID_BYTES} bytes, got ${credentialIdBytes}`,
  );
  const credentialId = reader.bytes(credentialIdBytes);
  return { aaguid: toHex(aaguid), credentialId, publicKey: readCborBytes(reader) };
}

/** The bytes of the CBOR map that is next. */
function readCborBytes(reader: ByteReader): Uint8Array {
  return reader.bytes(readCborMap(reader.rest).length);
}
