import { fromBase64url, type Hex } from '../../bytes.ts';
import { must, TwinlockError } from '../../errors.ts';
import { unlessRefused } from '../../refusal.ts';
import type { Verify } from '../../signature/claim.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate.ts';
import { keyUsage } from '../../x509/extensions.ts';
import { commonName } from '../../x509/name.ts';
import { verifyPath } from '../../x509/path.ts';
import { CHIP_NAME, CHIP_SPELLING, chipNamed } from './chip.ts';
import type { SpdmEvidence } from './evidence.ts';
import { fwidOf } from './fwid.ts';
import { parseSpdm, type SpdmReport } from './spdm.ts';

/**
 * Leaf (the key that signs reports, made by the device from its firmware), the device's identity, the
 * provisioner, the product, the root.
 */
const PATH_CERTIFICATES = 5;

export const ARCHITECTURES = ['hopper', 'blackwell', 'nvswitch'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

/** By the chip's name. */
const CHIPS: readonly (readonly [RegExp, Architecture])[] = [
  [/^GH1[0-9]{2}$/, 'hopper'],
  [/^GB[12][0-9]{2}$/, 'blackwell'],
  [/^LS10$/, 'nvswitch'],
];

/** What one device showed: parsed, not trusted before its chain and its signature are verified. */
export interface ParsedDevice {
  readonly report: SpdmReport;
  /** Leaf first. */
  readonly chain: readonly [leaf: Certificate, identity: Certificate, ...Certificate[]];
  /** `GH100`; `unknown` where the leaf says nothing of the kind. */
  readonly chip: string;
  readonly architecture: Architecture | 'unknown';
  /** The FWID of the leaf; null where it has none. */
  readonly fwid: Hex | null;
}

/** Parses attacker-controlled evidence of the device at this place in the list. Throws `malformed`. */
export function parseDevice({ spdm, chain }: SpdmEvidence['devices'][number], place: number): ParsedDevice {
  const parse = (): ParsedDevice => {
    const report = parseSpdm(fromBase64url(spdm));
    const [leaf, identity, ...issuers] = chain.map((der) => parseCertificate(fromBase64url(der)));
    must(leaf !== undefined && identity !== undefined, 'malformed', 'expected a chain of certificates');
    const chip = chipOf(leaf);
    const [, architecture] = CHIPS.find(([pattern]) => pattern.test(chip)) ?? [null, 'unknown' as const];
    return { report, chain: [leaf, identity, ...issuers], chip, architecture, fwid: fwidOf(leaf) };
  };
  // No device has another algorithm or key: what names one is malformed evidence.
  return unlessRefused(TwinlockError, parse, (cause) => {
    throw new TwinlockError('malformed', `devices[${place}]: ${cause.message}`, { device: place }, { cause });
  });
}

/** The first word of the leaf's common name, `GH100 A01 GSP FMC LF`. */
function chipOf(leaf: Certificate): string {
  const [spelling = '', ...more] = (commonName(leaf) ?? '').split(' ');
  const chip = more.length > 0 && CHIP_SPELLING.test(spelling) ? chipNamed(spelling) : '';
  return CHIP_NAME.test(chip) ? chip : 'unknown';
}

export interface ChainToVerify {
  readonly chain: readonly Certificate[];
  /** Pinned, in DER. */
  readonly roots: readonly Uint8Array[];
  readonly instantMs: number;
  readonly verify: Verify;
}

/**
 * Verifies that a leaf is of a device that the vendor made. Throws as `verifyPath`; `certificate_untrusted` for
 * a path of another length, on which something else than a device's own code would have certified the leaf;
 * `certificate_usage` for a leaf that may not sign.
 */
export async function verifyDeviceChain({ chain, roots, instantMs, verify }: ChainToVerify): Promise<void> {
  const path = await verifyPath({ chain, anchors: roots.map(parseCertificate), instantMs, verify });
  const length = `expected a path of ${PATH_CERTIFICATES} certificates, got ${path.length}`;
  must(path.length === PATH_CERTIFICATES, 'certificate_untrusted', length);
  const [leaf] = path;
  const maySign = leaf !== undefined && keyUsage(leaf)?.has('digitalSignature') === true;
  must(maySign, 'certificate_usage', 'the leaf may not sign reports');
}
