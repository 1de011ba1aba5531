import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { fromUtf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { parseAs } from '../../src/core/schema.ts';
import { namedError } from '../../src/platform/files/error.ts';
import { readInputSync } from '../../src/platform/files/input.ts';
import { systemName } from '../../src/platform/files/system-error.ts';
import { portTrouble } from '../../src/sockets/blocked-ports.ts';

/** The flags of every command. Each has an environment variable too. */
export interface GlobalFlags {
  readonly vault?: string;
  readonly fingerprint?: string;
  readonly ca?: string;
  readonly key?: string;
  readonly config?: string;
  readonly state?: string;
  readonly fromGenesis?: boolean;
  readonly json?: boolean;
}

/** The environment variable of each setting. */
const VARIABLES = {
  vault: 'TWINLOCK_VAULT',
  fingerprint: 'TWINLOCK_FINGERPRINT',
  ca: 'TWINLOCK_CA',
  key: 'TWINLOCK_KEY',
} as const;
type Name = keyof typeof VARIABLES;

/** The vault's address and the user's key, from flags, the environment and the configuration file, in this order. */
export interface Settings {
  readonly vault: string | null;
  readonly fingerprint: string | null;
  /** Paths of files. */
  readonly ca: string | null;
  readonly key: string | null;
  /** The folder of the checkpoints that this machine has verified, and of what a console needs to sign in and stop. */
  readonly stateDir: string;
  /** Verifies the whole log again, without this machine's kept state. */
  readonly fromGenesis: boolean;
  /** The source of each setting: its flag, its variable, or its name in the configuration file. */
  readonly origins: Readonly<Record<Name, string>>;
  /** The configuration file's path; the file need not exist. */
  readonly configPath: string;
}

/** Largest configuration file. */
const MAX_BYTES = 64 << 10;
/** Refuses NUL characters, which flags and variables cannot contain either. */
const setting = z.optional(
  z.string().check(z.minLength(1), z.regex(/^[^\0]*$/, 'expected text without a NUL character')),
);
const configuration = z.strictObject({ vault: setting, fingerprint: setting, ca: setting, key: setting });
type Configuration = z.infer<typeof configuration>;

/** The parser has put the variables' values into `flags`, so a value equal to its variable's came from there. */
function originOf(name: Name, flags: GlobalFlags, env: NodeJS.ProcessEnv, configPath: string): string {
  const variable = VARIABLES[name];
  if (!flags[name]) return `"${name}" in ${configPath}`;
  return flags[name] === env[variable] ? variable : `--${name}`;
}

/** Adds to an error of a file which variable or file named it. A flag is not added: the user sees it. */
export function settingError(error: unknown, origin: string): unknown {
  return origin.startsWith('--') ? error : namedError(error, origin);
}

/**
 * Throws `malformed` for a configuration file that is not as it must be, and `not_found` for one that was
 * named and is not there.
 */
export function settingsOf(flags: GlobalFlags, env: NodeJS.ProcessEnv): Settings {
  const configPath = flags.config || join(baseDir(env['XDG_CONFIG_HOME'], '.config'), 'twinlock', 'config.json');
  const config = readConfiguration(configPath, configPath === flags.config);
  // An empty variable counts as unset: a script makes one from a variable that it has not set.
  const given = (name: Name) => flags[name] || config[name] || null;
  return {
    vault: given('vault'),
    fingerprint: given('fingerprint'),
    ca: given('ca'),
    key: given('key'),
    stateDir: flags.state || join(baseDir(env['XDG_STATE_HOME'], '.local/state'), 'twinlock'),
    fromGenesis: flags.fromGenesis === true,
    origins: {
      vault: originOf('vault', flags, env, configPath),
      fingerprint: originOf('fingerprint', flags, env, configPath),
      ca: originOf('ca', flags, env, configPath),
      key: originOf('key', flags, env, configPath),
    },
    configPath,
  };
}

/** Reads the configuration file; paths in it are relative to the file's folder. */
function readConfiguration(path: string, isNamed: boolean): Configuration {
  let bytes: Uint8Array;
  try {
    bytes = readInputSync(path, MAX_BYTES);
  } catch (error) {
    const cause = error instanceof TwinlockError ? error.detail['cause'] : undefined;
    if (!isNamed && (cause === 'ENOENT' || cause === 'ENOTDIR')) return {};
    throw error;
  }
  const config = parseConfiguration(bytes, path);
  const absolute = (file: string) => resolve(dirname(path), file);
  return {
    ...config,
    ...(config.ca === undefined ? {} : { ca: absolute(config.ca) }),
    ...(config.key === undefined ? {} : { key: absolute(config.key) }),
  };
}

function parseConfiguration(bytes: Uint8Array, path: string): Configuration {
  try {
    return parseAs(configuration, parseJson(fromUtf8(bytes)), 'configuration');
  } catch (error) {
    throw namedError(error, path);
  }
}

/**
 * Ignores a relative path, as the XDG Base Directory Specification says. Throws `usage` where the user has no home
 * folder.
 */
function baseDir(value: string | undefined, fallback: string): string {
  return value?.startsWith('/') === true ? value : join(homeFolder(), fallback);
}

/** A container may run under a user id that is not in the machine's user database. */
function homeFolder(): string {
  let home = '';
  try {
    home = homedir();
  } catch (error) {
    if (systemName(error) === null) throw error;
  }
  const message =
    'this user has no home folder: set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME, to a folder of its own';
  must(isAbsolute(home), 'usage', message);
  return home;
}

/** Returns the vault's address. Throws `usage` where it is missing or not an https origin. */
export function vaultUrl({ vault, origins }: Pick<Settings, 'vault' | 'origins'>): URL {
  must(
    vault !== null,
    'usage',
    'expected the address of a vault: give --vault https://HOST:PORT, TWINLOCK_VAULT, or "vault" in the config',
  );
  const url = URL.canParse(vault) ? new URL(vault) : null;
  const isOrigin = url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.username === '';
  must(isOrigin, 'usage', `${origins.vault}: expected https://HOST:PORT, got ${vault}`);
  const trouble = portTrouble(url);
  must(trouble === null, 'usage', `${origins.vault} ${vault}: ${trouble}`);
  return url;
}
