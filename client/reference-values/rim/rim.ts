import type { Element } from '@xmldom/xmldom';
import { DRIVER_VERSION, VBIOS_VERSION } from '../../../src/core/attest/kit/gpu.ts';
import { CHIP_SPELLING, chipNamed } from '../../../src/core/attest/nvidia/chip.ts';
import type { GoldenValue } from '../../../src/core/attest/nvidia/reference-values.ts';
import { fromUtf8, type Hex } from '../../../src/core/bytes.ts';
import { type Code, must, TwinlockError } from '../../../src/core/errors.ts';
import { parseCertificate } from '../../../src/core/x509/certificate.ts';
import { keyUsage } from '../../../src/core/x509/extensions.ts';
import { verifyPath } from '../../../src/core/x509/path.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { findSignature, openSignedRim } from './signature.ts';
import { childElements, isNamed, onlyChild, parseXml } from './xml.ts';

/** NVIDIA's have about 20 KiB. */
const RIM_BYTES_MAX = 1 << 20;
/** ISO/IEC 19770-2: software identification tags. */
const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd';
/** The XML namespace of the attributes that hold digests. */
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384';
const MEASUREMENTS_MAX = 64;

/**
 * A reference integrity manifest: what the vendor says that a driver or a VBIOS measures as. The first four
 * fields are those of a record of reference values; which project and SKUs a VBIOS is for is in the name of the
 * vendor's file alone, and no signature covers that name.
 */
export interface Rim {
  readonly kind: 'driver' | 'vbios';
  /** `GH100`. */
  readonly chip: string;
  readonly version: string;
  /** The active measurements, in ascending order of their indices. */
  readonly golden: readonly GoldenValue[];
  /** The certificate that signed it. */
  readonly signer: { readonly serial: Hex; readonly notBeforeMs: number; readonly notAfterMs: number };
}

export interface RimTrust {
  /** The pinned roots, in DER: `RIM_ROOTS`, except in tests. */
  readonly roots: readonly Uint8Array[];
  /** When the signer's certificates must be valid: they last two years, and vendors do not sign old RIMs again. */
  readonly instantMs: number;
}

/**
 * Reads an attacker-controlled RIM: an XML document of at most 1 MiB with an enveloped signature under a
 * pinned root. Everything returned was parsed from the text that is signed.
 *
 * Throws `too_large`; `malformed`; `certificate_untrusted`, `certificate_not_yet_valid`, `certificate_expired`
 * or `certificate_usage` (the chain); `signature_invalid`, `digest_mismatch`, `unsupported_algorithm`.
 */
export async function readRim(xml: Uint8Array, { roots, instantMs }: RimTrust): Promise<Rim> {
  must(xml.length <= RIM_BYTES_MAX, 'too_large', `expected at most ${RIM_BYTES_MAX} bytes, got ${xml.length}`);
  const document = parseXml(fromUtf8(xml));
  const signature = findSignature(document);
  const anchors = roots.map(parseCertificate);
  const path = verifyPath({ chain: signature.chain, anchors, instantMs, verify: verifyNode });
  const [signer] = await path.catch((error: unknown) => {
    throw datedError(error);
  });
  must(signer !== undefined, 'certificate_untrusted', 'the RIM has no signer');
  const maySign = keyUsage(signer)?.has('digitalSignature') === true;
  must(maySign, 'certificate_usage', 'the signer of the RIM may not sign');
  const signed = parseXml(openSignedRim(document, signature, signer.key));
  const { serial, notBeforeMs, notAfterMs } = signer;
  return { ...readManifest(signed), signer: { serial, notBeforeMs, notAfterMs } };
}

/**
 * Signers are certified for two years, and a manifest that is older is no worse: the person says of which day it is
 * read.
 */
function datedError(error: unknown): unknown {
  if (!(error instanceof TwinlockError && DATED.has(error.code))) return error;
  const message = `${error.message}: give --at with a time at which it was valid`;
  return new TwinlockError(error.code, message, error.detail, { cause: error });
}

const DATED: ReadonlySet<Code> = new Set(['certificate_expired', 'certificate_not_yet_valid']);

function readManifest(root: Element): Omit<Rim, 'signer'> {
  must(isNamed(root, SWID, 'SoftwareIdentity'), 'malformed', 'expected a software identification tag');
  const meta = onlyChild(root, SWID, 'Meta');
  const chip = chipNamed(attribute(meta, 'product', CHIP_SPELLING));
  const version = attribute(meta, 'colloquialVersion', /^[0-9A-F.]{1,32}$/);
  attribute(meta, 'PayloadType', /^direct$/);
  const resources = childElements(onlyChild(root, SWID, 'Payload'));
  must(resources.length <= MEASUREMENTS_MAX, 'too_large', `expected at most ${MEASUREMENTS_MAX} measurements`);
  const golden: GoldenValue[] = [];
  let last = -1;
  for (const resource of resources) {
    must(isNamed(resource, SWID, 'Resource'), 'malformed', `expected a Resource, got ${resource.localName}`);
    attribute(resource, 'type', /^Measurement$/);
    const index = Number(attribute(resource, 'index', /^[0-9]{1,3}$/));
    must(index > last, 'malformed', `expected a measurement above ${last}, got ${index}`);
    last = index;
    const isActive = attribute(resource, 'active', /^(?:True|False)$/) === 'True';
    if (isActive) golden.push({ index, values: alternativesOf(resource, index) });
  }
  must(golden.length > 0, 'malformed', 'expected an active measurement');
  return { kind: kindOf(version), chip, version, golden };
}

/** A version of a VBIOS has five parts, one of a driver two to four. */
function kindOf(version: string): Rim['kind'] {
  if (VBIOS_VERSION.test(version)) return 'vbios';
  if (DRIVER_VERSION.test(version)) return 'driver';
  throw new TwinlockError('malformed', `expected the version of a driver or of a VBIOS, got ${version}`);
}

/** Hash0, Hash1 and so on, as many as the resource says, and no more. */
function alternativesOf(resource: Element, index: number): string[] {
  attribute(resource, 'size', /^48$/);
  const count = Number(attribute(resource, 'alternatives', /^[1-9][0-9]?$/));
  const hashes = [...resource.attributes].filter(({ namespaceURI }) => namespaceURI === SHA384);
  must(hashes.length === count, 'malformed', `measurement ${index}: expected ${count} digests, got ${hashes.length}`);
  return Array.from({ length: count }, (_, i) => {
    const value = resource.getAttributeNS(SHA384, `Hash${i}`) ?? '';
    must(/^[0-9a-f]{96}$/.test(value), 'malformed', `measurement ${index}: expected a SHA-384 as Hash${i}`);
    return value;
  });
}

function attribute(element: Element, name: string, form: RegExp): string {
  const value = element.getAttribute(name) ?? '';
  must(
    form.test(value),
    'malformed',
    `${element.localName}: expected ${name} as ${form.source}, got "${value.slice(0, 64)}"`,
  );
  return value;
}
