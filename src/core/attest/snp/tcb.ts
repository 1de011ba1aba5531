import { must } from '../../errors.ts';

/**
 * A family of processors that shares an ARK, as the vendor names it; Bergamo and Siena are Genoa. The vendor has
 * published no ARK of Venice yet: its reports are read, and refused by the rule snp.chain.
 */
export const SNP_PRODUCTS = ['Milan', 'Genoa', 'Turin', 'Venice'] as const;
export type SnpProduct = (typeof SNP_PRODUCTS)[number];

/** Turin and its successors: a TCB version with an FMC, and a HWID of 8 bytes where others have 64. */
export function hasFmc(product: SnpProduct): boolean {
  return product === 'Turin' || product === 'Venice';
}

/** The security version numbers of the platform's firmware, 0 to 255 each. */
export interface Tcb {
  /** Null for Milan and Genoa, which have none. */
  readonly fmc: number | null;
  readonly bootLoader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
}

/** How claims and rules name the components, in the order of Turin's structure. */
const COMPONENTS = [
  ['fmc', 'fmc'],
  ['bl', 'bootLoader'],
  ['tee', 'tee'],
  ['snp', 'snp'],
  ['ucode', 'microcode'],
] as const;

/**
 * Decodes a TCB_VERSION of 8 bytes (AMD 56860 section 2.2), whose layout is the product's:
 *
 * ```
 * byte           0    1    2    3    4    5    6    7
 * Milan, Genoa   bl   tee  0    0    0    0    snp  ucode
 * Turin, Venice  fmc  bl   tee  snp  0    0    0    ucode
 * ```
 *
 * Throws `malformed` for a reserved byte that is not zero.
 */
export function decodeTcb(bytes: Uint8Array, product: SnpProduct): Tcb {
  must(bytes.length === 8, 'malformed', `expected a TCB version of 8 bytes, got ${bytes.length}`);
  const at = (index: number) => bytes[index] ?? 0;
  const reserved = hasFmc(product) ? [4, 5, 6] : [2, 3, 4, 5];
  must(!reserved.some(at), 'malformed', `expected zeros in the reserved bytes of a TCB version of ${product}`);
  return hasFmc(product)
    ? { fmc: at(0), bootLoader: at(1), tee: at(2), snp: at(3), microcode: at(7) }
    : { fmc: null, bootLoader: at(0), tee: at(1), snp: at(6), microcode: at(7) };
}

/** The components that there are, each with the name that claims and rules give it. */
export function componentsOf(tcb: Tcb): readonly (readonly [name: string, svn: number])[] {
  return COMPONENTS.flatMap(([name, field]) => {
    const svn = tcb[field];
    return svn === null ? [] : [[name, svn] as const];
  });
}

/** `bl=4 tee=0 snp=24 ucode=217`. */
export function tcbText(tcb: Tcb): string {
  return componentsOf(tcb)
    .map(([name, svn]) => `${name}=${svn}`)
    .join(' ');
}

/** The components of `tcb` that are below the floor's, as `<name> <svn>`. The two must be of one product. */
export function componentsBelow(tcb: Tcb, floor: Tcb): readonly string[] {
  const least = new Map(componentsOf(floor));
  return componentsOf(tcb)
    .filter(([name, svn]) => svn < (least.get(name) ?? Number.POSITIVE_INFINITY))
    .map(([name, svn]) => `${name} ${svn}`);
}

/** Family and model as CPUID combines them: base and extended. */
export interface Cpuid {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

/** Inclusive ranges of models (AMD 57230 section 3.1; AMD 56860, "CPUID_FAM_ID"). */
const MODELS: readonly (readonly [family: number, first: number, last: number, SnpProduct])[] = [
  [0x19, 0x00, 0x0f, 'Milan'],
  [0x19, 0x10, 0x1f, 'Genoa'],
  [0x19, 0xa0, 0xaf, 'Genoa'],
  [0x1a, 0x00, 0x11, 'Turin'],
  [0x1a, 0x50, 0x57, 'Venice'],
  [0x1a, 0x90, 0xaf, 'Venice'],
  [0x1a, 0xc0, 0xc7, 'Venice'],
];

/** Null for a processor that is none of the products. */
export function productOf({ family, model }: Cpuid): SnpProduct | null {
  const row = MODELS.find(([ofFamily, first, last]) => family === ofFamily && model >= first && model <= last);
  return row?.[3] ?? null;
}
