import * as z from 'zod/mini';
import { thingName } from '../../name/name.ts';
import { distinctNames } from './distinct-names.ts';
import type { Comparison } from './findings.ts';
import { type Pcr, pcrsOfOneBank } from './pcr.ts';

/** One image, matched as a whole: a TPM that is asked for no PCR proves nothing, so it has one at least. */
const pcrImage = z.strictObject({
  name: thingName,
  /** What each must be, in the SHA-256 bank or the SHA-384 bank; the others are claims, and not compared. */
  pcrs: pcrsOfOneBank.check(
    z.refine(
      (all) => all.every(({ index }, i) => index > (all[i - 1]?.index ?? -1)),
      'expected each PCR once, in ascending order',
    ),
  ),
});
export type PcrImage = z.infer<typeof pcrImage>;

/** The images that a TPM may have booted. An empty list refuses every host. */
export const pcrImages = z.array(pcrImage).check(z.maxLength(64), distinctNames);

type QuotedPcrs = ReadonlyMap<number, string>;

interface Compared {
  readonly image: PcrImage;
  /** PCRs of the image that have another value, or were not quoted. */
  readonly differing: readonly number[];
}

/** Compares with each image as a whole: the kernel of one and the command line of another are no image. */
export function comparedWithImages(pcrs: readonly Pcr[], images: readonly PcrImage[]): Comparison {
  const quoted: QuotedPcrs = new Map(pcrs.map(({ index, value }) => [index, value]));
  const compared: readonly Compared[] = images.map((image) => ({
    image,
    differing: image.pcrs.filter(({ index, value }) => quoted.get(index) !== value).map(({ index }) => index),
  }));
  // Sorting is stable: of images that are as near, the first in the list.
  const [nearest] = compared.toSorted((a, b) => a.differing.length - b.differing.length);
  const expected = images.length === 0 ? 'none is allowed' : images.map(({ name }) => name).join(', ');
  const pass = nearest?.differing.length === 0;
  const got = pass ? matchText(nearest, quoted) : differenceText(nearest, quoted);
  return { expected, got, pass };
}

/** The image, and what it leaves open: PCRs that it does not list may have any value. */
function matchText({ image: { name, pcrs } }: Compared, quoted: QuotedPcrs): string {
  const listed = new Set(pcrs.map(({ index }) => index));
  const open = [...quoted.keys()].filter((index) => !listed.has(index));
  return `${name}${open.length === 0 ? '' : `; not compared: PCR ${open.join(' ')}`}`;
}

/** What the nearest image has otherwise; the values that were quoted are claims. */
function differenceText(nearest: Compared | undefined, quoted: QuotedPcrs): string {
  if (nearest === undefined) return 'none';
  const { image, differing } = nearest;
  const missing = differing.filter((index) => !quoted.has(index));
  const notQuoted = missing.length === 0 ? '' : `; not quoted: PCR ${missing.join(' ')}`;
  return `none; nearest ${image.name} differs in PCR ${differing.join(' ')}${notQuoted}`;
}
