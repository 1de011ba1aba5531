import { equal, type Hex } from '../bytes.ts';
import { must, TwinlockError } from '../errors.ts';
import { unlessRefused } from '../refusal.ts';
import type { SignatureAlgorithm, Verify } from '../signature/claim.ts';
import { ENUMERATED, INTEGER } from '../signature/der-form.ts';
import { type Certificate, claimBy } from './certificate.ts';
import { CONTEXT, DerReader, enterWhole, GENERALIZED_TIME, SEQUENCE, UTC_TIME } from './der-reader.ts';
import { allowsUsage, readExtensions } from './extensions.ts';
import { subjectText } from './name.ts';
import { openSigned, readSerial, readSignature } from './signed.ts';
import { instantText, readTime } from './time.ts';

/** Intel's lists have 0.3 to 4 KiB. An entry takes 20 bytes at least, so this bounds their number too: 6,553. */
const MAX_BYTES = 131_072;

const REASON_CODE = '2.5.29.21';
/** CRLReason removeFromCRL (RFC 5280 section 5.3.1): the one entry that does not revoke. */
const REMOVE_FROM_CRL = 8;
/** Extensions of a list that is not the whole list of its issuer, critical or not. */
const PARTIAL = new Map([
  ['2.5.29.27', 'a delta list'],
  ['2.5.29.28', 'the list of one distribution point'],
]);

/**
 * A complete X.509 certificate revocation list, version 2 (RFC 5280 section 5). Parsed, not trusted: nothing
 * of it holds before `verifyCrl`.
 */
export interface Crl {
  readonly der: Uint8Array;
  /** The signed part, whole. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** As a claim carries it. */
  readonly signature: Uint8Array;
  /** The Name as DER. */
  readonly issuer: Uint8Array;
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
  /** Serial numbers as `Certificate.serial`, of every reason, certificateHold too. */
  readonly revoked: ReadonlySet<Hex>;
}

/**
 * Parses an attacker-controlled revocation list: strict DER, at most 128 KiB, with nextUpdate,
 * nothing after it. Throws `too_large`, `unsupported_algorithm`, and `crl_invalid` for a list that is
 * malformed, has a critical extension (none is understood) or does not list all that its issuer revoked.
 */
export function parseCrl(der: Uint8Array): Crl {
  must(
    der.length <= MAX_BYTES,
    'too_large',
    `expected a revocation list of at most ${MAX_BYTES} bytes, got ${der.length}`,
  );
  return unlessRefused(
    TwinlockError,
    () => parse(der),
    (cause) => {
      if (cause.code !== 'malformed') throw cause;
      throw new TwinlockError('crl_invalid', `the revocation list is malformed: ${cause.message}`, {}, { cause });
    },
  );
}

function parse(der: Uint8Array): Crl {
  const parts = openSigned(der);
  const { tbs, identifier } = parts;
  const { signatureAlgorithm, signature } = readSignature(parts);
  const fields = enterWhole(tbs, SEQUENCE);
  must(equal(fields.read(INTEGER), Uint8Array.of(1)), 'malformed', 'expected a revocation list of version 2');
  must(equal(fields.readWhole(SEQUENCE), identifier), 'malformed', 'the two signature algorithms differ');
  const issuer = fields.readWhole(SEQUENCE);
  const thisUpdateMs = readTime(fields);
  must(fields.nextIs(UTC_TIME) || fields.nextIs(GENERALIZED_TIME), 'malformed', 'expected a next update');
  const nextUpdateMs = readTime(fields);
  must(thisUpdateMs <= nextUpdateMs, 'malformed', 'the next update is before this one');
  const revoked = readEntries(fields.nextIs(SEQUENCE) ? fields.enter(SEQUENCE) : new DerReader(new Uint8Array(0)));
  if (!fields.done) requireExtensions(fields.enter(CONTEXT));
  fields.end();
  return { der, tbs, signatureAlgorithm, signature, issuer, thisUpdateMs, nextUpdateMs, revoked };
}

