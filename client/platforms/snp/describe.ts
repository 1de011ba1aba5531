import type { SnpReferenceValues } from '../../../src/core/attest/snp/reference-values.ts';
import {
  accepts,
  anyOr,
  beware,
  countedList,
  emptyOf,
  graceRemarks,
  names,
  type Remark,
  refuses,
} from '../kit/remark.ts';

/** Says what these values accept and refuse. Each sentence begins with `name`. */
export function describeSnp(values: SnpReferenceValues, name: string): Remark[] {
  const { products, signers, images, policies, vmpls, chips } = values;
  const empty = emptyOf({ products, signers, images, policies, vmpls, ...(chips === null ? {} : { chips }) });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  const floors = products.map(({ product, floor: { bootLoader, tee, snp, microcode, fmc } }) => {
    const components = `bl ${bootLoader}, tee ${tee}, snp ${snp}, ucode ${microcode}`;
    return `${product} from ${fmc === null ? '' : `fmc ${fmc}, `}${components}`;
  });
  const loose = images.filter(({ hostData, idKeyDigest }) => hostData === null && idKeyDigest === null);
  return [
    accepts(
      `${name}: ${floors.join('; ')}; keys ${signers.join(', ')}; ${countedList('image', names(images))}; ` +
        `policies ${policies.join(', ')}; VMPL ${vmpls.join(', ')}; ${anyOr('chip', chips)}`,
    ),
    ...loose.map((image) => beware(`${name}: image "${image.name}" is compared by its measurement alone`)),
    ...(values.crl === 'unchecked' ? [beware(`${name}: no list of revoked certificates is asked for`)] : []),
    ...graceRemarks(name, values.graceMs),
  ];
}

const MILAN_SEED =
  "the key seed of a Milan's chip was read by software alone: who has it signs reports of any firmware, so no floor " +
  'helps; prefer Genoa or Turin, or list chips that you own';

/** Publicly known weaknesses that could pass under these values. */
export function snpWeaknesses(values: SnpReferenceValues, name: string): Remark[] {
  const allowsMilan = values.images.length > 0 && values.products.some(({ product }) => product === 'Milan');
  return allowsMilan ? [beware(`${name}: ${MILAN_SEED} (arXiv:2605.12990)`)] : [];
}
