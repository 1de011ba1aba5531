import { TwinlockError } from '../core/errors.ts';
import { readEndorsement, writeEndorsement } from './folder.ts';
import { askMirror, type Mirrors } from './mirror.ts';
import type { Get, Wanted } from './wanted.ts';

/** How long a mirror that did not answer is not asked the same again: 64 hosts ask at once. */
const PAUSE_MS = 30_000;

export interface Sources {
  /** What an operator put there; null for none. */
  readonly folder: string | null;
  /** Where answers of mirrors are kept. */
  readonly cache: string;
  readonly mirrors: Mirrors;
  readonly now: () => number;
}

interface Failure {
  readonly error: TwinlockError;
  readonly untilMs: number;
}

/**
 * Looks for endorsements: what came with the evidence, the operator's folder, the cache, a configured mirror, in
 * that order; the first that is in date is taken, else the one that was the longest. Nothing is trusted here:
 * what is wrong or out of date fails a rule of the appraisal, which says so. Without mirrors it is offline.
 */
export class Finder {
  readonly #sources: Sources;
  /** One question at a time for each file. */
  readonly #asking = new Map<string, Promise<Uint8Array | null>>();
  readonly #failures = new Map<string, Failure>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Null where nobody has it. Throws `unavailable` where only a mirror could, and it did not answer. */
  async find<V>(wanted: Wanted<V>, offered: Uint8Array | null): Promise<V | null> {
    const { folder, cache, now } = this.#sources;
    const places = [
      async () => offered,
      async () => (folder === null ? null : readEndorsement(folder, wanted.file)),
      async () => readEndorsement(cache, wanted.file),
    ];
    let best: V | null = null;
    for (const read of places) {
      const bytes = await read();
      const value = bytes === null ? null : wanted.parse(bytes);
      if (value === null) continue;
      if (wanted.endsMs(value) >= now()) return value;
      if (best === null || wanted.endsMs(value) > wanted.endsMs(best)) best = value;
    }
    return (await this.#fromMirror(wanted, best !== null)) ?? best;
  }

  async #fromMirror<V>(wanted: Wanted<V>, hasOther: boolean): Promise<V | null> {
    try {
      const bytes = await this.#asked(wanted);
      return bytes === null ? null : wanted.parse(bytes);
    } catch (error) {
      // What is out of date says more than a mirror that is silent.
      if (hasOther && error instanceof TwinlockError) return null;
      throw error;
    }
  }

  #asked<V>(wanted: Wanted<V>): Promise<Uint8Array | null> {
    const failure = this.#failures.get(wanted.file);
    if (failure !== undefined && failure.untilMs > this.#sources.now()) return Promise.reject(failure.error);
    this.#failures.delete(wanted.file);
    const running = this.#asking.get(wanted.file);
    if (running !== undefined) return running;
    const asking = this.#ask(wanted).finally(() => this.#asking.delete(wanted.file));
    this.#asking.set(wanted.file, asking);
    return asking;
  }

  async #ask<V>(wanted: Wanted<V>): Promise<Uint8Array | null> {
    const { cache, mirrors, now } = this.#sources;
    const ask: Get = Object.assign((vendor: keyof Mirrors, path: string) => askMirror(mirrors[vendor] as URL, path), {
      has: (vendor: keyof Mirrors) => mirrors[vendor] !== undefined,
    });
    const answer = wanted.fetch(ask);
    if (answer === null) return null;
    try {
      const bytes = await answer;
      const isRight = wanted.parse(bytes) !== null;
      if (!isRight) throw new TwinlockError('unavailable', `the mirror answered something else than ${wanted.what}`);
      await writeEndorsement(cache, wanted.file, bytes);
      return bytes;
    } catch (cause) {
      if (!(cause instanceof TwinlockError)) throw cause;
      const error = new TwinlockError('unavailable', `${wanted.what}: ${cause.message}; try again`, {}, { cause });
      if (this.#failures.size >= 1024) this.#failures.clear();
      this.#failures.set(wanted.file, { error, untilMs: now() + PAUSE_MS });
      throw error;
    }
  }
}
