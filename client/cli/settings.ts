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

/** The flags that every command takes, each also from the environment. */
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

/** Each setting that may be given in several ways, and its variable. */
const VARIABLES = {
  vault: 'TWINLOCK_VAULT',
  fingerprint: 'TWINLOCK_FINGERPRINT',
  ca: 'TWINLOCK_CA',
  key: 'TWINLOCK_KEY',
} as const;
type Name = keyof typeof VARIABLES;

/** Where the vault is and who asks: from flags, the environment and the configuration file, in this order. */
export interface Settings {
  readonly vault: string | null;
  readonly fingerprint: string | null;
  /** Paths of files. */
  readonly ca: string | null;
  readonly key: string | null;
  /** Where this machine keeps the checkpoints that it has verified, and what a console needs to sign in and stop. */
  readonly stateDir: string;
  /** The whole log is verified again, whatever this machine has kept of it. */
  readonly fromGenesis: boolean;
  /** Where each was given: the flag, the variable, or its name in the configuration file. */
  readonly origins: Readonly<Record<Name, string>>;
  /** Of the configuration file, whether there is one or not. */
  readonly configPath: string;
}

/** It has a few lines. */
const MAX_BYTES = 64 << 10;
/** No flag and no variable has a NUL either: the system ends them there. */
const setting = z.optional(
  z.string().check(z.minLength(1), z.regex(/^[^\0]*$/, 'expected text without a NUL character')),
);
const configuration = z.strictObject({ vault: setting, fingerprint: setting, ca: setting, key: setting });
type Configuration = z.infer<typeof configuration>;

/** The flags, as the parser has them, hold what the variables say. */
function originOf(name: Name, flags: GlobalFlags, env: NodeJS.ProcessEnv, configPath: string): string {
  const variable = VARIABLES[name];
  if (!flags[name]) return `"${name}" in ${configPath}`;
  return flags[name] === env[variable] ? variable : `--${name}`;
}

/** An error of the file that a setting names, with where that was given; a flag is in sight. */
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
  // An empty one, as a script's unset variable makes it, says nothing.
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

/** Paths in it are relative to its own folder. */
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

/** A relative one is to be ignored (XDG Base Directory Specification). Throws `usage` for a user without a home folder. */
function baseDir(value: string | undefined, fallback: string): string {
  return value?.startsWith('/') === true ? value : join(homeFolder(), fallback);
}

/** An id that a container gives may be of nobody in the machine's user database. */
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

/** Throws `usage` where the vault is not named, or not by an address that can be trusted. */
export function vaultUrl({ vault, origins }: Pick<Settings, 'vault' | 'origins'>): URL {
  must(
    vault !== null,
    'usage',
    'which vault? give --vault https://HOST:PORT, TWINLOCK_VAULT, or "vault" in the config',
  );
  const url = URL.canParse(vault) ? new URL(vault) : null;
  const isOrigin = url?.protocol === 'https:' && url.pathname === '/' && url.search === '' && url.username === '';
  must(isOrigin, 'usage', `${origins.vault}: expected https://HOST:PORT, got ${vault}`);
  const trouble = portTrouble(url);
  must(trouble === null, 'usage', `${origins.vault} ${vault}: ${trouble}`);
  return url;
}
