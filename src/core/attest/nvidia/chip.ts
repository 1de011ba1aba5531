/**
 * What NVIDIA spells in two ways, by the spelling that its manifests (RIMs) do not use. Records, claims and
 * revocations know the manifests' alone: what is compared has one name, from any source.
 */
const OTHER_SPELLINGS: ReadonlyMap<string, string> = new Map([['LS_10', 'LS10']]);

/** The name of a chip as it is compared: `GH100`, `GB100`, `LS10`. */
export const CHIP_NAME: RegExp = /^[A-Z0-9]{1,16}$/;

/** A chip as a source spells it: the first word of a leaf's common name, or a manifest's product. */
export const CHIP_SPELLING: RegExp = /^[A-Z0-9_]{1,16}$/;

/** The one name of a chip. A reader of any source MUST use it. */
export function chipNamed(spelling: string): string {
  return OTHER_SPELLINGS.get(spelling) ?? spelling;
}
