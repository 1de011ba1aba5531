import type { Pcr } from '../../../src/core/attest/kit/pcr.ts';
import type { PcrImage } from '../../../src/core/attest/kit/pcr-image.ts';
import { must } from '../../../src/core/errors.ts';
import { addImage } from './host.ts';
import { beware, type Remark } from './remark.ts';

/**
 * The images with this host's, unless one of them matches it: of the PCRs that the document compares, or else all.
 * Throws `usage` where the host lacks one of these PCRs, `exists` for two images of one name.
 */
export function withPcrImage(before: readonly PcrImage[], pcrs: readonly Pcr[], name: string): PcrImage[] {
  const shown = new Map(pcrs.map(({ index, value }) => [index, value]));
  if (before.some((image) => image.pcrs.every(({ index, value }) => shown.get(index) === value))) return [...before];
  const compared = new Set(
    (before.length === 0 ? [{ pcrs }] : before).flatMap((one) => one.pcrs.map((pcr) => pcr.index)),
  );
  const missing = [...compared].filter((index) => !shown.has(index));
  must(missing.length === 0, 'usage', `the document compares PCR ${missing.join(' ')}, which this host did not quote`);
  return addImage(before, { name, pcrs: pcrs.filter(({ index }) => compared.has(index)) });
}

/** The values of PCRs after a reset, if nothing has extended them since. */
const RESET = /^(?:0{64}|f{64}|0{96}|f{96})$/;

function isUnmeasured({ pcrs }: PcrImage): boolean {
  return pcrs.every(({ value }) => RESET.test(value));
}

/** Images of PCRs that no boot extended; `hosts` begins the sentence. */
export function unmeasuredRemarks(hosts: string, images: readonly PcrImage[]): Remark[] {
  return images.filter(isUnmeasured).map(({ name }) => beware(unmeasuredText(hosts, name)));
}

function unmeasuredText(hosts: string, name: string): string {
  return (
    `${hosts}: image "${name}" compares nothing that was measured, its PCRs are all zeros or all ones: every host that ` +
    'measures nothing matches it; quote PCRs that the boot extends (--tpm-pcrs)'
  );
}

/** PCRs that an image does not list may have any value. */
export function pcrsText({ name, pcrs }: PcrImage): string {
  return `"${name}" by PCR ${pcrs.map(({ index }) => index).join(' ')}`;
}
