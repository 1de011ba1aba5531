import { must } from '../errors.ts';
import { BIT_STRING, INTEGER } from '../signature/der-form.ts';
import { DerReader, enterWhole, OCTET_STRING, SEQUENCE } from './der-reader.ts';

interface Extension {
  readonly critical: boolean;
  /** The content of the OCTET STRING. */
  readonly value: Uint8Array;
}

/** By object identifier in dotted decimal; each at most once. */
export type Extensions = ReadonlyMap<string, Extension>;

/** What has extensions: a certificate. */
interface Extended {
  readonly extensions: Extensions;
}

/** Reads Extensions (RFC 5280 section 4.1) from what holds the SEQUENCE of them. Throws `malformed`. */
export function readExtensions(list: DerReader): Extensions {
  const extensions = new Map<string, Extension>();
  while (!list.done) {
    const fields = list.enter(SEQUENCE);
    const oid = fields.readOid();
    const critical = fields.readFlag();
    const value = fields.read(OCTET_STRING);
    fields.end();
    must(!extensions.has(oid), 'malformed', `extension ${oid} is repeated`);
    extensions.set(oid, { critical, value });
  }
  return extensions;
}

const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const EXTENDED_KEY_USAGE = '2.5.29.37';

/** Reads basicConstraints (RFC 5280 section 4.2.1.9). Returns null where it is absent. Throws `malformed`. */
export function basicConstraints(certificate: Extended): { ca: boolean; pathLength: number | null } | null {
  const extension = certificate.extensions.get(BASIC_CONSTRAINTS);
  if (extension === undefined) return null;
  const fields = enterWhole(extension.value, SEQUENCE);
  const ca = fields.readFlag();
  let pathLength: number | null = null;
  if (fields.nextIs(INTEGER)) {
    const [length = 0x80, ...more] = fields.read(INTEGER);
    must(more.length === 0 && length < 0x80 && ca, 'malformed', 'expected a path length below 128, of an authority');
    pathLength = length;
  }
  fields.end();
  return { ca, pathLength };
}

/** The bits of KeyUsage in order (RFC 5280 section 4.2.1.3). */
const USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof USAGES)[number];

/** Reads the key usage. Returns null where the certificate has none. Throws `malformed`. */
export function keyUsage(certificate: Extended): ReadonlySet<KeyUsage> | null {
  const extension = certificate.extensions.get(KEY_USAGE);
  if (extension === undefined) return null;
  const outer = new DerReader(extension.value);
  const [, ...bytes] = outer.read(BIT_STRING);
  outer.end();
  // AMD's authorities do not drop the zeros at the end, as DER asks for a list of named bits (X.690 section 11.2.2).
  const isSized = bytes.length >= 1 && bytes.length <= 2;
  must(isSized, 'malformed', 'expected a key usage of one to nine bits');
  return new Set(USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

/** Returns whether the key usage allows this, or is absent. Throws `malformed`. */
export function allowsUsage(certificate: Extended, usage: KeyUsage): boolean {
  return keyUsage(certificate)?.has(usage) ?? true;
}

/**
 * The purposes of extKeyUsage (RFC 5280 section 4.2.1.12), as object identifiers in dotted decimal, or null
 * where it is absent. Throws `malformed`.
 */
export function extendedKeyUsage(certificate: Extended): readonly string[] | null {
  const extension = certificate.extensions.get(EXTENDED_KEY_USAGE);
  if (extension === undefined) return null;
  const fields = enterWhole(extension.value, SEQUENCE);
  must(!fields.done, 'malformed', 'expected at least one purpose');
  const purposes: string[] = [];
  while (!fields.done) purposes.push(fields.readOid());
  return purposes;
}

/**
 * The critical extensions that neither this code nor its caller understands: with any, a certificate must be
 * refused (RFC 5280 section 4.2). `understood`: object identifiers of what the caller itself checks.
 */
export function unknownCriticalExtensions(certificate: Extended, understood: readonly string[] = []): string[] {
  const known = [BASIC_CONSTRAINTS, KEY_USAGE, ...understood];
  return [...certificate.extensions]
    .filter(([oid, { critical }]) => critical && !known.includes(oid))
    .map(([oid]) => oid);
}
