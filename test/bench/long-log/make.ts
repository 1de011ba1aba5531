import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex, type Hex, toHex } from '../../../src/core/bytes.ts';
import { signCheckpoint } from '../../../src/core/log/checkpoint.ts';
import { leafHash } from '../../../src/core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE } from '../../../src/core/log/tiles.ts';
import { objectsNamed } from '../../../src/core/state/apply.ts';
import { LOG_KEY_FILE, TLS_CERTIFICATE_FILE, TLS_KEY_FILE } from '../../../src/founding/initialise.ts';
import { selfSigned } from '../../../src/http/certificate.ts';
import { openStore } from '../../../src/store/open.ts';
import { VaultInUse } from './vault-in-use.ts';

const BATCH_ENTRIES = 4096;
const NONE = { envelopes: [], hostShares: [], tokens: [], erase: [] };

/**
 * Makes a data folder of a daemon: a log of `entries` entries, what it names beside it, and the keys. About a
 * thousand entries a second; the log is never in memory as a whole.
 */
export async function makeDataFolder(dataDir: string, entries: number, say: (line: string) => void): Promise<void> {
  const store = openStore(dataDir);
  let edge = EMPTY_EDGE;
  let batch: { index: number; bytes: Uint8Array }[] = [];
  let objects = new Map<Hex, Uint8Array>();
  const commit = async ({ founding }: VaultInUse, { root, ...named }: ReturnType<VaultInUse['checkpoint']>) => {
    const after = appendToTiles(
      edge,
      batch.map(({ bytes }) => leafHash(bytes)),
    );
    const checkpoint = signCheckpoint({ ...named, root: fromHex(root) }, founding.logSeed);
    await store.log.commit({ ...NONE, entries: batch, tiles: after.tiles, objects, checkpoint });
    edge = after.edge;
    batch = [];
    objects = new Map();
  };
  const began = performance.now();
  try {
    let living: VaultInUse | null = null;
    const world = await VaultInUse.live(
      entries,
      (bytes, entry, vault) => {
        living = vault;
        batch.push({ index: entry.index, bytes });
        for (const digest of objectsNamed(entry)) objects.set(digest, vault.objects.get(digest) ?? new Uint8Array(0));
      },
      async () => {
        if (batch.length < BATCH_ENTRIES || living === null) return;
        await commit(living, living.checkpoint());
        say(progress(living.size, entries, (performance.now() - began) / 1000));
      },
    );
    await commit(world, world.checkpoint());
    await writeKeys(dataDir, world.founding.logSeed);
  } finally {
    store.close();
  }
}

function progress(size: number, of: number, seconds: number): string {
  const left = (seconds / size) * (of - size);
  return `${size} of ${of} entries, ${Math.round(size / seconds)} a second, ${Math.ceil(left / 60)} min left`;
}

async function writeKeys(dataDir: string, seed: Uint8Array): Promise<void> {
  const tls = await selfSigned(['127.0.0.1'], Date.now());
  const files = {
    [TLS_KEY_FILE]: tls.key,
    [TLS_CERTIFICATE_FILE]: tls.certificate,
    [LOG_KEY_FILE]: `${toHex(seed)}\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dataDir, name), text, { mode: 0o600 });
}
