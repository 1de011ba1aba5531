import type { PartsToAppraise } from '../../../src/core/attest/compose.ts';
import type { Endorsements } from '../../../src/core/attest/endorsements.ts';
import { must } from '../../../src/core/errors.ts';

/** A host that the proposer vouches for: its evidence, and what an appraisal claims of it. */
export interface Host {
  readonly parts: PartsToAppraise;
  readonly endorsements: Endorsements;
  readonly claims: Readonly<Record<string, string>>;
}

/** The choices of a document's proposer that the evidence does not contain. */
export interface Choices {
  /** The name of the image; null: it is named after its measurement. */
  readonly imageName: string | null;
  /** Whether this machine alone is to be allowed, or every one that the vendor made. */
  readonly pinChip: boolean;
  /**
   * `measured`: of a driver or VBIOS that is new to the document, every value that was measured; what it lists
   * already stays as it is. `widen`: there, what was measured becomes an alternative. `none`: new ones are
   * compared by version alone.
   */
  readonly golden: 'measured' | 'widen' | 'none';
  /** The certificate, in DER, of who certified the TPM's key; null: the last one of the chain that it shows. */
  readonly akAuthority: Uint8Array | null;
  /** Whether custodians have activated the TPM's key against its EK certificate. */
  readonly isAkActivated: boolean;
  /** Whether the service TDs that are bound to the TD are to be listed: the proposer who says so vouches for them. */
  readonly listsServiceTds: boolean;
}

/** Union, existing items first. */
export function union<T extends string | number>(before: readonly T[] | undefined, more: readonly T[]): T[] {
  return [...new Set([...(before ?? []), ...more])];
}

/**
 * A list of the machines that are allowed, or null for all: as the document has it, with this one. `undefined`
 * where there is no document yet. Throws `usage` for a machine that hides its name, and for a list that would shut
 * out machines that the document allows.
 */
export function withChips(
  before: readonly string[] | null | undefined,
  chips: readonly string[],
  { pinChip }: Choices,
): string[] | null {
  if (before === undefined && !pinChip) return null;
  if (before === null) {
    must(!pinChip, 'usage', '--pin-chip: the document allows every machine, and a list would shut out some of them');
    return null;
  }
  for (const chip of chips) {
    must(/[^0]/.test(chip) && chip !== 'absent', 'usage', 'this machine hides its chip id: no list can name it');
  }
  return union(before, chips);
}

interface Image {
  readonly name: string;
}

/** The images with this one, unless one of them compares nothing that it has otherwise. Throws as `addImage`. */
export function withImage<T extends Image>(before: readonly T[] | undefined, image: T): T[] {
  const images = [...(before ?? [])];
  return images.some((one) => isNoStricter(one, image)) ? images : addImage(images, image);
}

/** The images with this one. Throws `exists` for two of one name: people tell them apart by it. */
export function addImage<T extends Image>(before: readonly T[], image: T): T[] {
  const isNew = before.every(({ name }) => name !== image.name);
  must(isNew, 'exists', `the document has another image of the name "${image.name}": give this one another by --name`);
  return [...before, image];
}

/** Null is not compared. */
function isNoStricter<T extends Image>(one: T, image: T): boolean {
  const measured = new Map<string, unknown>(Object.entries(image));
  return Object.entries(one).every(
    ([field, value]) => field === 'name' || value === null || value === measured.get(field),
  );
}

export function imageName({ imageName: name }: Choices, measurement: string): string {
  return name ?? `image ${measurement.slice(0, 16)}`;
}
