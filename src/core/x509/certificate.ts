import { equal, fromHex } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import type { SignatureAlgorithm, SignatureClaim } from '../signature/claim.ts';
import { ecdsaFromDer } from '../signature/der.ts';
import { checkPublicKey } from '../signature/precheck.ts';
import { BIT_STRING, BOOLEAN, CONTEXT, DerReader, enterWhole, INTEGER, OCTET_STRING, SEQUENCE } from './der-reader.ts';
import { readTime } from './time.ts';

/** The attestation certificates of authenticators and processors have 0.5 to 2 KiB. */
const MAX_BYTES = 8192;

/** AlgorithmIdentifiers whole, in DER: one spelling of each algorithm's parameters is accepted. */
const SIGNATURE_ALGORITHMS: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  ES256: fromHex('300a06082a8648ce3d040302'),
  ES384: fromHex('300a06082a8648ce3d040303'),
  RS256: fromHex('300d06092a864886f70d01010b0500'),
  Ed25519: fromHex('300506032b6570'),
};
const KEY_ALGORITHMS: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  ES256: fromHex('301306072a8648ce3d020106082a8648ce3d030107'),
  ES384: fromHex('301006072a8648ce3d020106052b81040022'),
  RS256: fromHex('300d06092a864886f70d0101010500'),
  Ed25519: fromHex('300506032b6570'),
};

interface Extension {
  readonly critical: boolean;
  /** What the OCTET STRING holds. */
  readonly value: Uint8Array;
}

/**
 * The parts of an X.509 version 3 certificate (RFC 5280 section 4.1) that rules are about. Parsed, not
 * trusted: nothing of it holds before the claims of a path to a pinned root are discharged.
 */
export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part, whole. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** As a claim carries it. */
  readonly signature: Uint8Array;
  /** Names as DER; equal when their bytes are. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly key: CertifiedKey;
  /** By object identifier in dotted decimal; each at most once. */
  readonly extensions: ReadonlyMap<string, Extension>;
}

/** A public key and the one algorithm it verifies, in the form of a claim. */
export type CertifiedKey = Pick<SignatureClaim, 'algorithm' | 'publicKey'>;

/**
 * Parses an attacker-controlled certificate: strict DER, version 3, at most 8 KiB, nothing after it.
 *
 * Written here and not taken from a general library because core must stay synchronous, free of the
 * platform's cryptography, and accept one encoding only. Throws `too_large`, `malformed`,
 * `unsupported_algorithm` or `invalid_key`.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  must(der.length <= MAX_BYTES, 'too_large', `expected a certificate of at most ${MAX_BYTES} bytes, got ${der.length}`);
  const outer = enterWhole(der, SEQUENCE);
  const tbs = outer.readWhole(SEQUENCE);
  const algorithm = outer.readWhole(SEQUENCE);
  const signature = outer.readBitString();
  outer.end();

  const fields = enterWhole(tbs, SEQUENCE);
  const version = fields.enter(CONTEXT);
  must(equal(version.read(INTEGER), Uint8Array.of(2)), 'malformed', 'expected a certificate of version 3');
  version.end();
  fields.read(INTEGER); // the serial number, which no rule is about
  must(equal(fields.readWhole(SEQUENCE), algorithm), 'malformed', 'the two signature algorithms differ');
  const issuer = fields.readWhole(SEQUENCE);
  const validity = fields.enter(SEQUENCE);
  const notBeforeMs = readTime(validity);
  const notAfterMs = readTime(validity);
  validity.end();
  const subject = fields.readWhole(SEQUENCE);
  const key = parseSubjectPublicKeyInfo(fields.readWhole(SEQUENCE));
  const extensions = parseExtensions(fields);
  fields.end();

  const signatureAlgorithm = algorithmOf(algorithm, SIGNATURE_ALGORITHMS);
  return {
    der,
    tbs,
    signatureAlgorithm,
    signature: claimedSignature(signatureAlgorithm, signature),
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    key,
    extensions,
  };
}

/** The claim that `issuer` signed `certificate`. Throws `unsupported_algorithm` when their algorithms differ. */
export function issuedBy(certificate: Certificate, issuer: CertifiedKey, what: string): SignatureClaim {
  const { signatureAlgorithm: algorithm, tbs: message, signature } = certificate;
  must(algorithm === issuer.algorithm, 'unsupported_algorithm', `${what}: ${algorithm} is not its issuer's algorithm`);
  return { kind: 'signature', algorithm, publicKey: issuer.publicKey, message, signature, what };
}

