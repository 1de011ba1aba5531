import { type Hex, toHex } from '../../bytes.ts';
import { must } from '../../errors.ts';
import { INTEGER } from '../../signature/der-form.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { type DerReader, enterWhole, OCTET_STRING, SEQUENCE } from '../../x509/der-reader.ts';

/** Hopper and its switches: CompositeDeviceID. Its last field is the FWID. */
const COMPOSITE_DEVICE_ID = '2.23.133.5.4.1';
/** Blackwell: DiceTcbInfo (TCG DICE Attestation Architecture 1.1, section 6.1.1). */
const TCB_INFO = '2.23.133.5.4.1.1';
const SHA_384 = '2.16.840.1.101.3.4.2.2';
const FWID_BYTES = 48;
/** Context-specific tags of DiceTcbInfo's fields, which are all optional and in this order. */
const VENDOR_TO_INDEX = [0x80, 0x81, 0x82, 0x83, 0x84, 0x85];
const FWIDS = 0xa6;

/**
 * The SHA-384 of the firmware that holds the leaf's key, as the immutable code that certified the key measured
 * it; null where the leaf has neither extension. Parsed from attacker-controlled bytes. Throws `malformed`.
 *
 *     CompositeDeviceID ::= SEQUENCE { version INTEGER (1), deviceID SubjectPublicKeyInfo, fwid FWID }
 *     FWID              ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }
 */
export function fwidOf(leaf: Certificate): Hex | null {
  const composite = leaf.extensions.get(COMPOSITE_DEVICE_ID);
  const tcbInfo = leaf.extensions.get(TCB_INFO);
  must(composite === undefined || tcbInfo === undefined, 'malformed', 'the leaf has an FWID in two forms');
  if (composite !== undefined) return fwidOfComposite(enterWhole(composite.value, SEQUENCE));
  if (tcbInfo !== undefined) return fwidOfTcbInfo(enterWhole(tcbInfo.value, SEQUENCE));
  return null;
}

function fwidOfComposite(fields: DerReader): Hex {
  const version = toHex(fields.read(INTEGER));
  must(version === '01', 'malformed', `expected a CompositeDeviceID of version 1, got ${version}`);
  fields.readWhole(SEQUENCE); // the device's key, which is the issuer's
  const fwid = readFwid(fields);
  fields.end();
  return fwid;
}

/** The first of the list is of the firmware itself; what follows it there, and after the list, is not compared. */
function fwidOfTcbInfo(fields: DerReader): Hex {
  for (const tag of VENDOR_TO_INDEX) if (fields.nextIs(tag)) fields.read(tag);
  return readFwid(fields.enter(FWIDS));
}

function readFwid(list: DerReader): Hex {
  const fwid = list.enter(SEQUENCE);
  const hash = fwid.readOid();
  const digest = fwid.read(OCTET_STRING);
  fwid.end();
  must(hash === SHA_384 && digest.length === FWID_BYTES, 'malformed', `expected an FWID by SHA-384, got ${hash}`);
  return toHex(digest);
}
