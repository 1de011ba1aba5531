import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { detectCpu, detectNvattest, type MachineSurroundings } from '../../../../client/host/collectors/detect.ts';
import { FakeTsm } from './fake-tsm.ts';
import { openPrograms, type Programs } from './programs.ts';

let programs: Programs;
let tsm: FakeTsm;
beforeEach(() => {
  programs = openPrograms();
  tsm = new FakeTsm({ provider: 'tdx_guest', answer: () => ({ outblob: new Uint8Array(1), auxblob: null }) });
});
afterEach(() => {
  programs.close();
  tsm.close();
});

/** A machine of this maker, without a platform that Linux knows. */
function madeBy(vendor: string): MachineSurroundings {
  const vendorFile = programs.path('sys_vendor');
  writeFileSync(vendorFile, `${vendor}\n`);
  const none = { ...tsm.folder, make: () => Promise.reject({ code: 'ENOENT' }) };
  return { tsm: none, vendorFile, path: programs.folder };
}

test('takes the platform that Linux has before any other', async () => {
  programs.make('tpm2_nvreadpublic', 'exit 0');
  expect(await detectCpu({ ...madeBy('Microsoft Corporation'), tsm: tsm.folder })).toBe('tdx');
});

test("takes Azure's paravisor where its report is in the TPM of a machine of Microsoft's", async () => {
  programs.make('tpm2_nvreadpublic', 'test "$1" = 0x01400001');
  expect(await detectCpu(madeBy('Microsoft Corporation'))).toBe('azure');
  expect(await detectCpu(madeBy('QEMU'))).toBeNull();
  programs.make('tpm2_nvreadpublic', 'exit 1');
  expect(await detectCpu(madeBy('Microsoft Corporation'))).toBeNull();
});

test('finds nothing on a machine that has nothing', async () => {
  const bare = { ...madeBy(''), vendorFile: programs.path('absent') };
  expect([await detectCpu(bare), await detectNvattest(bare)]).toEqual([null, null]);
  expect(await detectCpu(madeBy('Microsoft Corporation'))).toBeNull();
});

test('does not go on to lesser evidence where this user may not ask for a report', async () => {
  programs.make('tpm2_nvreadpublic', 'exit 0');
  const barred = { ...tsm.folder, make: () => Promise.reject({ code: 'EACCES' }) };
  const around = { ...madeBy('Microsoft Corporation'), tsm: barred };
  await expect(detectCpu(around)).rejects.toMatchObject({ code: 'unavailable' });
});

test("finds NVIDIA's command line on PATH", async () => {
  const file = programs.make('nvattest', 'exit 0');
  expect(await detectNvattest(madeBy('QEMU'))).toBe(file);
});
