import { sha256 } from '@noble/hashes/sha2.js';
import { equal, type Hex, toHex, utf8 } from '../bytes.ts';
import { readCborMap } from '../cbor.ts';
import { counted } from '../counted.ts';
import { must } from '../errors.ts';

/** Credential id (at most 1023), COSE key and extensions fit in half of it. */
const MAX_BYTES = 4096;
const HEAD_BYTES = 37;
const AAGUID_BYTES = 16;
const MAX_CREDENTIAL_ID_BYTES = 1023;

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
 * Authenticator data (WebAuthn section 6.1), drawn:
 *
 *     rpIdHash 32 ‖ flags 1 ‖ signCount u32
 *       ‖ [AT: aaguid 16 ‖ u16 |id| ‖ id ‖ COSE_Key]   at registration, and only there
 *       ‖ [ED: one CBOR map]
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
  const head = readHead(bytes, rpId);
  must((head.flags & ATTESTED_CREDENTIAL_DATA) === 0, 'malformed', 'expected no attested credential data');
  requireEndAfterExtensions(bytes.subarray(HEAD_BYTES), head.flags);
  return head;
}

/** The same for a registration, which says what credential was made. Throws as `checkAssertionData`. */
export function checkRegistrationData(
  bytes: Uint8Array,
  rpId: string,
): AuthenticatorData & { readonly attested: AttestedCredential } {
  const head = readHead(bytes, rpId);
  must((head.flags & ATTESTED_CREDENTIAL_DATA) !== 0, 'malformed', 'expected attested credential data');
  const { attested, rest } = readAttestedCredential(bytes.subarray(HEAD_BYTES));
  requireEndAfterExtensions(rest, head.flags);
  return { ...head, attested };
}

function readHead(bytes: Uint8Array, rpId: string): AuthenticatorData {
  must(bytes.length <= MAX_BYTES, 'too_large', `expected authenticator data of at most ${MAX_BYTES} bytes`);
  must(bytes.length >= HEAD_BYTES, 'malformed', `expected authenticator data of at least ${HEAD_BYTES} bytes`);
  must(equal(bytes.subarray(0, 32), sha256(utf8(rpId))), 'wrong_rp_id', `the authenticator data is not for ${rpId}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint8(32);
  must((flags & RESERVED) === 0, 'malformed', 'expected the reserved flags to be zero');
  must((flags & USER_PRESENT) !== 0, 'user_absent', 'expected the user to be present');
  must((flags & USER_VERIFIED) !== 0, 'user_unverified', 'expected the user to be verified (PIN or biometrics)');
  must((flags & BACKUP) === 0, 'backup_eligible', 'expected a credential that cannot be copied to another device');
  return { flags, signCount: view.getUint32(33) };
}

function requireEndAfterExtensions(bytes: Uint8Array, flags: number): void {
  const length = (flags & EXTENSION_DATA) === 0 ? 0 : readCborMap(bytes).length;
  must(
    bytes.length === length,
    'malformed',
    `expected the end, got ${counted(bytes.length - length, 'byte')} after the authenticator data`,
  );
}

function readAttestedCredential(bytes: Uint8Array): { attested: AttestedCredential; rest: Uint8Array } {
  const idStart = AAGUID_BYTES + 2;
  must(bytes.length >= idStart, 'malformed', 'the attested credential data is cut short');
  const idBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint16(AAGUID_BYTES);
  must(
    idBytes >= 1 && idBytes <= MAX_CREDENTIAL_ID_BYTES,
    'malformed',
    `expected a credential id of 1 to ${MAX_CREDENTIAL_ID_BYTES} bytes, got ${idBytes}`,
  );
  must(bytes.length > idStart + idBytes, 'malformed', 'the attested credential data is cut short');
  const afterId = bytes.subarray(idStart + idBytes);
  const { length } = readCborMap(afterId);
  return {
    attested: {
      aaguid: toHex(bytes.subarray(0, AAGUID_BYTES)),
      credentialId: bytes.subarray(idStart, idStart + idBytes),
      publicKey: afterId.subarray(0, length),
    },
    rest: afterId.subarray(length),
  };
}
