import type { SnpEndorsements } from '../../../src/core/attest/snp/endorsements.ts';
import { ByteReader } from '../../../src/core/byte-reader.ts';
import { type Hex, toBase64url, toHex } from '../../../src/core/bytes.ts';
import { counted } from '../../../src/core/counted.ts';
import { must } from '../../../src/core/errors.ts';
import { type Layout, readLayout } from '../../../src/core/layout.ts';

/** GHCB 2.03, section 4.1.8.1; as in RFC 4122, most significant byte first. */
const GUID = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
  crl: '92f81bc358114d3d97ffd19f88dc67ea',
} as const;

/** An entry of the table. Integers are little-endian; `offset` counts from the beginning of the table. */
const ENTRY = { guid: [0, 16, 'bytes'], offset: [16, 4, 'u32le'], length: [20, 4, 'u32le'] } as const satisfies Layout;
const ENTRY_BYTES = 24;
const END: Hex = '00'.repeat(16);

/** Flags of a report (AMD 56860, table 23): bits 2 to 4 say which key signed it. */
const FLAGS_OFFSET = 0x48;
const SIGNED_BY_VLEK = 1;

/**
 * The certificates that the hypervisor gives with a report, as endorsements: the chip's (or the fleet's, where that one
 * signed), its issuer's and a revocation list. A part that is not there is null; all of it is null where none is. `ask`
 * stands in for an issuer that the hypervisor does not give. Throws `malformed` for what is no table.
 */
export function snpEndorsementsOf(
  table: Uint8Array,
  reportBytes: Uint8Array,
  ask: Uint8Array | null,
): SnpEndorsements | null {
  const certificates = parseCertificateTable(table);
  const flags = new DataView(reportBytes.buffer, reportBytes.byteOffset).getUint32(FLAGS_OFFSET, true);
  const vek = certificates.get(((flags >> 2) & 7) === SIGNED_BY_VLEK ? GUID.vlek : GUID.vcek);
  const parts = { vek, ask: certificates.get(GUID.ask) ?? ask, crl: certificates.get(GUID.crl) };
  if (Object.values(parts).every((part) => part == null)) return null;
  const text = (part: Uint8Array | null | undefined) => (part == null ? null : toBase64url(part));
  return { vek: text(parts.vek), ask: text(parts.ask), crl: text(parts.crl) };
}

/**
 * Contents by GUID. The table is the hypervisor's, so attacker-controlled: entries up to one of zeros, then the contents.
 * An empty table is one without entries.
 */
export function parseCertificateTable(bytes: Uint8Array): ReadonlyMap<Hex, Uint8Array> {
  const contents = new Map<Hex, Uint8Array>();
  if (bytes.length === 0) return contents;
  const reader = new ByteReader(bytes, 'certificate table');
  const entries: { readonly guid: Hex; readonly offset: number; readonly length: number }[] = [];
  for (;;) {
    const isThere = reader.remaining >= ENTRY_BYTES;
    must(isThere, 'malformed', `certificate table: no entry of zeros before byte ${reader.offset}`);
    const { guid, offset, length } = readLayout(reader, ENTRY);
    if (toHex(guid) === END) break;
    entries.push({ guid: toHex(guid), offset, length });
  }
  for (const { guid, offset, length } of entries) {
    const isInside = offset >= reader.offset && offset + length <= bytes.length;
    must(isInside, 'malformed', `certificate table: ${counted(length, 'byte')} at ${offset} lie outside it`);
    must(!contents.has(guid), 'malformed', `certificate table: ${guid} is there twice`);
    contents.set(guid, bytes.subarray(offset, offset + length));
  }
  return contents;
}
