import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runProgram } from '../../world/command-line.ts';

const home = mkdtempSync(join(tmpdir(), 'twinlock-deposit-'));
afterAll(() => rmSync(home, { recursive: true }));

/** Without a vault, a key or a fingerprint. */
const dryRun = (folder: string, ...more: string[]) =>
  runProgram('client/cli.ts', ['deposit', join(home, folder), '--as', 'acme/ocr@1', '--dry-run', ...more], home);

test('a dry run lists what would be deposited, with sizes and the total, and says what is left out', async () => {
  mkdirSync(join(home, 'ocr', '.git'), { recursive: true });
  mkdirSync(join(home, 'ocr', 'onnx'));
  for (const [path, bytes] of Object.entries({ '.git/HEAD': 9, '.DS_Store': 9, 'a.json': 7, 'onnx/b.bin': 2000 })) {
    writeFileSync(join(home, 'ocr', path), 'x'.repeat(bytes));
  }
  const { code, stdout, stderr } = await dryRun('ocr');
  expect([code, stdout.split('\n')]).toEqual([
    0,
    [
      '    7  a.json',
      '2,000  onnx/b.bin',
      'would be     acme/ocr@1: 2 files, 2.0 KiB (2,007 bytes); nothing has been sent',
      '',
    ],
  ]);
  expect(stderr).toBe(
    "left out     .DS_Store, .git/: other programs have left these behind. To deposit one of them as well, give --include '**' --include NAME\n",
  );
  const asked = await dryRun('ocr', '--include', '**', '--include', '.git');
  expect(asked.stdout).toContain('.git/HEAD');
  expect(asked.stderr).toMatch(/^left out {5}\.DS_Store: .* as well, give also --include NAME\n$/);
  const json = await dryRun('ocr', '--json', '--include', '*.json', '--exclude', 'onnx');
  expect([json.code, json.stderr, json.json()]).toEqual([
    0,
    '',
    {
      model: 'acme/ocr',
      version: '1',
      dryRun: true,
      files: [{ path: 'a.json', bytes: 7 }],
      bytes: 7,
      leftOut: ['.DS_Store', '.git/'],
      findings: [],
      remarks: [],
    },
  ]);
});

test('a dry run is refused as the deposit would be', async () => {
  mkdirSync(join(home, 'links'));
  symlinkSync('/etc/hostname', join(home, 'links', 'out'));
  symlinkSync('nowhere', join(home, 'links', 'dangling'));
  const { code, stdout, stderr } = await dryRun('links');
  expect([code, stdout]).toEqual([64, '']);
  expect(stderr).toMatch(/"dangling": .*; "out": .*; mend these, or leave them out with --exclude \(invalid_name\)\n$/);
});

test('files that are not whole are refused before the vault is asked, all at once, unless it is forced', async () => {
  mkdirSync(join(home, 'torn'));
  writeFileSync(join(home, 'torn', 'a.gguf'), 'GGUF');
  writeFileSync(join(home, 'torn', 'model.safetensors.index.json'), '{"weight_map":{"t":"b.safetensors"}}');
  const findings = [
    '"a.gguf": truncated: the version ends at byte 8, the file at 4',
    '"model.safetensors.index.json": the file "b.safetensors", which it names, is not there',
  ];
  const deposit = ['deposit', join(home, 'torn'), '--as', 'acme/ocr@1'];
  const refused = await runProgram('client/cli.ts', deposit, home);
  expect([refused.code, refused.stderr]).toEqual([
    64,
    `twinlock: ${join(home, 'torn')} is not whole: ${findings.join('; ')}; mend the files, or give --force to deposit them as they are (malformed)\n`,
  ]);
  const forced = await runProgram('client/cli.ts', [...deposit, '--force'], home);
  expect([forced.code, forced.stderr.split('\n').slice(0, 2)]).toEqual([
    64,
    findings.map((text) => `forced       ${text}`),
  ]);
  expect(forced.stderr).toContain('expected the address of a vault');
  const listed = await dryRun('torn', '--json');
  expect([listed.code, listed.json()['findings']]).toEqual([64, findings]);
});
