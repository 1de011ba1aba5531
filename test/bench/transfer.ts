import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { approveAs } from '../../client/demo/approving.ts';
import { Workspace } from '../../client/demo/daemon.ts';
import { Narrator } from '../../client/demo/narrator.ts';
import { Stopwatch } from '../../client/demo/stopwatch.ts';
import { enrolMachines, found } from '../../client/demo/story.ts';
import { deposit } from '../../client/depositor/deposit.ts';
import { fetchRelease } from '../../client/host/fetch.ts';
import { requestRelease } from '../../client/host/request.ts';
import { SimulatedChip } from '../../client/host/simulated-chip.ts';
import { platformRandom } from '../../client/random.ts';
import { Replica } from '../../client/replica.ts';
import type { Verify } from '../../client/replay.ts';
import { SIMULATED_IMAGE } from '../../src/core/attest/simulated/report.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { type Alternative, findAlternatives } from './alternatives.ts';
import { type Contestant, race } from './measure.ts';
import { type Bench, row } from './row.ts';

const MIB = 2 ** 20;
const FILE = 'weights.bin';
const MODEL = 'acme/bench';
const PIECE_BYTES = 8 * MIB;
const LEASE_MS = 60 * 60_000;

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
    const megabytes = quick ? 128 : 1024;
    const root = workspace.path('plain');
    generate(root, megabytes);
    const folder = workspace.path('others');
    const vault = await prepare(workspace, root, say);
    const [certificate, key] = [workspace.path('vault', 'tls.crt'), workspace.path('vault', 'tls.key')];
    const { alternatives, missing, stop } = await findAlternatives({ folder, root, file: FILE, certificate, key });
    const others = Object.fromEntries(alternatives.map((alternative) => [nameOf(alternative), alternative]));
    say(`by turns: ${['deposit', 'fetch', ...Object.keys(others)].join(', ')}`);
    const contestants: Record<string, Contestant> = { deposit: vault.deposit, fetch: vault.fetch, ...others };
    const rounds = await race(contestants, quick ? 1 : 3);
    stop();
    await workspace.stop();
    const scale = { unit: 'MB/s', work: megabytes * MIB } as const;
    const of = (name: string) => rounds[name] ?? [];
    return {
      rows: alternatives.map((alternative) =>
        row('transfer', `${alternative.does} ${megabytes} MiB over loopback`, of(alternative.does), scale, {
          what: alternative.what,
          rounds: of(nameOf(alternative)),
        }),
      ),
      skipped: missing.map(({ command, what, package: name }) => ({
        bench: 'transfer',
        what,
        reason: `${command} is not installed: apt-get install ${name}`,
      })),
    };
  } finally {
    process.off('exit', remove);
    remove();
  }
};
