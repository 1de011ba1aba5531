import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Workspace } from '../../demo/daemon.ts';
import { busyVault } from './busy-vault.ts';
import { type Contestant, race } from './measure.ts';
import { type Bench, row, type Skipped } from './row.ts';
import { installed, run } from './tools.ts';

const FILE_BYTES = 1000;
const FILES_A_FOLDER = 100;

/** The same folder by another way, to files that are on disk when it ends. */
interface Alternative {
  readonly what: string;
  readonly deposit: Contestant;
  readonly fetch: Contestant;
}

/**
 * A folder of many files of 1,000 bytes deposited in a vault and fetched from it, as in the bench of transfers; against
 * tar, which packs and unpacks them in the clear, alone and through age, and rclone crypt, which encrypts each for one
 * holder of a password. None of these moves them to another machine.
 */
export const smallFilesBench: Bench = async ({ quick, say }) => {
  const workspace = new Workspace();
  const remove = () => workspace.remove();
  process.once('exit', remove);
  try {
    const count = quick ? 500 : 5000;
    const root = workspace.path('plain');
    generate(root, count);
    say('founding a vault, depositing and releasing a version');
    const { deposit, fetch, target } = await busyVault(workspace, root, count * FILE_BYTES * 2);
    const { alternatives, missing } = await findAlternatives(workspace.path('others'), root);
    const others = alternatives.flatMap(({ what, deposit, fetch }) => [
      [`deposit by ${what}`, deposit] as const,
      [`fetch by ${what}`, fetch] as const,
    ]);
    const rounds = await race(
      { deposit, fetch: { ...fetch, after: aside(target) }, ...Object.fromEntries(others) } as Record<
        string,
        Contestant
      >,
      quick ? 1 : 3,
    );
    await workspace.stop();
    const scale = { unit: 'ms', work: count } as const;
    const rows = (['deposit', 'fetch'] as const).flatMap((does) =>
      alternatives.map(({ what }) => {
        const other = { what, rounds: rounds[`${does} by ${what}`] ?? [] };
        return row('small', `${does} one of ${count} files of 1 kB`, rounds[does] ?? [], scale, other);
      }),
    );
    return { rows, skipped: missing };
  } finally {
    process.off('exit', remove);
    remove();
  }
};

/**
 * Nothing is removed before the end: ext4 without a journal makes no file in the place of one that was removed within the
 * last minutes, and looks for another place for half a millisecond, whoever asks.
 */
function aside(path: string): () => void {
  let rounds = 0;
  return () => renameSync(path, `${path} ${rounds++}`);
}

function generate(root: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const folder = join(root, `part-${Math.floor(i / FILES_A_FOLDER)}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.json`), randomBytes(FILE_BYTES));
  }
}

async function findAlternatives(folder: string, root: string) {
  mkdirSync(folder);
  const [tar, age, rclone] = ['tar', 'age', 'rclone'].map(installed);
  const found = [
    tar == null ? null : await tarAlone(tar, folder, root),
    tar == null || age == null ? null : await tarAndAge(tar, age, folder, root),
    rclone == null ? null : await rcloneCrypt(rclone, folder, root),
  ];
  const missing: Skipped[] = [
    { found: tar, command: 'tar', what: 'tar' },
    { found: age, command: 'age', what: 'tar and age' },
    { found: rclone, command: 'rclone', what: 'rclone crypt' },
  ].flatMap(({ found: path, command, what }) =>
    path == null ? [{ bench: 'small', what, reason: `${command} is not installed: apt-get install ${command}` }] : [],
  );
  return { alternatives: found.filter((alternative) => alternative !== null), missing };
}

async function tarAlone(tar: string, folder: string, root: string): Promise<Alternative> {
  const pack = (to: string) => run(tar, ['-cf', to, '-C', root, '.']);
  return alternative('tar', folder, pack, (from, to) => run(tar, ['-xf', from, '-C', to]));
}

async function tarAndAge(tar: string, age: string, folder: string, root: string): Promise<Alternative> {
  const identity = join(folder, 'age.key');
  await run(`${age}-keygen`, ['--output', identity]);
  const recipient = (await run(`${age}-keygen`, ['-y', identity])).trim();
  const shell = (line: string, ...args: string[]) => run('/bin/sh', ['-c', line, 'sh', ...args]);
  return alternative(
    'tar and age',
    folder,
    (to) => shell('"$1" -cf - -C "$2" . | "$3" --recipient "$4" --output "$5"', tar, root, age, recipient, to),
    (from, to) => shell('"$1" --decrypt --identity "$2" "$3" | "$4" -xf - -C "$5"', age, identity, from, tar, to),
  );
}

/** One password, XSalsa20-Poly1305, from folder to folder. */
async function rcloneCrypt(rclone: string, folder: string, root: string): Promise<Alternative> {
  const password = (await run(rclone, ['obscure', randomBytes(32).toString('hex')])).trim();
  const remoteAt = (path: string) => ({
    RCLONE_CONFIG: join(folder, 'rclone.conf'),
    RCLONE_CONFIG_SEALED_TYPE: 'crypt',
    RCLONE_CONFIG_SEALED_REMOTE: path,
    RCLONE_CONFIG_SEALED_PASSWORD: password,
  });
  return alternative(
    'rclone crypt',
    folder,
    (to) => run(rclone, ['copy', root, 'sealed:'], remoteAt(to)),
    (from, to) => run(rclone, ['copy', 'sealed:', to], remoteAt(from)),
  );
}

/** `pack` makes what `unpack` takes; both are brought to the disk within the time. */
async function alternative(
  what: string,
  folder: string,
  pack: (to: string) => Promise<unknown>,
  unpack: (from: string, to: string) => Promise<unknown>,
): Promise<Alternative> {
  const [kept, made, opened] = ['kept', 'made', 'opened'].map((name) => join(folder, `${name} ${what}`)) as [
    string,
    string,
    string,
  ];
  await pack(kept);
  const toDisk = (path: string) => run('sync', ['--file-system', path]);
  return {
    what,
    deposit: {
      async act() {
        await pack(made);
        await toDisk(made);
      },
      after: aside(made),
    },
    fetch: {
      async act() {
        mkdirSync(opened);
        await unpack(kept, opened);
        await toDisk(opened);
      },
      after: aside(opened),
    },
  };
}
