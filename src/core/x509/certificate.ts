import { equal, type Hex } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { orNull } from '../refusal.ts';
import type { SignatureClaim } from '../signature/claim.ts';
import { INTEGER } from '../signature/der-form.ts';
import { type KeyFamily, keyFamilyOf } from '../signature/key-family.ts';
import { requireKeyOfFamily } from '../signature/precheck.ts';
import { certifiedFamilyOf } from './algorithm-identifier.ts';
import { CONTEXT, DerReader, enterWhole, SEQUENCE } from './der-reader.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { openSigned, type ReadSignature, readSerial, readSignature } from './signed.ts';
import { readTime } from './time.ts';

/** The attestation certificates of authenticators and processors have 0.5 to 2 KiB. */
const MAX_BYTES = 8192;

/**
 * The parts of an X.509 certificate (RFC 5280 section 4.1) that rules are about. Parsed, not trusted: nothing
 * of it holds before the claims of a path to a pinned root are discharged.
 */
export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part, whole. */
  readonly tbs: Uint8Array;
  /** The content of the INTEGER, 1 to 21 bytes; what identifies the certificate among its issuer's. AMD's are 00. */
  readonly serial: Hex;
  /**
   * Null where a self-issued certificate has a signature that no rule reads: it can be an anchor, and no link of a
   * path.
   */
  readonly signed: ReadSignature | null;
  /** Names as DER; equal when their bytes are. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly key: CertifiedKey;
  readonly extensions: Extensions;
}

/** A public key in the form of a claim, and which algorithms it can verify. */
export interface CertifiedKey {
  readonly family: KeyFamily;
  readonly publicKey: Uint8Array;
}

/** A signed document in the form of a claim. */
export type SignedMessage = Pick<SignatureClaim, 'algorithm' | 'message' | 'signature'>;

/** What vendors of processors, GPUs and TPMs certify. */
const VENDOR_FAMILIES: readonly KeyFamily[] = ['P-256', 'P-384', 'RSA'];
/** Authenticators may have Ed25519 too, whose keys cost a hundred times as much to check. */
const ALL_FAMILIES: readonly KeyFamily[] = ['Ed25519', ...VENDOR_FAMILIES];

/**
 * Parses an attacker-controlled certificate of P-256, P-384 or RSA: strict DER, version 3, at most 8 KiB, nothing
 * after it.
 *
 * The signature of a root is its own, and nothing looks at it: one by SHA-1, or by P-384 with SHA-256, is in `signed` as
 * null, and `issuedBy` refuses it.
 *
 * Written here and not taken from a general library because core must stay synchronous, free of the
 * platform's cryptography, and accept one encoding only. Throws `too_large`, `malformed`,
 * `unsupported_algorithm` or `invalid_key`.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return parse(der, readVersion3, VENDOR_FAMILIES);
}

/** As `parseCertificate`, and of Ed25519 too: for the certificates of authenticators. */
export function parseCertificateOfAnyKey(der: Uint8Array): Certificate {
  return parse(der, readVersion3, ALL_FAMILIES);
}

/**
 * As `parseCertificate`, and version 1 too, which has no extensions: so it says nothing about usage, and can
 * never be an issuer. For attestation keys of a TPM, which some authorities certify in this way.
 */
export function parseCertificateOfVersion1Or3(der: Uint8Array): Certificate {
  return parse(der, (fields) => fields.nextIs(CONTEXT) && readVersion3(fields), VENDOR_FAMILIES);
}

/** `readVersion` says whether there may be extensions. */
function parse(
  der: Uint8Array,
  readVersion: (fields: DerReader) => boolean,
  families: readonly KeyFamily[],
): Certificate {
  must(der.length <= MAX_BYTES, 'too_large', `expected a certificate of at most ${MAX_BYTES} bytes, got ${der.length}`);
  const parts = openSigned(der);
  const { tbs, identifier } = parts;
  const fields = enterWhole(tbs, SEQUENCE);
  const mayExtend = readVersion(fields);
  const serial = readSerial(fields);
  must(equal(fields.readWhole(SEQUENCE), identifier), 'malformed', 'the two signature algorithms differ');
  const issuer = fields.readWhole(SEQUENCE);
  const validity = fields.enter(SEQUENCE);
  const notBeforeMs = readTime(validity);
  const notAfterMs = readTime(validity);
  validity.end();
  const subject = fields.readWhole(SEQUENCE);
  const key = parseKey(fields.readWhole(SEQUENCE), families);
  // The unique ids before the extensions are of version 2, and no issuer writes them.
  const tag = CONTEXT | 3;
  const hasExtensions = mayExtend && fields.nextIs(tag);
  const extensions = readExtensions(hasExtensions ? enterWhole(fields.read(tag), SEQUENCE) : new DerReader(NOTHING));
  fields.end();
  const isSelfIssued = equal(issuer, subject);
  const signed = isSelfIssued ? orNull(TwinlockError, () => readSignature(parts)) : readSignature(parts);
  return { der, tbs, serial, signed, issuer, subject, notBeforeMs, notAfterMs, key, extensions };
}

const NOTHING = new Uint8Array(0);

function readVersion3(fields: DerReader): true {
  const version = fields.enter(CONTEXT);
  must(equal(version.read(INTEGER), Uint8Array.of(2)), 'malformed', 'expected a certificate of version 3');
  version.end();
  return true;
}

/**
 * Parses an attacker-controlled SubjectPublicKeyInfo of P-256, P-384 or RSA in strict DER, which nothing follows.
 * Throws `malformed`, `unsupported_algorithm` or `invalid_key`.
 */
export function parseSubjectPublicKeyInfo(spki: Uint8Array): CertifiedKey {
  return parseKey(spki, VENDOR_FAMILIES);
}

/** The family is refused by its name, before any arithmetic that the sender of the key could make us do. */
function parseKey(spki: Uint8Array, families: readonly KeyFamily[]): CertifiedKey {
  const fields = enterWhole(spki, SEQUENCE);
  const family = certifiedFamilyOf(fields.readWhole(SEQUENCE));
  const message = `expected a key of ${families.join(', ')}, got ${family}`;
  must(families.includes(family), 'unsupported_algorithm', message);
  const bits = fields.readBitString();
  fields.end();
  const publicKey = family === 'RSA' ? spki : bits;
  requireKeyOfFamily(family, publicKey);
  return { family, publicKey };
}

/**
 * The claim that the holder of `key` signed this. Throws `unsupported_algorithm` where such a key does not
 * verify that algorithm.
 */
export function claimBy({ family, publicKey }: CertifiedKey, signed: SignedMessage, what: string): SignatureClaim {
  const { algorithm, message, signature } = signed;
  const fits = keyFamilyOf(algorithm) === family;
  must(fits, 'unsupported_algorithm', `${what}: ${algorithm} is no algorithm of its signer's key, which is ${family}`);
  return { kind: 'signature', algorithm, publicKey, message, signature, what };
}

/** The claim that the holder of `issuer` signed `certificate`. Throws as `claimBy`. */
export function issuedBy(certificate: Certificate, issuer: CertifiedKey, what: string): SignatureClaim {
  const { tbs: message, signed } = certificate;
  must(signed !== null, 'unsupported_algorithm', `${what}: its own signature is by no algorithm that is accepted`);
  return claimBy(issuer, { algorithm: signed.signatureAlgorithm, message, signature: signed.signature }, what);
}
