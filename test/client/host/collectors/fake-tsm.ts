import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TsmFolder } from '../../../../client/host/collectors/configfs-tsm.ts';
import { concat, utf8 } from '../../../../src/core/bytes.ts';

/** What the platform below answers. */
export interface FakeKernel {
  readonly provider: string;
  /** From what was written: the report, and what comes with it; null where the file is not there. */
  answer(inblob: Uint8Array, privlevel: string | null): { outblob: Uint8Array; auxblob: Uint8Array | null };
  /** How often somebody else comes between, one entry each. */
  readonly disturbances?: number;
  /** Whether a privilege level is written before the blob. */
  readonly hasLevel?: boolean;
  readonly generation?: string;
}

/**
 * configfs-tsm-report as Linux shows it, of real files: each attribute is a pipe, at whose other end this answers
 * in the order that the kernel's documentation gives. A program that asks in another order waits for ever.
 */
export class FakeTsm {
  readonly folder: TsmFolder;
  readonly #kernel: FakeKernel;
  readonly #present = new Set<string>();
  #made = 0;

  constructor(kernel: FakeKernel) {
    this.#kernel = kernel;
    const root = mkdtempSync(join(tmpdir(), 'twinlock-tsm-'));
    this.folder = {
      root,
      make: async (path) => this.#make(path),
      remove: async (path) => {
        this.#present.delete(path);
        rmSync(path, { recursive: true });
      },
    };
  }

  /** Entries that were made. */
  get made(): number {
    return this.#made;
  }

  /** Entries that are still there. */
  get left(): readonly string[] {
    return readdirSync(this.folder.root);
  }

  close(): void {
    this.#present.clear();
    rmSync(this.folder.root, { recursive: true });
  }

  #make(path: string): void {
    if (!/^twinlock-[0-9a-f]{16}$/.test(basename(path))) throw new Error(`an entry of another name: ${path}`);
    mkdirSync(path);
    const { auxblob } = this.#kernel.answer(new Uint8Array(64), null);
    const outputs = ['provider', 'generation', 'outblob', ...(auxblob === null ? [] : ['auxblob'])];
    const inputs = ['inblob', ...(this.#kernel.hasLevel === true ? ['privlevel'] : [])];
    execFileSync(
      'mkfifo',
      [...outputs, ...inputs].map((name) => join(path, name)),
    );
    this.#made++;
    this.#present.add(path);
    void this.#serve(path, this.#made <= (this.#kernel.disturbances ?? 0));
  }

  async #serve(entry: string, isDisturbed: boolean): Promise<void> {
    const { provider, answer, hasLevel = false, generation = '7' } = this.#kernel;
    await this.#show(entry, 'provider', utf8(`${provider}\n`));
    await this.#show(entry, 'generation', utf8(`${generation}\n`));
    const level = hasLevel ? new TextDecoder().decode(await this.#take(entry, 'privlevel')) : null;
    const inblob = await this.#take(entry, 'inblob');
    const { outblob, auxblob } = answer(inblob, level);
    await this.#show(entry, 'outblob', outblob);
    if (auxblob !== null && provider === 'sev_guest') await this.#show(entry, 'auxblob', auxblob);
    const writes = (hasLevel ? 2 : 1) + (isDisturbed ? 1 : 0);
    await this.#show(entry, 'generation', utf8(`${Number(generation) + writes}\n`));
  }

  /** To the one that reads it next. */
  async #show(entry: string, name: string, content: Uint8Array): Promise<void> {
    await this.#whilePresent(entry, () => {
      const file = openSync(join(entry, name), constants.O_WRONLY | constants.O_NONBLOCK);
      if (content.length > 0) writeSync(file, content);
      closeSync(file);
      return true;
    });
  }

  /** What the next one writes, to its end. */
  async #take(entry: string, name: string): Promise<Uint8Array> {
    let taken = new Uint8Array(0);
    let file: number | null = null;
    await this.#whilePresent(entry, () => {
      file ??= openSync(join(entry, name), constants.O_RDONLY | constants.O_NONBLOCK);
      const chunk = new Uint8Array(4096);
      const length = readSync(file, chunk);
      taken = concat(taken, chunk.subarray(0, length)) as Uint8Array<ArrayBuffer>;
      return taken.length > 0 && length === 0;
    });
    if (file !== null) closeSync(file);
    return taken;
  }

  /** Until `act` is through, or the entry is gone. A pipe without a reader or writer yet says so. */
  async #whilePresent(entry: string, act: () => boolean): Promise<void> {
    while (this.#present.has(entry)) {
      try {
        if (act()) return;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENXIO' && code !== 'EAGAIN') throw error;
      }
      await sleep(1);
    }
  }
}
