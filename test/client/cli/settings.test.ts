import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { connect, fingerprintOf, principalKeyOf } from '../../../client/cli/connect.ts';
import { settingsOf, vaultUrl } from '../../../client/cli/settings.ts';
import { runProgram } from '../../world/command-line.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Writes a configuration file; returns its path. */
function configFile(name: string, text: string | Uint8Array): string {
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
    fromGenesis: false,
    origins: {
      vault: '--vault',
      fingerprint: `"fingerprint" in ${config}`,
      ca: `"ca" in ${config}`,
      key: `"key" in ${config}`,
    },
    configPath: config,
  });
});

test('an empty flag or variable says nothing', () => {
  const config = configFile('b.json', '{"vault":"https://a:1"}');
  expect(settingsOf({ config, vault: '', key: '' }, {})).toMatchObject({ vault: 'https://a:1', key: null });
  const unset = settingsOf({ config: '', state: '' }, { XDG_CONFIG_HOME: dirname(config), XDG_STATE_HOME: folder });
  expect(unset).toMatchObject({
    configPath: join(dirname(config), 'twinlock/config.json'),
    stateDir: join(folder, 'twinlock'),
  });
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

test('a home folder that is the root is one as any other; one that HOME does not name is that of the user database', () => {
  vi.stubEnv('HOME', '/');
  expect(settingsOf({}, {})).toMatchObject({
    stateDir: '/.local/state/twinlock',
    configPath: '/.config/twinlock/config.json',
  });
  vi.stubEnv('HOME', undefined);
  const { homedir: home } = userInfo();
  expect(settingsOf({}, {})).toMatchObject({
    stateDir: join(home, '.local/state/twinlock'),
    configPath: join(home, '.config/twinlock/config.json'),
  });
});

test.each(['', 'here', '.'])('names what to set where HOME is no folder’s whole path: “%s”', (home) => {
  vi.stubEnv('HOME', home);
  const none = expect.objectContaining({
    code: 'usage',
    message: expect.stringMatching(/no home folder: set HOME, or/),
  });
  expect(() => settingsOf({}, {})).toThrow(none);
  expect(() => settingsOf({}, { XDG_CONFIG_HOME: folder })).toThrow(none);
  expect(() => settingsOf({}, { XDG_STATE_HOME: folder })).toThrow(none);
  expect(settingsOf({}, { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder }).stateDir).toBe(join(folder, 'twinlock'));
});

/** In no user database. */
const NOBODY = 54_321;

test.skipIf(process.getuid?.() !== 0)(
  'a user without a home folder founds a vault, and is told what a client needs to have set',
  { timeout: 120_000 },
  async () => {
    chmodSync(folder, 0o777);
    const at = mkdtempSync(join(folder, 'nobody-'));
    chownSync(at, NOBODY, NOBODY);
    const asNobody = (file: string, args: readonly string[]) =>
      runProgram(file, args, at, { uid: NOBODY, env: { HOME: undefined } });
    const founders = ['ana', 'ben', 'cleo'].flatMap((name) => ['--founder', name]);
    const made = await asNobody('src/main.ts', [
      '--data',
      join(at, 'data'),
      'init',
      '--grade',
      'simulation',
      ...founders,
    ]);
    expect(made).toMatchObject({ code: 0 });
    expect(await asNobody('client/cli.ts', ['status'])).toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/^twinlock: this user has no home folder: .* \(usage\)\n$/),
    });
  },
);

test.each([
  ['no JSON', '{'],
  ['a member twice', '{"vault":"https://a:1","vault":"https://b:1"}'],
  ['a member that is not known', '{"vualt":"https://a:1"}'],
  ['another type', '{"vault":1}'],
  ['an empty path', '{"ca":""}'],
  ['no object', '[]'],
  ['text that is no UTF-8', Buffer.from([0x7b, 0xff])],
  ['a NUL in a path', '{"ca":"a\\u0000b"}'],
])('refuses a configuration file with %s', (_, text) => {
  const config = configFile('bad.json', text);
  expect(() => settingsOf({ config }, {})).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('a setting with a NUL is named', () => {
  const config = configFile('nul.json', '{"vault":"https://a:1","key":"a\\u0000b"}');
  expect(() => settingsOf({ config }, {})).toThrow(
    expect.objectContaining({ code: 'malformed', message: expect.stringMatching(/nul\.json: .*key.*without a NUL/) }),
  );
});

test.each(['http://vault:8443', 'https://vault:8443/v1', 'https://me@vault', 'vault:8443', 'https://vault/?a'])(
  'refuses %s as a vault',
  (vault) => {
    expect(() => vaultUrl(settingsOf({ vault }, { XDG_CONFIG_HOME: '/none' }))).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(/^--vault: expected https/) }),
    );
  },
);

test('refuses a port that no client of ours connects to, and names it', () => {
  expect(() => vaultUrl(settingsOf({ vault: 'https://vault:6000' }, { XDG_CONFIG_HOME: '/none' }))).toThrow(
    expect.objectContaining({
      code: 'usage',
      message:
        '--vault https://vault:6000: browsers and HTTP clients never connect to port 6000: let it answer on another, such as 8443',
    }),
  );
});

test('refuses to guess a vault that was not named', () => {
  expect(() => vaultUrl(settingsOf({}, { XDG_CONFIG_HOME: '/none' }))).toThrow(
    expect.objectContaining({ code: 'usage' }),
  );
});

test('a setting that is wrong is named by where it was given: its variable, or its place in the configuration file', async () => {
  const record = configFile('serving.key.json', '{}');
  const config = configFile('wrong.json', JSON.stringify({ vault: 'vault', ca: 'serving.key.json' }));
  const inConfig = settingsOf({ config }, {});
  expect(() => vaultUrl(inConfig)).toThrow(`"vault" in ${config}: expected https://HOST:PORT, got vault`);
  const signal = new AbortController().signal;
  const reached = { ...inConfig, vault: 'https://vault:8443' };
  expect(() => connect({ settings: reached, terminal: undefined as never, signal })).toThrow(
    `"ca" in ${config}: ${record}: `,
  );
  // The parser gives the value of a variable as that of its flag.
  const env = {
    XDG_CONFIG_HOME: '/none',
    TWINLOCK_VAULT: 'http://a:1',
    TWINLOCK_FINGERPRINT: '…',
    TWINLOCK_KEY: record,
  };
  const given = { vault: 'http://a:1', fingerprint: '…', key: record };
  const fromEnv = settingsOf(given, env);
  expect(() => vaultUrl(fromEnv)).toThrow('TWINLOCK_VAULT: expected https://HOST:PORT, got http://a:1');
  await expect(fingerprintOf(fromEnv, undefined as never)).rejects.toThrow(
    /^TWINLOCK_FINGERPRINT: expected .*, got “…”$/,
  );
  await expect(principalKeyOf(record, fromEnv)).rejects.toThrow(`TWINLOCK_KEY: ${record}: `);
  await expect(principalKeyOf(record, settingsOf(given, { XDG_CONFIG_HOME: '/none' }))).rejects.toThrow(
    new RegExp(`^${record}: `),
  );
});

test('a fingerprint that was not given is where the vault shows it, once it is founded', async () => {
  const none = settingsOf({}, { XDG_CONFIG_HOME: '/none' });
  await expect(fingerprintOf(none, undefined as never)).rejects.toThrow(/console shows it, once the vault is founded$/);
});
