import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { SNP_VENDOR_ROOTS } from '../../src/core/attest/snp/roots.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { MODEL, makeRoot } from '../core/webauthn/attestation-kit.ts';
import { snpCase } from '../platforms/snp.ts';
import { makeAuthority } from '../tls/company.ts';
import { runProgram } from '../world/command-line.ts';
import { NODE } from '../world/daemon-process.ts';
import { POLICY } from '../world/founding.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = join(import.meta.dirname, '../../src/main.ts');

let folder: string;
let examples: readonly string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-examples-'));
  const helps = [
    await runProgram('src/main.ts', ['--help'], folder),
    await runProgram('src/main.ts', ['init', '--help'], folder),
  ];
  examples = helps.flatMap(({ stdout }) =>
    [...stdout.replaceAll(/\\\n */g, '').matchAll(/^ {2}(twinlockd .*\binit .*)$/gm)].map(([, line]) => line ?? ''),
  );
  const key = ['--role', 'depositor', '--name', 'deposit', '--owner', 'alice', '--models', '*'];
  await runProgram('client/cli.ts', ['key', 'create', join(folder, 'deposit.key'), ...key], folder);
  writeFileSync(join(folder, 'company-ca.crt'), (await makeAuthority()).certificate);
  const { referenceValues: snp } = snpCase();
  const products = snp.products.map((product) => ({ ...product, root: toBase64url(SNP_VENDOR_ROOTS.Milan) }));
  writeFileSync(join(folder, 'hosts.json'), JSON.stringify({ ...NO_REFERENCE_VALUES, snp: { ...snp, products } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every example of an init in --help makes a vault that founders can enrol at', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  for (const [i, example] of examples.entries()) {
    // The files that an example names are the reader's: a policy has the groups that the founders get.
    const groups = [...new Set([...example.matchAll(/--founder \w+:(\w+)/g)].map(([, group]) => group))];
    const authenticators = { aaguids: [MODEL], roots: [toBase64url(makeRoot())] };
    const policy = { ...POLICY, groups, authenticators, referenceValues: NO_REFERENCE_VALUES };
    writeFileSync(join(folder, 'policy.json'), JSON.stringify(policy));
    const home = join(folder, String(i));
    mkdirSync(home);
    const here = example.replaceAll('/var/lib', home).replaceAll(/(?<= )(\S+\.(?:json|crt))/g, join(folder, '$1'));
    const script = `twinlockd() { "${NODE}" "${MAIN}" "$@"; }\n${here}`;
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, HOME: home, NODE_COMPILE_CACHE };
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: home, env, encoding: 'utf8' });
    expect([example, status, stderr.replaceAll(/^twinlockd: the policy has no reference values, .*\n/gm, '')]).toEqual([
      example,
      0,
      '',
    ]);
    expect(stdout).toContain('waits for its founders');
  }
});
