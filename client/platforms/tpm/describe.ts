import type { ReferenceValues } from '../../../src/core/attest/reference-values.ts';
import { AK_PURPOSE } from '../../../src/core/attest/tpm/certify.ts';
import { NO_PURPOSE, type TpmReferenceValues } from '../../../src/core/attest/tpm/reference-values.ts';
import { pcrsText, unmeasuredRemarks } from '../kit/pcr-images.ts';
import { accepts, beware, countedList, type Remark, refuses, trustText } from '../kit/remark.ts';
import { paravisorRemarks } from '../paravisor.ts';

/** Says what these values accept and refuse. Each sentence begins with `name`. */
export function describeTpm(values: TpmReferenceValues, name: string): Remark[] {
  const { alone, anchors, akPurposes, activated, images, paravisor } = values;
  const isTied = anchors.length > 0 || activated.length > 0;
  const paravisors = paravisorRemarks(paravisor, (row, given, where) => row.describe(given, where));
  if (images.length === 0) return [refuses(`${name}: every host, for there is no image whose PCRs are compared`)];
  const keys = `AKs under ${trustText(anchors, activated, 'activated AK')}`;
  const isAlone = alone && isTied;
  return [
    ...(isAlone ? [accepts(`${name}: ${keys}; ${countedList('image', images.map(pcrsText))}`)] : []),
    ...(anchors.length > 0 ? akPurposeRemarks(akPurposes, name) : []),
    ...(isAlone ? [beware(`${name}: one alone is enough, which says nothing about encrypted memory`)] : []),
    ...unmeasuredRemarks(name, images),
    ...(isAlone ? [] : [refuses(`${name}: one alone${isTied ? '' : ', for no authority and no AK is listed'}`)]),
    ...(paravisors.length === 0 ? [refuses(`${name}: those of a paravisor`)] : paravisors),
  ];
}

function akPurposeRemarks(akPurposes: readonly string[], name: string): Remark[] {
  const others = akPurposes.filter((purpose) => purpose !== AK_PURPOSE && purpose !== NO_PURPOSE);
  const empty = `${name}: every AK certificate, for no purpose of one is listed`;
  return [
    ...(akPurposes.length === 0 ? [refuses(empty)] : []),
    ...(akPurposes.includes(NO_PURPOSE)
      ? [beware(`${name}: any certificate without a purpose counts that the authorities issued, not only those of AKs`)]
      : []),
    ...others.map((purpose) =>
      beware(
        `${name}: certificates of the purpose ${purpose} count as those of AKs where the key is for signing alone`,
      ),
    ),
  ];
}

const OLD_PARAVISOR =
  "a paravisor older than Microsoft's fix of August 2025 lets the machine's administrator put a key of their own in " +
  "place of the attestation key; no signed field gives a paravisor's age, its measurement alone does: list " +
  'measurements of machines that were started after the fix';
const OLD_PARAVISOR_SOURCE = 'CVE-2025-49707, github.com/microsoft/openvmm/pull/1868';

/** Publicly known weaknesses that could pass under these values. */
export function tpmWeaknesses(
  { paravisor }: TpmReferenceValues,
  _name: string,
  revoked: ReferenceValues['revoked'],
): Remark[] {
  const allowsParavisor = Object.values(paravisor ?? {}).some((values) => (values?.images.length ?? 0) > 0);
  return [
    ...(allowsParavisor ? [beware(`TPM of a paravisor: ${OLD_PARAVISOR} (${OLD_PARAVISOR_SOURCE})`)] : []),
    ...paravisorRemarks(paravisor, (row, given, where) => row.weaknesses(given, where, revoked)),
  ];
}
