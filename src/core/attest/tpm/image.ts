import type { TpmImage } from './reference-values.ts';
import type { TpmReport } from './report.ts';
import type { TpmFindings } from './rules.ts';

type QuotedPcrs = ReadonlyMap<number, string>;

/** One image as a whole: the kernel of one and the command line of another are no image. */
export function checkImage(findings: TpmFindings, pcrs: TpmReport['pcrs'], images: readonly TpmImage[]): void {
  const quoted: QuotedPcrs = new Map(pcrs.map(({ index, value }) => [index, value]));
  const compared = images.map((image) => ({
    name: image.name,
    differing: image.pcrs.filter(({ index, value }) => quoted.get(index) !== value).map(({ index }) => index),
  }));
  // Sorting is stable: of images that are as near, the first in the list.
  const [nearest] = compared.toSorted((a, b) => a.differing.length - b.differing.length);
  const expected = images.length === 0 ? 'none is allowed' : images.map(({ name }) => name).join(', ');
  const pass = nearest?.differing.length === 0;
  findings.rule('tpm.image', expected, pass ? nearest.name : differenceText(nearest, quoted), pass);
}

/** What the nearest image has otherwise; the values that were quoted are claims. */
function differenceText(
  nearest: { readonly name: string; readonly differing: readonly number[] } | undefined,
  quoted: QuotedPcrs,
): string {
  if (nearest === undefined) return 'none';
  const { name, differing } = nearest;
  const missing = differing.filter((index) => !quoted.has(index));
  const notQuoted = missing.length === 0 ? '' : `; not quoted: PCR ${missing.join(' ')}`;
  return `none; nearest ${name} differs in PCR ${differing.join(' ')}${notQuoted}`;
}
