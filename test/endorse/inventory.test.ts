import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeInventory } from '../../src/endorse/inventory.ts';

const NONE = { certificates: 0, lists: 0, collateral: 0, keySets: 0 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-inventory-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(...files: string[]) {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
}

it('counts what is looked for, by kind', async () => {
  put(
    `snp/Milan/${'0a'.repeat(64)}/4-0-24-217.der`,
    `snp/Turin/${'0a'.repeat(8)}/1-4-0-24-217.der`,
    'snp/Genoa/vlek-4-0-24-217.der',
    'snp/Genoa/vcek-chain.pem',
    'snp/Genoa/vcek.crl',
    'tdx/pck-platform.crl',
    'tdx/root-ca.crl',
    'tdx/90c06f000000-platform.json',
    'tdx/tcb-info-90c06f000000.json',
    'tdx/qe-identity.json',
    'tokens/nras.jwks.json',
  );
  const files = { certificates: 4, lists: 3, collateral: 3, keySets: 1 };
  expect(await takeInventory(folder)).toEqual({ files, notUnderstood: 0, examples: [] });
});

it('names the first five at whose path nothing is looked for', async () => {
  put('vcek.der', 'tdx/QE-identity.json', 'snp/Milan/vlek-4-0-24.der', 'a', 'b', 'tokens/x/y/z/deep.json');
  expect(await takeInventory(folder)).toEqual({
    files: NONE,
    notUnderstood: 6,
    examples: ['a', 'b', 'snp/Milan/vlek-4-0-24.der', 'tdx/QE-identity.json', 'tokens/x/y/z/'],
  });
});

it('follows links, and ends where they lead in a circle', async () => {
  put('aside/qe-identity.json');
  symlinkSync(join(folder, 'aside'), join(folder, 'tdx'));
  symlinkSync(folder, join(folder, 'aside/circle'));
  expect((await takeInventory(folder)).files.collateral).toBe(1);
});

it.each([
  ['an absent folder', () => join(folder, 'absent'), /^--endorsements .*absent: there is no such folder$/],
  ['a file', () => join(folder, 'file'), /^--endorsements .*file: expected a folder$/],
])('%s is refused', async (_, where, message) => {
  put('file');
  await expect(takeInventory(where())).rejects.toThrow(
    expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
  );
});
