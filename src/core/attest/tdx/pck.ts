import { type Hex, toHex } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { readUnsigned } from '../../signature/der.ts';
import { ENUMERATED, INTEGER } from '../../signature/der-form.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { type DerReader, enterWhole, OCTET_STRING, SEQUENCE } from '../../x509/der-reader.ts';
import { commonName } from '../../x509/name.ts';

const SGX_EXTENSION = '1.2.840.113741.1.13.1';
/** SVNs of the platform in a PCK certificate, and of the TDX module and loader in a report. */
export const TCB_COMPONENTS = 16;

/** The two authorities that Intel has for PCK certificates; each has a revocation list of its own. */
const AUTHORITIES: ReadonlyMap<string, PckAuthority> = new Map<string, PckAuthority>([
  ['Intel SGX PCK Processor CA', 'processor'],
  ['Intel SGX PCK Platform CA', 'platform'],
]);
export type PckAuthority = 'processor' | 'platform';

/** The fields of a PCK certificate about the platform whose quoting enclave its key certifies. */
export interface Pck {
  readonly certificate: Certificate;
  readonly authority: PckAuthority;
  /** 16 bytes: which platform it is. */
  readonly ppid: Hex;
  /** The SVN of each of 16 components, 0 to 255. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  /** 16 bytes, the same SVNs in the processor's own form. */
  readonly cpuSvn: Hex;
  /** 2 bytes. */
  readonly pceId: Hex;
  /** 6 bytes: family, model, stepping, platform type and custom SKU. */
  readonly fmspc: Hex;
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  readonly sgxType: number;
  /** 16 bytes; null under the processor CA. */
  readonly platformInstance: Hex | null;
  /** Null under the processor CA. */
  readonly configuration: PckConfiguration | null;
}

interface PckConfiguration {
  readonly dynamicPlatform: boolean;
  readonly cachedKeys: boolean;
  readonly smtEnabled: boolean;
}

/**
 * Parses an attacker-controlled PCK certificate (Intel SGX PCK Certificate and Certificate Revocation List
 * Profile Specification 1.5, section 1.3.5). Throws what `parseCertificate` throws, and `malformed` where a field
 * of the SGX extension is missing, repeated or of another length, or the issuer is neither of Intel's two.
 */
export function parsePck(der: Uint8Array): Pck {
  const certificate = parseCertificate(der);
  const extension = certificate.extensions.get(SGX_EXTENSION);
  if (extension === undefined) throw new TwinlockError('malformed', 'expected a PCK certificate with an SGX extension');
  const fields = fieldsOf(enterWhole(extension.value, SEQUENCE), SGX_EXTENSION);
  const tcb = fieldsOf(field(fields, 2).enter(SEQUENCE), `${SGX_EXTENSION}.2`);
  return {
    certificate,
    authority: certificateAuthorityOf(certificate),
    ppid: octets(field(fields, 1), 16),
    components: Array.from({ length: TCB_COMPONENTS }, (_, i) => unsigned(field(tcb, i + 1), 1)),
    pceSvn: unsigned(field(tcb, 17), 2),
    cpuSvn: octets(field(tcb, 18), 16),
    pceId: octets(field(fields, 3), 2),
    fmspc: octets(field(fields, 4), 6),
    sgxType: enumerated(field(fields, 5)),
    platformInstance: fields.has(6) ? octets(field(fields, 6), 16) : null,
    configuration: fields.has(7) ? configurationOf(field(fields, 7)) : null,
  };
}

function certificateAuthorityOf({ issuer }: Certificate): PckAuthority {
  const authority = AUTHORITIES.get(commonName({ subject: issuer }) ?? '');
  if (authority === undefined) {
    throw new TwinlockError('malformed', 'expected a PCK certificate issued by the processor or the platform CA');
  }
  return authority;
}

/** What follows each object identifier `<prefix>.<n>`, by n. Others are left for later versions of the profile. */
function fieldsOf(list: DerReader, prefix: string): ReadonlyMap<number, Uint8Array> {
  const fields = new Map<number, Uint8Array>();
  while (!list.done) {
    const entry = list.readWhole(SEQUENCE);
    const oid = enterWhole(entry, SEQUENCE).readOid();
    if (!oid.startsWith(`${prefix}.`)) continue;
    const last = Number(oid.slice(prefix.length + 1));
    must(!fields.has(last), 'malformed', `SGX extension: ${oid} is repeated`);
    fields.set(last, entry);
  }
  return fields;
}

/** A reader of the value of one field. */
function field(fields: ReadonlyMap<number, Uint8Array>, last: number): DerReader {
  const entry = fields.get(last);
  if (entry === undefined) throw new TwinlockError('malformed', `SGX extension: field ${last} is missing`);
  const reader = enterWhole(entry, SEQUENCE);
  reader.readOid();
  return reader;
}

function octets(reader: DerReader, length: number): Hex {
  const body = reader.read(OCTET_STRING);
  reader.end();
  must(body.length === length, 'malformed', `SGX extension: expected ${length} bytes, got ${body.length}`);
  return toHex(body);
}

function unsigned(reader: DerReader, maxBytes: number): number {
  const { body } = readUnsigned(reader.readWhole(INTEGER));
  reader.end();
  must(body.length <= maxBytes, 'malformed', `SGX extension: expected an integer of at most ${maxBytes} bytes`);
  return body.reduce((value, byte) => value * 256 + byte, 0);
}

function enumerated(reader: DerReader): number {
  const [value = 0x80, ...more] = reader.read(ENUMERATED);
  reader.end();
  must(more.length === 0 && value < 0x80, 'malformed', 'SGX extension: expected an SGX type below 128');
  return value;
}

function configurationOf(reader: DerReader): PckConfiguration {
  const flags = fieldsOf(reader.enter(SEQUENCE), `${SGX_EXTENSION}.7`);
  return {
    dynamicPlatform: flag(field(flags, 1)),
    cachedKeys: flag(field(flags, 2)),
    smtEnabled: flag(field(flags, 3)),
  };
}

function flag(reader: DerReader): boolean {
  const value = reader.readBoolean();
  reader.end();
  return value;
}