function readEntries(list: DerReader): ReadonlySet<Hex> {
  const revoked = new Set<Hex>();
  while (!list.done) {
    const entry = list.enter(SEQUENCE);
    const serial = readSerial(entry);
    must(!revoked.has(serial), 'malformed', `serial number ${serial} is listed twice`);
    revoked.add(serial);
    readTime(entry);
    if (!entry.done) requireEntryExtensions(entry.enter(SEQUENCE));
    entry.end();
  }
  return revoked;
}

function requireEntryExtensions(list: DerReader): void {
  const extensions = readExtensions(list);
  for (const [oid, { critical }] of extensions) requireUncritical(oid, critical);
  const reason = extensions.get(REASON_CODE);
  if (reason === undefined) return;
  const value = new DerReader(reason.value);
  const [code, ...more] = value.read(ENUMERATED);
  value.end();
  must(code !== undefined && more.length === 0, 'malformed', 'expected a reason of one byte');
  must(code !== REMOVE_FROM_CRL, 'crl_invalid', 'an entry removes itself, which only a delta list may say');
}

function requireExtensions(outer: DerReader): void {
  const list = outer.enter(SEQUENCE);
  outer.end();
  for (const [oid, { critical }] of readExtensions(list)) {
    const partial = PARTIAL.get(oid);
    must(partial === undefined, 'crl_invalid', `expected a complete revocation list, got ${partial}`);
    requireUncritical(oid, critical);
  }
}

function requireUncritical(oid: string, critical: boolean): void {
  const message = `the revocation list has the critical extension ${oid}, which is not understood`;
  must(!critical, 'crl_invalid', message);
}

export interface CrlToVerify {
  /** The issuer that the list must have. The caller verifies the issuer's own path. */
  readonly issuer: Certificate;
  readonly instantMs: number;
  /** How long after its next update a list still counts. */
  readonly graceMs: number;
  readonly verify: Verify;
  /** The name of the list, for messages. */
  readonly what: string;
}

/**
 * Verifies that a list is `issuer`'s, and in date: from its update to its next one and `graceMs` longer. Throws
 * `crl_invalid` for another issuer or one that may not sign lists, `endorsement_stale`,
 * `unsupported_algorithm`, and as `verify`: `signature_invalid`. All else is checked before the signature.
 */
export async function verifyCrl(crl: Crl, { issuer, instantMs, graceMs, verify, what }: CrlToVerify): Promise<void> {
  const { thisUpdateMs, nextUpdateMs, signatureAlgorithm: algorithm, tbs: message, signature } = crl;
  must(equal(crl.issuer, issuer.subject), 'crl_invalid', `${what}: it is not the list of ${subjectText(issuer)}`);
  must(allowsUsage(issuer, 'cRLSign'), 'crl_invalid', `${what}: ${subjectText(issuer)} may not sign revocation lists`);
  const at = instantText(instantMs);
  const from = `${what}: the list begins at ${instantText(thisUpdateMs)}, after ${at}`;
  must(instantMs >= thisUpdateMs, 'endorsement_stale', from);
  const since = `${what}: the list was to be renewed by ${instantText(nextUpdateMs)}, before ${at}`;
  must(instantMs <= nextUpdateMs + graceMs, 'endorsement_stale', since);
  await verify(claimBy(issuer.key, { algorithm, message, signature }, what));
}

/**
 * Checks that a verified list does not have this certificate. Throws `certificate_revoked`, and `crl_invalid`
 * for the list of another issuer, which says nothing about it.
 */
export function requireUnrevoked(certificate: Certificate, crl: Crl, what: string): void {
  const sameIssuer = equal(certificate.issuer, crl.issuer);
  must(sameIssuer, 'crl_invalid', `${what}: another issuer's list than that of ${subjectText(certificate)}`);
  const { serial } = certificate;
  const message = `${what}: ${subjectText(certificate)}, serial number ${serial}, is revoked`;
  must(!crl.revoked.has(serial), 'certificate_revoked', message);
}
