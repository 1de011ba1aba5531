import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { toHex, utf8 } from '../core/bytes.ts';
import { canonicalBytes, parseCanonical } from '../core/canonical.ts';
import { must } from '../core/errors.ts';
import { frame } from '../core/frame.ts';
import { frontierRoot } from '../core/log/merkle.ts';
import { digest, parseAs } from '../core/schema.ts';
import { decodeState, encodedPieces, MAX_STATE_BYTES, STATE_RULES } from '../core/state/snapshot.ts';
import type { State } from '../core/state/state.ts';
import { readBounded } from '../platform/files/bounded.ts';
import { syncFolder } from '../platform/files/sync-folder.ts';
import { systemError, systemName } from '../platform/files/system-error.ts';
import { writeAside } from '../platform/files/write-aside.ts';
import { inTurns } from '../platform/turns.ts';

/** In the data folder; may be deleted while the daemon is stopped: the next start replays the whole log then. */
export const SNAPSHOT_FILE = 'state.snapshot';

/** The names of unfinished files that a killed process leaves. */
const UNFINISHED = /^\.[0-9a-f]{16}\.aside$/;
const MAC_BYTES = 32;
const MAX_HEADER_BYTES = 1024;
const NEW_LINE = 0x0a;

const header = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-snapshot'),
  rules: z.int(),
  size: z.int().check(z.gte(1)),
  root: digest,
});

/**
 * A vault's state on its own disk (FORMAT.md, Snapshot), so that a start need not replay the log. The MAC is under a key
 * that is derived from the log's key: who can write the folder, and cannot read that key, makes no snapshot.
 */
export class SnapshotFile {
  readonly #path: string;
  readonly #key: Uint8Array;

  /** `seed` is that of the log's key, 32 bytes. */
  constructor(path: string, seed: Uint8Array) {
    this.#path = path;
    this.#key = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), frame('twinlock/v1/snapshot'), MAC_BYTES));
  }

  /**
   * The state that was last written; null where none is. Throws `digest_mismatch` where the MAC is not true,
   * `unsupported_version` for a snapshot of other rules, `too_large`, `malformed`, `not_canonical`, and what the system
   * says.
   */
  async read(): Promise<State | null> {
    const bytes = await this.#bytes();
    if (bytes === null) return null;
    const body = bytes.subarray(MAC_BYTES);
    const isOurs = bytes.length > MAC_BYTES && timingSafeEqual(bytes.subarray(0, MAC_BYTES), this.#macOf(body));
    must(isOurs, 'digest_mismatch', `${this.#path}: this log’s key did not make this snapshot, or it has been changed`);
    const end = body.subarray(0, MAX_HEADER_BYTES).indexOf(NEW_LINE);
    must(end !== -1, 'malformed', `${this.#path}: the snapshot has no header`);
    const { rules, size, root } = parseAs(header, parseCanonical(body.subarray(0, end), MAX_HEADER_BYTES), 'snapshot');
    must(
      rules === STATE_RULES,
      'unsupported_version',
      `${this.#path}: expected a snapshot of rules ${STATE_RULES}, got ${rules}`,
    );
    const state = decodeState(body.subarray(end + 1));
    const { frontier } = state.chain;
    const isAsNamed = frontier.size === size && toHex(frontierRoot(frontier)) === root;
    must(isAsNamed, 'malformed', `${this.#path}: the snapshot is of another size or root than its header says`);
    return state;
  }

  /**
   * Replaces what was written: whole and durable, or not at all. Other work goes on between the pieces of the state.
   * Throws `too_large` for what `read` would refuse, and what the system says.
   */
  async write(state: State): Promise<void> {
    const { frontier } = state.chain;
    const { size } = frontier;
    const named = { v: 1, kind: 'twinlock-snapshot', rules: STATE_RULES, size, root: toHex(frontierRoot(frontier)) };
    const mac = createHmac('sha256', this.#key);
    const body: Uint8Array[] = [];
    const add = (bytes: Uint8Array) => {
      mac.update(bytes);
      body.push(bytes);
    };
    add(canonicalBytes(named));
    add(Uint8Array.of(NEW_LINE));
    let stateBytes = 0;
    for await (const piece of inTurns(encodedPieces(state))) {
      const bytes = utf8(piece);
      stateBytes += bytes.length;
      must(
        stateBytes <= MAX_STATE_BYTES,
        'too_large',
        `${this.#path}: expected a state of at most ${MAX_STATE_BYTES} bytes, got ${stateBytes} and more`,
      );
      add(bytes);
    }
    await writeAside(this.#path, [mac.digest(), ...body]);
    await syncFolder(dirname(this.#path));
  }

  /** Removes what killed processes have left of snapshots. The caller holds the data folder alone. */
  async sweep(): Promise<void> {
    const folder = dirname(this.#path);
    const left = (await readdir(folder)).filter((name) => UNFINISHED.test(name));
    for (const name of left) await rm(join(folder, name));
  }

  /** The next start replays the whole log. */
  async discard(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #bytes(): Promise<Uint8Array | null> {
    const maxBytes = MAC_BYTES + MAX_HEADER_BYTES + MAX_STATE_BYTES;
    try {
      return (await readBounded(this.#path, maxBytes, { flags: constants.O_NOFOLLOW })).bytes;
    } catch (error) {
      if (systemName(error) === 'ENOENT') return null;
      throw systemError(error, this.#path);
    }
  }

  #macOf(body: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#key).update(body).digest();
  }
}
