import { NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import { parseCoseSign1 } from '../../src/core/attest/nitro/cose.ts';
import { parseAttestationDocument } from '../../src/core/attest/nitro/document.ts';
import type { NitroReferenceValues } from '../../src/core/attest/nitro/reference-values.ts';
import { type NitroReport, nitroReport } from '../../src/core/attest/nitro/report.ts';
import { NITRO_VENDOR_ROOTS } from '../../src/core/attest/nitro/roots.ts';
import { fromBase64url, toBase64url } from '../../src/core/bytes.ts';
import { parseAs } from '../../src/core/schema.ts';
import { type Choices, type Host, imageName, union, withChips } from './kit/host.ts';
import { pcrsText, unmeasuredRemarks, withPcrImage } from './kit/pcr-images.ts';
import { accepts, anyOr, beware, countedList, emptyOf, type Remark, refuses } from './kit/remark.ts';
import { evidenceFile } from './kit/vendor-files.ts';
import type { ClientPlatformOf } from './platform.ts';
import type { EvidenceSource } from './source.ts';

const NAME = 'AWS NitroTPM';

/**
 * Not 10, which grows while the machine runs; 16 and 23, which a program may reset; 17 to 22, which AWS does not use.
 */
const LEFT_OUT: readonly number[] = [10, 16, 17, 18, 19, 20, 21, 22, 23];

/** The output of AWS's own tool, which asks the hypervisor for a document with the user data. */
const SOURCE: EvidenceSource = {
  name: 'nitro',
  isHardware: true,
  flags: [],
  collector: (_, devices) => ({
    report: async ({ reportData }) => {
      const document = await devices.withFile(reportData, (path) =>
        devices.run({
          file: 'nitro-tpm-attest',
          args: ['--user-data', path],
          variables: ['TPM_DEVICE'],
          remedy:
            'is this an EC2 instance with NitroTPM, are aws-nitro-tpm-tools installed, and may this user open /dev/tpm0?',
        }),
      );
      const report = parseAs(nitroReport, { platform: 'nitro', document: toBase64url(document) }, 'nitro-tpm-attest');
      return { report, endorsements: NO_ENDORSEMENTS };
    },
  }),
};

function describe(values: NitroReferenceValues, name: string): Remark[] {
  const { roots, images, modules } = values;
  const empty = emptyOf({ roots, images, ...(modules === null ? {} : { modules }) });
  if (empty.length > 0) return [refuses(`${name}: every host, for these lists are empty: ${empty.join(', ')}`)];
  return [
    accepts(`${name}: ${countedList('image', images.map(pcrsText))}; ${anyOr('instance', modules)}`),
    beware(`${name}: AWS says what booted, and nothing protects the memory from AWS`),
    ...(modules === null ? [beware(`${name}: an instance of any AWS account passes that boots a listed image`)] : []),
    ...unmeasuredRemarks(name, images),
  ];
}

function propose(
  before: NitroReferenceValues | null,
  { document }: NitroReport,
  { claims }: Host,
  choices: Choices,
): NitroReferenceValues {
  const { pcrs, moduleId } = parseAttestationDocument(parseCoseSign1(fromBase64url(document)).payload);
  const booted = pcrs.filter(({ index }) => before !== null || !LEFT_OUT.includes(index));
  const name = imageName(choices, claims['nitro.pcr-4'] ?? '');
  return {
    platform: 'nitro',
    roots: union(before?.roots, before === null ? NITRO_VENDOR_ROOTS.map(toBase64url) : []),
    images: withPcrImage(before?.images ?? [], booted, name),
    modules: withChips(before?.modules, [moduleId], choices),
  };
}

export const NITRO: ClientPlatformOf<'nitro'> = {
  name: NAME,
  claimsOf: 'nitro',
  hosts: NAME,
  describe,
  weaknesses: () => [],
  propose,
  machineText: () => NAME,
  firmware: () => null,
  cautions: () => [],
  files: { nitroDocument: evidenceFile('--nitro-document <file>', 'AWS: what nitro-tpm-attest printed') },
  reportIn: (file) => {
    const document = file('nitroDocument');
    return document === null ? null : () => ({ platform: 'nitro', document: toBase64url(document) });
  },
  endorsedIn: () => ({}),
  sources: [SOURCE],
  pretendedImage: () => null,
};
