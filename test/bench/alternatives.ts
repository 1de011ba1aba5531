import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './measure.ts';
import { startNginx } from './nginx.ts';
import type { Skipped } from './row.ts';
import { installed, run, toDisk } from './tools.ts';

/** Something else that moves, seals or opens the same file, to a file that is on disk when it ends. */
export interface Alternative extends Contestant {
  readonly what: string;
  /** Whether it does a depositor's work or a host's. */
  readonly does: 'deposit' | 'fetch';
}

export interface Found {
  readonly alternatives: readonly Alternative[];
  /** What cannot run here, and the package that has the command. */
  readonly missing: readonly Skipped[];
  stop(): void;
}

export interface Ground {
  /** For everything that they write. */
  readonly folder: string;
  /** The file, alone in its folder. */
  readonly root: string;
  readonly file: string;
  readonly certificate: string;
  readonly key: string;
}

/** The alternatives whose commands are installed, each ready to run. */
export async function findAlternatives(ground: Ground): Promise<Found> {
  mkdirSync(ground.folder, { recursive: true });
  const commands = {
    nginx: installed('nginx'),
    curl: installed('curl'),
    age: installed('age'),
    rclone: installed('rclone'),
  };
  const { nginx, curl, age, rclone } = commands;
  const served = nginx !== null && curl !== null ? await curlFromNginx(nginx, curl, ground) : null;
  const alternatives = [
    ...(served?.alternatives ?? []),
    ...(age === null ? [] : await ageToFile(age, ground)),
    ...(rclone === null ? [] : await rcloneCrypt(rclone, ground)),
  ];
  const missing = PACKAGES.filter(({ command }) => commands[command] === null).map(
    ({ command, what, package: name }): Skipped => ({
      bench: 'transfer',
      what,
      reason: `${command} is not installed: apt-get install ${name}`,
    }),
  );
  return { alternatives, missing, stop: () => served?.stop() };
}

const PACKAGES = [
  { command: 'nginx', what: 'curl of the plaintext from nginx', package: 'nginx-light' },
  { command: 'curl', what: 'curl of the plaintext from nginx', package: 'curl' },
  { command: 'age', what: 'age to a file', package: 'age' },
  { command: 'rclone', what: 'rclone crypt', package: 'rclone' },
] as const;

/** Plaintext over loopback: no approval, no encryption at rest, and anyone who has the address has the weights. */
async function curlFromNginx(nginx: string, curl: string, { folder, root, file, certificate, key }: Ground) {
  const { http, https, stop } = await startNginx(nginx, { folder: join(folder, 'nginx'), root, certificate, key });
  const got = join(folder, 'curl.out');
  const get = (what: string, url: string, does: Alternative['does']): Alternative => ({
    what,
    does,
    async act() {
      await run(curl, ['--silent', '--fail', '--cacert', certificate, '--output', got, `${url}/${file}`]);
      toDisk(got);
    },
    after: () => rmSync(got),
  });
  const alternatives = [
    get('curl over https', https, 'deposit'),
    get('curl over http', http, 'fetch'),
    get('curl over https', https, 'fetch'),
  ];
  return { alternatives, stop };
}

/** One person's key, X25519 and ChaCha20-Poly1305, from file to file. */
async function ageToFile(age: string, { folder, root, file }: Ground): Promise<Alternative[]> {
  const identity = join(folder, 'age.key');
  await run(`${age}-keygen`, ['--output', identity]);
  const recipient = (await run(`${age}-keygen`, ['-y', identity])).trim();
  const sealed = join(folder, 'kept.age');
  const seal = async (to: string) => run(age, ['--recipient', recipient, '--output', to, join(root, file)]);
  await seal(sealed);
  return [
    fileToFile('age', 'deposit', join(folder, 'age.sealed'), seal),
    fileToFile('age', 'fetch', join(folder, 'age.opened'), (to) =>
      run(age, ['--decrypt', '--identity', identity, '--output', to, sealed]),
    ),
  ];
}

/** One password, XSalsa20-Poly1305 in 64 KiB blocks, from folder to folder. */
async function rcloneCrypt(rclone: string, { folder, root, file }: Ground): Promise<Alternative[]> {
  const password = (await run(rclone, ['obscure', randomBytes(32).toString('hex')])).trim();
  const config = join(folder, 'rclone.conf');
  const remoteAt = (path: string) => ({
    RCLONE_CONFIG: config,
    RCLONE_CONFIG_SEALED_TYPE: 'crypt',
    RCLONE_CONFIG_SEALED_REMOTE: path,
    RCLONE_CONFIG_SEALED_PASSWORD: password,
    RCLONE_CONFIG_SEALED_FILENAME_ENCRYPTION: 'off',
  });
  const kept = remoteAt(join(folder, 'rclone.kept'));
  const made = join(folder, 'rclone.made');
  await run(rclone, ['copyto', join(root, file), `sealed:${file}`], kept);
  return [
    fileToFile('rclone crypt', 'deposit', join(made, `${file}.bin`), () =>
      run(rclone, ['copyto', join(root, file), `sealed:${file}`], remoteAt(made)),
    ),
    fileToFile('rclone crypt', 'fetch', join(folder, 'rclone.opened'), (to) =>
      run(rclone, ['copyto', `sealed:${file}`, to], kept),
    ),
  ];
}

function fileToFile(
  what: string,
  does: Alternative['does'],
  to: string,
  make: (to: string) => Promise<unknown>,
): Alternative {
  return {
    what,
    does,
    async act() {
      await make(to);
      toDisk(to);
    },
    after: () => rmSync(to),
  };
}
