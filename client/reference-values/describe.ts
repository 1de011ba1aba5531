import { requireHardwareValues } from '../../src/core/attest/production.ts';
import type { ReferenceValues } from '../../src/core/attest/reference-values.ts';
import type { SnpReferenceValues } from '../../src/core/attest/snp/reference-values.ts';
import type { TdxReferenceValues } from '../../src/core/attest/tdx/reference-values.ts';
import type { TrustAuthorityReferenceValues } from '../../src/core/attest/token/reference-values.ts';
import { AK_PURPOSE } from '../../src/core/attest/tpm/certify.ts';
import { NO_PURPOSE, type TpmReferenceValues } from '../../src/core/attest/tpm/reference-values.ts';
import { TwinlockError } from '../../src/core/errors.ts';
import { knownWeaknesses } from './beware.ts';
import { describeGpu } from './describe-gpu.ts';
import {
  accepts,
  anyOr,
  beware,
  counted,
  emptyOf,
  graceRemarks,
  type Remark,
  refuses,
  tokenGraceRemark,
  trustText,
} from './remark.ts';

/** What a document accepts and refuses, in plain sentences, for who has to approve it. */
export function describeReferenceValues(values: ReferenceValues): readonly Remark[] {
  const platforms = [
    platform('simulated hosts', values.simulated, () => [
      beware('simulated hosts are accepted, whose evidence anybody can make up'),
    ]),
    platform('SEV-SNP', values.snp, (snp) => describeSnp('SEV-SNP', snp)),
    platform('TDX', values.tdx, (tdx) => describeTdx('TDX', tdx)),
    platform('TPMs', values.tpm, describeTpm),
    platform('tokens of Intel Trust Authority', values['intel-trust-authority'], describeTrustAuthority),
  ];
  const refusesAll = platforms.every((remarks) => remarks.every(({ kind }) => kind === 'refuses'));
  return [
    ...(refusesAll ? [refuses('every host: no platform has values under which one could pass')] : []),
    ...platforms.flat(),
    ...describeGpu(values.gpu),
    ...knownWeaknesses(values),
    ...values.revoked.map(({ claim, value }) => refuses(`${claim} ${value}, even where something else allows it`)),
    ...productionRemarks(values),
  ];
}

function platform<T>(name: string, values: T | undefined, describe: (values: T) => Remark[]): Remark[] {
  return values === undefined ? [refuses(`${name}: there are no values for it`)] : describe(values);
}

function productionRemarks(values: ReferenceValues): Remark[] {
  try {
    requireHardwareValues(values);
    return [];
  } catch (error) {
    if (!(error instanceof TwinlockError)) throw error;
    return [beware(`production vaults refuse this document: ${error.message}`)];
  }
}

function describeSnp(name: string, values: SnpReferenceValues): Remark[] {
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
      `${name}: ${floors.join('; ')}; keys ${signers.join(', ')}; ${counted('image', names(images))}; ` +
        `policies ${policies.join(', ')}; VMPL ${vmpls.join(', ')}; ${anyOr('chip', chips)}`,
    ),
    ...loose.map((image) => beware(`${name}: image "${image.name}" is compared by its measurement alone`)),
    ...(values.crl === 'unchecked' ? [beware(`${name}: no list of revoked certificates is asked for`)] : []),
    ...graceRemarks(name, values.graceMs),
  ];
}

function describeTdx(name: string, values: TdxReferenceValues): Remark[] {
  const { roots, images, attributes, xfams, tcbStatuses, serviceTds = [], minTcbDate, chips } = values;
  const empty = emptyOf({ roots, images, attributes, xfams, tcbStatuses, ...(chips === null ? {} : { chips }) });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(
      `${name}: ${counted('image', names(images))}; TCB ${tcbStatuses.join(', ')}; collateral from ` +
        `evaluation ${values.minTcbEvaluationDataNumber}; ` +
        `${dateText(minTcbDate)}; attributes ${attributes.join(', ')}; ` +
        `XFAM ${xfams.join(', ')}; ${anyOr('chip', chips)}`,
    ),
    ...staleTcb(name, tcbStatuses),
    ...attributes
      .filter((bits) => MIGRATABLE.test(bits))
      .map((bits) => refuses(`${name}: attributes ${bits}, for a TD that is MIGRATABLE never passes`)),
    ...(serviceTds.length === 0
      ? []
      : [
          beware(
            `${name}: TDs pass that a service TD is bound to, ${serviceTds.join(', ')}: twinlock does not appraise what it may do to them`,
          ),
        ]),
    ...(values.septVeDisable
      ? []
      : [beware(`${name}: hosts may take a guest's pages away unnoticed (SEPT_VE_DISABLE)`)]),
    ...graceRemarks(name, values.graceMs),
  ];
}

