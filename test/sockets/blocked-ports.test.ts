import { expect, test } from 'vitest';
import { vaultOrigin } from '../../src/cli/options.ts';
import { parseMirror } from '../../src/endorse/mirror.ts';
import { portTrouble } from '../../src/sockets/blocked-ports.ts';

const BLOCKED = Array.from({ length: 11_000 }, (_, port) => port).filter(
  (port) => portTrouble({ port: String(port) }) !== null,
);

test('the ports that are refused are those that the platform never connects to', async () => {
  expect(BLOCKED).toHaveLength(83);
  for (const port of BLOCKED.filter((one) => one !== 0)) {
    const error: unknown = await fetch(`https://127.0.0.1:${port}`).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ cause: { message: 'bad port' } });
  }
  for (const port of ['', '8443', '8444']) expect(portTrouble({ port })).toBeNull();
});

test('neither a vault nor a mirror is given an address that nothing connects to', () => {
  expect(() => vaultOrigin('https://vault.example:6000')).toThrow(/never connect to port 6000/);
  expect(() => parseMirror('amd=https://kds.example:6000')).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: expect.stringMatching(/^--endorsement-mirror amd: .*port 6000/),
    }),
  );
});

test('a mirror may speak plain HTTP on this machine, however it is spelt, and nowhere else', () => {
  for (const host of ['localhost', '127.0.0.2', '[::1]', '[::ffff:127.0.0.1]']) {
    expect(parseMirror(`amd=http://${host}:8081`)).toHaveProperty('amd');
  }
  expect(() => parseMirror('amd=http://10.0.0.1:8081')).toThrow(expect.objectContaining({ code: 'usage' }));
});
