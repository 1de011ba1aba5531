import type { SnpReferenceValues } from '../../../src/core/attest/snp/reference-values.ts';
import { isRooted, SNP_VENDOR_ROOTS } from '../../../src/core/attest/snp/roots.ts';
import { hasFmc, type SnpProduct } from '../../../src/core/attest/snp/tcb.ts';
import { toBase64url } from '../../../src/core/bytes.ts';
import { type Choices, type Host, imageName, union, withChips, withImage } from '../kit/host.ts';

type Product = SnpReferenceValues['products'][number];
type Floor = Product['floor'];
type Claims = Host['claims'];

/** The TCB versions that a floor is compared with. */
const RELIED = ['reported', 'committed', 'launch'] as const;

/** Bits of PLATFORM_INFO (AMD 56860). What else it has says nothing about protection, or grows with the firmware. */
const PROTECTING = 0b11_1110n; // TSME, ECC, RAPL off, ciphertext hiding, alias check
const EXPOSING = 0b1n; // SMT

/** The document with a host of SEV-SNP; `before` null where it has none. Throws `usage` or `exists`. */
export function withSnp(
  before: SnpReferenceValues | null,
  _report: unknown,
  host: Host,
  choices: Choices,
): SnpReferenceValues {
  const { claims, endorsements } = host;
  const said = (name: string) => claims[`snp.${name}`] ?? '';
  const signer = said('signing-key');
  return {
    platform: 'snp',
    products: withProduct(before?.products ?? [], claims),
    signers: union(before?.signers, signer === 'vcek' || signer === 'vlek' ? [signer] : []),
    images: withImage(before?.images, {
      name: imageName(choices, said('measurement')),
      measurement: said('measurement'),
      hostData: said('host-data'),
      idKeyDigest: said('id-key-digest'),
      authorKeyDigest: said('author-key-digest'),
    }),
    policies: union(before?.policies, [said('policy')]),
    vmpls: union(before?.vmpls, [Number(said('vmpl'))]),
    minGuestSvn: Math.min(before?.minGuestSvn ?? Number.POSITIVE_INFINITY, Number(said('guest-svn'))),
    platformInfo: platformInfoOf(before, registerOf(said('platform-info'))),
    mitigations: mitigationsOf(before, claims),
    chips: withChips(before?.chips, [said('chip-id')], choices),
    crl: before?.crl ?? (endorsements.snp?.crl == null ? 'unchecked' : 'required'),
    graceMs: before?.graceMs ?? 0,
  };
}

/** No product, where the evidence shows none: the rules then say why. */
function withProduct(before: readonly Product[], claims: Claims): Product[] {
  const product = claims['snp.product'] as SnpProduct | undefined;
  if (product === undefined || !isRooted(product)) return [...before];
  const known = before.find((one) => one.product === product);
  const root = known?.root ?? toBase64url(SNP_VENDOR_ROOTS[product]);
  const least = (name: string, floor: number | null | undefined) =>
    Math.min(floor ?? Number.POSITIVE_INFINITY, ...RELIED.map((tcb) => Number(claims[`snp.${tcb}-tcb.${name}`])));
  const floor: Floor = {
    bootLoader: least('bl', known?.floor.bootLoader),
    tee: least('tee', known?.floor.tee),
    snp: least('snp', known?.floor.snp),
    microcode: least('ucode', known?.floor.microcode),
    fmc: hasFmc(product) ? least('fmc', known?.floor.fmc) : null,
  };
  return [...before.filter((one) => one !== known), { product, root, floor }];
}

function platformInfoOf(before: SnpReferenceValues | null, info: bigint): SnpReferenceValues['platformInfo'] {
  const set = before === null ? PROTECTING : registerOf(before.platformInfo.set);
  const clear = before === null ? EXPOSING : registerOf(before.platformInfo.clear);
  return { set: registerText(set & info), clear: registerText(clear & ~info) };
}

/** What both vectors have; a host that does not report them asks nothing of others. */
function mitigationsOf(before: SnpReferenceValues | null, claims: Claims): SnpReferenceValues['mitigations'] {
  const { 'snp.launch-mit-vector': launch, 'snp.current-mit-vector': current } = claims;
  if (launch === undefined || current === undefined || before?.mitigations === null) return null;
  const both = registerOf(launch) & registerOf(current);
  return registerText(before === null ? both : both & registerOf(before.mitigations));
}

function registerOf(text: string): bigint {
  return BigInt(`0x${text}`);
}

function registerText(register: bigint): string {
  return register.toString(16).padStart(16, '0');
}