function parseSubjectPublicKeyInfo(spki: Uint8Array): CertifiedKey {
  const fields = enterWhole(spki, SEQUENCE);
  const algorithm = algorithmOf(fields.readWhole(SEQUENCE), KEY_ALGORITHMS);
  const bits = fields.readBitString();
  fields.end();
  const publicKey = algorithm === 'RS256' ? spki : bits;
  checkPublicKey(algorithm, publicKey);
  return { algorithm, publicKey };
}

function algorithmOf(identifier: Uint8Array, table: Readonly<Record<SignatureAlgorithm, Uint8Array>>) {
  for (const [name, der] of Object.entries(table)) {
    if (equal(der, identifier)) return name as SignatureAlgorithm;
  }
  throw new TwinlockError('unsupported_algorithm', 'the certificate names an algorithm that is not accepted');
}

/** A signature as X.509 and WebAuthn encode it (DER for ECDSA), in the form of a claim. Throws `malformed`. */
export function claimedSignature(algorithm: SignatureAlgorithm, signature: Uint8Array): Uint8Array {
  return algorithm === 'ES256' || algorithm === 'ES384' ? ecdsaFromDer(signature, algorithm) : signature;
}

/** The unique ids before the extensions are of version 2, and no issuer writes them. */
function parseExtensions(fields: DerReader): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  const tag = CONTEXT | 3;
  if (!fields.nextIs(tag)) return extensions;
  const list = enterWhole(fields.read(tag), SEQUENCE);
  while (!list.done) {
    const fields = list.enter(SEQUENCE);
    const oid = fields.readOid();
    const critical = fields.nextIs(BOOLEAN) && fields.readBoolean();
    const value = fields.read(OCTET_STRING);
    fields.end();
    must(!extensions.has(oid), 'malformed', `extension ${oid} is repeated`);
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';

/** What basicConstraints says (RFC 5280 section 4.2.1.9), or null where it is absent. Throws `malformed`. */
export function basicConstraints(certificate: Certificate): { ca: boolean; pathLength: number | null } | null {
  const extension = certificate.extensions.get(BASIC_CONSTRAINTS);
  if (extension === undefined) return null;
  const fields = enterWhole(extension.value, SEQUENCE);
  const ca = fields.nextIs(BOOLEAN) && fields.readBoolean();
  let pathLength: number | null = null;
  if (fields.nextIs(INTEGER)) {
    const [length = 0x80, ...more] = fields.read(INTEGER);
    must(more.length === 0 && length < 0x80 && ca, 'malformed', 'expected a path length below 128, of an authority');
    pathLength = length;
  }
  fields.end();
  return { ca, pathLength };
}

/** Whether a key usage, where one is given, allows signing certificates (RFC 5280 section 4.2.1.3). */
export function maySignCertificates(certificate: Certificate): boolean {
  const extension = certificate.extensions.get(KEY_USAGE);
  if (extension === undefined) return true;
  const outer = new DerReader(extension.value);
  const [unused = 0xff, first = 0] = outer.read(BIT_STRING);
  outer.end();
  must(unused < 8, 'malformed', 'expected a key usage of at least one bit');
  return (first & 0x04) !== 0;
}

/** The critical extensions that this code does not understand: with any, a certificate must be refused. */
export function unknownCriticalExtensions(certificate: Certificate): string[] {
  return [...certificate.extensions]
    .filter(([oid, { critical }]) => critical && oid !== BASIC_CONSTRAINTS && oid !== KEY_USAGE)
    .map(([oid]) => oid);
}
