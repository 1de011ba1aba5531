import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collectorsOf } from '../../../client/cli/collector-flags.ts';
import { describeReferenceValues } from '../../../client/reference-values/describe.ts';
import { proposeReferenceValues } from '../../../client/reference-values/propose.ts';
import { NO_ENDORSEMENTS } from '../../../src/core/attest/endorsements.ts';
import { requireHardwareValues } from '../../../src/core/attest/production.ts';
import { NO_REFERENCE_VALUES } from '../../../src/core/attest/reference-values.ts';
import { fromBase64url } from '../../../src/core/bytes.ts';
import { verifyNode } from '../../../src/platform/verify-node.ts';
import { NITRO_DATA, NITRO_INSTANT_MS, NITRO_MODULE, nitroReport, nitroValues } from '../../platforms/nitro.ts';
import { openPrograms, type Programs } from '../host/collectors/programs.ts';

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

const DATA = { reportData: NITRO_DATA, extraData: new Uint8Array(32) };
const leftOver = () => readdirSync(tmpdir()).filter((name) => name.startsWith('twinlock-evidence-'));

test("the report is what AWS's program prints, which is given our data in a file that is gone afterwards", async () => {
  const made = nitroReport();
  writeFileSync(programs.path('document'), fromBase64url(made.document));
  programs.make('nitro-tpm-attest', 'test "$1" = --user-data && test "$(stat -c %a "$2")" = 600 && cat $HERE/document');
  const before = leftOver();
  const { cpu } = await collectorsOf({ evidence: 'nitro', gpu: 'none' });
  expect(await cpu.report(DATA)).toEqual({ report: made, endorsements: NO_ENDORSEMENTS });
  expect(leftOver()).toEqual(before);
});

test('a program that fails is unavailable, and one that prints nothing is malformed', async () => {
  const { cpu } = await collectorsOf({ evidence: 'nitro', gpu: 'none' });
  programs.make('nitro-tpm-attest', 'exit 1');
  await expect(cpu.report(DATA)).rejects.toMatchObject({ code: 'unavailable' });
  programs.make('nitro-tpm-attest', 'true');
  await expect(cpu.report(DATA)).rejects.toMatchObject({ code: 'malformed' });
});

test("a document is proposed from a host's evidence under roots that it has, and says what it accepts", async () => {
  const parts = { report: nitroReport(), reportData: NITRO_DATA, gpu: null, gpuNonce: null, evidence: '5a'.repeat(32) };
  const choices = {
    imageName: 'ocr-host 1.3',
    pinChip: false,
    golden: 'measured',
    akAuthority: null,
    isAkActivated: false,
    listsServiceTds: false,
  } as const;
  const before = { ...NO_REFERENCE_VALUES, nitro: nitroValues({ images: [], modules: [] }) };
  const terms = { before, choices, instantMs: NITRO_INSTANT_MS, verify: verifyNode };
  const document = await proposeReferenceValues({ parts, endorsements: NO_ENDORSEMENTS }, terms);
  expect(document.nitro?.modules).toEqual([NITRO_MODULE]);
  expect(document.nitro?.images.map(({ name }) => name)).toEqual(['ocr-host 1.3']);
  const texts = describeReferenceValues(document).map(({ kind, text }) => `${kind} ${text}`);
  expect(texts).toContainEqual(expect.stringMatching(/^accepts AWS NitroTPM: 1 image \("ocr-host 1.3" by PCR /));
  expect(texts).toContainEqual('beware AWS NitroTPM: AWS says what booted, and nothing protects the memory from AWS');
});

test('a production vault pins no other root than that of AWS', () => {
  const values = { ...NO_REFERENCE_VALUES, nitro: nitroValues() };
  expect(() => requireHardwareValues(values)).toThrow(expect.objectContaining({ code: 'root_unknown' }));
});