function dateText(minTcbDate: string | undefined): string {
  return minTcbDate === undefined ? 'a TCB of any date' : `a TCB of ${minTcbDate} or later`;
}

/** Bit 29 of the TD attributes. */
const MIGRATABLE = /^[0-9a-f]{6}[2367abef]/;

function staleTcb(name: string, statuses: readonly string[]): Remark[] {
  const stale = statuses.filter((status) => status !== 'UpToDate');
  return stale.length === 0 ? [] : [beware(`${name}: platforms are accepted that Intel calls ${stale.join(', ')}`)];
}

function describeTpm(values: TpmReferenceValues): Remark[] {
  const { alone, anchors, akPurposes, activated, images, paravisor } = values;
  const isTied = anchors.length > 0 || activated.length > 0;
  const paravisors = [
    ...(paravisor?.snp == null ? [] : describeSnp('TPM of a paravisor on SEV-SNP', paravisor.snp)),
    ...(paravisor?.tdx == null ? [] : describeTdx('TPM of a paravisor on TDX', paravisor.tdx)),
  ];
  if (images.length === 0) return [refuses('TPMs: every host, for there is no image whose PCRs are compared')];
  const keys = `AKs under ${trustText(anchors, activated, 'activated AK')}`;
  const isAlone = alone && isTied;
  return [
    ...(isAlone ? [accepts(`TPMs: ${keys}; ${counted('image', images.map(pcrsText))}`)] : []),
    ...(anchors.length > 0 ? akPurposeRemarks(akPurposes) : []),
    ...(isAlone ? [beware('TPMs: one alone is enough, which says nothing about encrypted memory')] : []),
    ...images.filter(isUnmeasured).map(({ name }) => beware(unmeasuredText(name))),
    ...(isAlone ? [] : [refuses(`TPMs: one alone${isTied ? '' : ', for no authority and no AK is listed'}`)]),
    ...(paravisors.length === 0 ? [refuses('TPMs: those of a paravisor')] : paravisors),
  ];
}

function akPurposeRemarks(akPurposes: readonly string[]): Remark[] {
  const others = akPurposes.filter((purpose) => purpose !== AK_PURPOSE && purpose !== NO_PURPOSE);
  const empty = 'TPMs: every AK certificate, for no purpose of one is listed';
  return [
    ...(akPurposes.length === 0 ? [refuses(empty)] : []),
    ...(akPurposes.includes(NO_PURPOSE)
      ? [beware('TPMs: any certificate without a purpose counts that the authorities issued, not only those of AKs')]
      : []),
    ...others.map((purpose) =>
      beware(`TPMs: certificates of the purpose ${purpose} count as those of AKs where the key is for signing alone`),
    ),
  ];
}

function describeTrustAuthority(values: TrustAuthorityReferenceValues): Remark[] {
  const name = 'tokens of Intel Trust Authority';
  const { anchors, keys, images, attributes, xfams, tcbStatuses, minTcbDate, platforms, policies } = values;
  const trust = [...anchors, ...keys];
  const listed = { ...(platforms === null ? {} : { platforms }), ...(policies === null ? {} : { policies }) };
  const empty = emptyOf({ 'anchors and keys': trust, images, attributes, xfams, tcbStatuses, ...listed });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(
      `${name}: of "${values.issuer}", under ${trustText(anchors, keys)}; ` +
        `${counted('image', names(images))}; TCB ${tcbStatuses.join(', ')}; ${dateText(minTcbDate)}; ` +
        `${anyOr('platform', platforms)}`,
    ),
    ...staleTcb(name, tcbStatuses),
    ...(policies === null ? [beware(`${name}: the service's own policies are not looked at`)] : []),
    tokenGraceRemark(name, values.graceMs),
  ];
}

/** What PCRs are after a reset, that nothing has extended since. */
const RESET = /^(?:0{64}|f{64}|0{96}|f{96})$/;

function isUnmeasured({ pcrs }: TpmReferenceValues['images'][number]): boolean {
  return pcrs.every(({ value }) => RESET.test(value));
}

function unmeasuredText(name: string): string {
  return (
    `TPMs: image "${name}" compares nothing that was measured, its PCRs are all zeros or all ones: every host that ` +
    'measures nothing matches it; quote PCRs that the boot extends (--tpm-pcrs)'
  );
}

/** PCRs that an image does not list may have any value. */
function pcrsText({ name, pcrs }: TpmReferenceValues['images'][number]): string {
  return `"${name}" by PCR ${pcrs.map(({ index }) => index).join(' ')}`;
}

function names(images: readonly { readonly name: string }[]): string[] {
  return images.map((image) => `"${image.name}"`);
}
