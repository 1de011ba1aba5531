import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
/** The width of a PNG stands behind its signature and the name of its first chunk (PNG, section 11.2.2). */
const WIDTH_AT = 16;

test('the README opens with the two commands, a picture of an approval, and how to found a vault', () => {
  const commands = readme.indexOf('```sh\nnpm ci && npm run demo\nnpm ci && npm test\n```');
  const picture = readme.indexOf('](docs/approval.png)');
  expect(commands).toBe(readme.indexOf('```'));
  expect(picture).toBeGreaterThan(commands);
  expect(readme.indexOf('\n## ')).toBe(readme.indexOf('\n## A vault of your own'));
  expect(readme.indexOf('\n## ')).toBeGreaterThan(picture);
});

test.skipIf(spawnSync('git', ['rev-parse'], { cwd: root }).status !== 0)(
  'what the README has a reader write to a clone, git leaves out (needs git)',
  () => {
    const founders = ['twinlock-data-founders/founder-alice.json', 'founder-alice.json', 'handed/founder-1-a.json'];
    const keys = ['audit', 'training', 'serving'].flatMap((name) => [`${name}.key`, `${name}.key.json`]);
    const written = ['twinlock-data/log.key', ...founders, ...keys, 'chip', 'ocr.keys', 'ocr/det.onnx', 'out/det.onnx'];
    const { stdout } = spawnSync('git', ['check-ignore', ...written], { cwd: root, encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toEqual(written);
    // A folder of the repository that is called so stays in it.
    const tracked = spawnSync('git', ['ls-files', '-ci', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
    expect(tracked.stdout).toBe('');
  },
);

test('the picture is a PNG of 1280 pixels and at most 300,000 bytes', () => {
  const picture = readFileSync(join(root, 'docs/approval.png'));
  expect(picture.subarray(1, 4).toString()).toBe('PNG');
  expect(picture.readUInt32BE(WIDTH_AT)).toBe(1280);
  expect(picture.length).toBeLessThanOrEqual(300_000);
});
