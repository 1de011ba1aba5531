import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settingsOf, vaultUrl } from '../../../client/cli/settings.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a configuration file; returns its path. */
function configFile(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test('a flag comes before the configuration file, whose paths are relative to it', () => {
  const config = configFile('a.json', '{"vault":"https://a:1","ca":"tls.crt","key":"/keys/audit.key"}');
  const settings = settingsOf({ config, vault: 'https://b:2' }, {});
  expect(settings).toEqual({
    vault: 'https://b:2',
    fingerprint: null,
    ca: join(folder, 'tls.crt'),
    key: '/keys/audit.key',
    stateDir: join(homedir(), '.local/state/twinlock'),
    configPath: config,
  });
});

test('an empty flag or variable says nothing', () => {
  const config = configFile('b.json', '{"vault":"https://a:1"}');
  expect(settingsOf({ config, vault: '', key: '' }, {})).toMatchObject({ vault: 'https://a:1', key: null });
});

test('the usual file may be missing, one that was named may not', () => {
  expect(settingsOf({}, { XDG_CONFIG_HOME: folder }).vault).toBeNull();
  configFile('twinlock/config.json', '{"vault":"https://a:1"}');
  const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: '/state' };
  expect(settingsOf({}, env)).toMatchObject({ vault: 'https://a:1', stateDir: '/state/twinlock' });
  const relative = settingsOf({}, { XDG_CONFIG_HOME: 'here', XDG_STATE_HOME: 'here' });
  expect(relative.configPath).toBe(join(homedir(), '.config/twinlock/config.json'));
  expect(relative.stateDir).toBe(join(homedir(), '.local/state/twinlock'));
  expect(() => settingsOf({ config: join(folder, 'none.json') }, {})).toThrow(
    expect.objectContaining({ code: 'not_found' }),
  );
});

test.each([
  ['no JSON', '{'],
  ['a member twice', '{"vault":"https://a:1","vault":"https://b:1"}'],
  ['a member that is not known', '{"vualt":"https://a:1"}'],
  ['another type', '{"vault":1}'],
  ['an empty path', '{"ca":""}'],
  ['no object', '[]'],
])('refuses a configuration file with %s', (_, text) => {
  const config = configFile('bad.json', text);
  expect(() => settingsOf({ config }, {})).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test.each(['http://vault:8443', 'https://vault:8443/v1', 'https://me@vault', 'vault:8443', 'https://vault/?a'])(
  'refuses %s as a vault',
  (vault) => {
    expect(() => vaultUrl({ ...settingsOf({}, { XDG_CONFIG_HOME: '/none' }), vault })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  },
);

test('refuses to guess a vault that was not named', () => {
  expect(() => vaultUrl(settingsOf({}, { XDG_CONFIG_HOME: '/none' }))).toThrow(
    expect.objectContaining({ code: 'usage' }),
  );
});
