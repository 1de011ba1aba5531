import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Workspace } from '../../demo/daemon.ts';
import { type Alternative, findAlternatives } from './alternatives.ts';
import { busyVault } from './busy-vault.ts';
import { type Contestant, race } from './measure.ts';
import { type Bench, row } from './row.ts';

const MIB = 2 ** 20;
const PIECE_BYTES = 8 * MIB;
const FILE = 'weights.bin';

/**
 * One file of 1 GiB deposited in a vault and fetched from it, over TLS on loopback: the daemon is a process of
 * its own, the clients run in this one. A deposit reads, encrypts, sends, and ends when the version is recorded
 * and its ciphertext on disk; a fetch begins with the hand-over (authority chain, shares) and ends with the
 * plaintext on disk, its leaves, tags and SHA-256 checked.
 *
 * Against what one would use without a vault, from the same file on the same disk, by turns: nginx and curl,
 * which move the plaintext; age and rclone crypt, which encrypt it for one holder of a key and move it nowhere.
 * Their output is synced within the time, since ours is. TMPDIR says on which disk; each deposit stays there
 * until the end, 1 GiB a round.
 */
export const transferBench: Bench = async ({ quick, say }) => {
  const workspace = new Workspace();
  const remove = () => workspace.remove();
  process.once('exit', remove);
  try {
    const mebibytes = quick ? 128 : 1024;
    const bytes = mebibytes * MIB;
    const root = workspace.path('plain');
    generate(root, bytes);
    say('founding a vault, depositing and releasing a version');
    const { deposit, fetch } = await busyVault(workspace, root, bytes);
    const { alternatives, missing, stop } = await findAlternatives({
      ...{ folder: workspace.path('others'), root, file: FILE },
      ...{ certificate: workspace.path('vault', 'tls.crt'), key: workspace.path('vault', 'tls.key') },
    });
    const others = Object.fromEntries(alternatives.map((alternative) => [nameOf(alternative), alternative]));
    const contestants: Record<string, Contestant> = { deposit, fetch, ...others };
    say(`by turns: ${Object.keys(contestants).join(', ')}`);
    const rounds = await race(contestants, quick ? 1 : 3);
    stop();
    await workspace.stop();
    const roundsOf = (name: string) => rounds[name] ?? [];
    const scale = { unit: 'MB/s', work: bytes } as const;
    const line = (does: Alternative['does'], alternative: Parameters<typeof row>[4]) =>
      row('transfer', `${does} ${mebibytes} MiB, TLS on loopback`, roundsOf(does), scale, alternative);
    const compared = (['deposit', 'fetch'] as const).flatMap((does) => {
      const same = alternatives.filter((alternative) => alternative.does === does);
      if (same.length === 0) return [line(does, null)];
      return same.map((other) => line(does, { what: other.what, rounds: roundsOf(nameOf(other)) }));
    });
    return { rows: compared, skipped: missing };
  } finally {
    process.off('exit', remove);
    remove();
  }
};

function nameOf({ does, what }: Alternative): string {
  return `${does} by ${what}`;
}

/** Random, as weights nearly are: nothing compresses it. */
function generate(folder: string, bytes: number): void {
  mkdirSync(folder);
  const file = openSync(join(folder, FILE), 'w');
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < bytes; at += piece.length) writeSync(file, randomFillSync(piece));
  closeSync(file);
}
