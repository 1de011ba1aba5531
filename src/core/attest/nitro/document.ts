import { toHex } from '../../bytes.ts';
import { type CborMap, type CborValue, readWholeCborMap } from '../../cbor.ts';
import { must } from '../../errors.ts';
import { PCRS_MAX, type Pcr } from '../kit/pcr.ts';

/** The length of a PCR in the SHA-384 bank, the only bank that the hypervisor signs. */
const PCR_BYTES = 48;
const CERTIFICATE_BYTES_MAX = 1024;
/** Above the certificate of the document: the instance, the zone, the region, the root, and one to spare. */
const CABUNDLE_MAX = 5;
/** The longest of each field that the host chose. */
const CHOSEN_BYTES_MAX = 1024;
/** As AWS writes them: `i-0123456789abcdef0-tpm0000000000000000`. */
export const MODULE_ID: RegExp = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
export const MODULE_ID_MAX = 56;

/** What the hypervisor says of an instance's NitroTPM. Parsed, not trusted before the signature and the chain hold. */
export interface AttestationDocument {
  /** The instance and its TPM: 1 to 56 lower-case letters, digits and hyphens. */
  readonly moduleId: string;
  readonly timestampMs: number;
  /** The SHA-384 bank, in ascending order. */
  readonly pcrs: readonly Pcr[];
  /** The certificate of the key that signed the document, in DER. */
  readonly certificate: Uint8Array;
  /** Its issuers in DER, the root first. */
  readonly cabundle: readonly Uint8Array[];
  /** What the host had signed besides, 0 to 1,024 bytes each; null where it gave nothing. */
  readonly publicKey: Uint8Array | null;
  readonly userData: Uint8Array | null;
  readonly nonce: Uint8Array | null;
}

const REQUIRED = ['module_id', 'digest', 'timestamp', 'nitrotpm_pcrs', 'certificate', 'cabundle'] as const;
const OPTIONAL = ['public_key', 'user_data', 'nonce'] as const;
const MEMBERS: ReadonlySet<string | number> = new Set([...REQUIRED, ...OPTIONAL]);

/**
 * Parses the attacker-controlled payload of an attestation document (AWS: "Validate a NitroTPM Attestation Document"):
 * a CBOR map of these members and no others, of a definite or an indefinite length. An optional member that the host did
 * not give is absent or null. Throws `malformed`.
 */
export function parseAttestationDocument(payload: Uint8Array): AttestationDocument {
  const members = readWholeCborMap(payload, 'attestation document', { indefiniteMaps: true });
  for (const name of members.keys()) {
    must(MEMBERS.has(name), 'malformed', `attestation document: ${shown(name)} is no member of one`);
  }
  for (const name of REQUIRED) must(members.has(name), 'malformed', `attestation document: ${name} is missing`);
  must(members.get('digest') === 'SHA384', 'malformed', 'digest: expected SHA384');
  return {
    moduleId: moduleIdOf(members.get('module_id')),
    timestampMs: timestampOf(members.get('timestamp')),
    pcrs: pcrsOf(members.get('nitrotpm_pcrs')),
    certificate: bytesOf(members.get('certificate'), 'certificate', 1, CERTIFICATE_BYTES_MAX),
    cabundle: cabundleOf(members.get('cabundle')),
    publicKey: chosenOf(members, 'public_key'),
    userData: chosenOf(members, 'user_data'),
    nonce: chosenOf(members, 'nonce'),
  };
}

type Given = CborValue | undefined;

/** A name of a member for a message, without what could deceive. */
function shown(name: string | number): string {
  return `"${String(name)
    .slice(0, 32)
    .replace(/[^ -~]|"/g, '?')}"`;
}

function moduleIdOf(value: Given): string {
  const isId = typeof value === 'string' && value.length <= MODULE_ID_MAX && MODULE_ID.test(value);
  must(isId, 'malformed', `module_id: expected 1 to ${MODULE_ID_MAX} lower-case letters, digits and hyphens`);
  return value;
}

function timestampOf(value: Given): number {
  must(typeof value === 'number' && value > 0, 'malformed', 'timestamp: expected milliseconds above 0');
  return value;
}

function pcrsOf(value: Given): Pcr[] {
  must(value instanceof Map, 'malformed', 'nitrotpm_pcrs: expected a map');
  must(value.size > 0, 'malformed', 'nitrotpm_pcrs: expected one PCR at least');
  const pcrs = [...(value as CborMap)].map(([index, digest]): Pcr => {
    const isIndex = typeof index === 'number' && index >= 0 && index < PCRS_MAX;
    must(isIndex, 'malformed', `nitrotpm_pcrs: expected PCRs of 0 to ${PCRS_MAX - 1}, got ${shown(index)}`);
    return { index, value: toHex(bytesOf(digest, `nitrotpm_pcrs, ${index}`, PCR_BYTES, PCR_BYTES)) };
  });
  return pcrs.toSorted((a, b) => a.index - b.index);
}

function cabundleOf(value: Given): Uint8Array[] {
  const isList = Array.isArray(value) && value.length >= 1 && value.length <= CABUNDLE_MAX;
  must(isList, 'malformed', `cabundle: expected 1 to ${CABUNDLE_MAX} certificates`);
  return value.map((one: CborValue, i) => bytesOf(one, `cabundle, ${i}`, 1, CERTIFICATE_BYTES_MAX));
}

function chosenOf(members: CborMap, name: (typeof OPTIONAL)[number]): Uint8Array | null {
  const value = members.get(name) ?? null;
  return value === null ? null : bytesOf(value, name, 0, CHOSEN_BYTES_MAX);
}

function bytesOf(value: Given, what: string, min: number, max: number): Uint8Array {
  const range = min === max ? `${min}` : `${min} to ${max}`;
  const isOfLength = value instanceof Uint8Array && value.length >= min && value.length <= max;
  must(isOfLength, 'malformed', `${what}: expected ${range} bytes`);
  return value;
}
