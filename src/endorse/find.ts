import type { Ask, MirrorAnswer, Wanted } from '../core/attest/kit/wanted.ts';
import { TwinlockError } from '../core/errors.ts';
import { Queue } from '../platform/queue.ts';
import { Cache } from './cache.ts';
import { readEndorsement } from './folder.ts';
import { askMirror, type Mirrors, saysNone } from './mirror.ts';
import { isInDate, newest } from './newest.ts';

/** How long a mirror that did not answer is not asked the same again: 64 hosts ask at once. */
const PAUSE_MS = 30_000;
/** How long what the vault has needs no renewal: vendors revoke and reissue long before a list ends. */
const REFRESH_MS = 24 * 3_600_000;
const MAX_FAILURES = 1024;
/** Vendors turn away who asks for too much at a time; the others wait for their turn. */
const MAX_QUESTIONS = 8;
/** More than a fleet asks for when it starts. */
const MAX_WAITING = 1024;

export interface Sources {
  /** The operator's folder; null for none. */
  readonly folder: string | null;
  /** Where answers of mirrors are kept. */
  readonly cache: string;
  readonly mirrors: Mirrors;
  readonly now: () => number;
  /** Milliseconds by a clock that is never set: one that was wrong for a moment keeps no mirror from being asked. */
  readonly monotonic: () => number;
}

interface Failure {
  readonly error: TwinlockError;
  readonly untilMs: number;
}

/** The endorsements that the vault has itself. */
interface Held<V> {
  /** The operator's before the cache's. */
  readonly values: readonly V[];
  /** When a mirror's answer or the operator last put it there; null for never. */
  readonly renewedMs: number | null;
}

/**
 * Looks for endorsements in the operator's folder, in the cache, at a configured mirror and in what came with the
 * evidence, and takes the newest that is in date, on a tie the vault's own: a host that brings what is in date yet
 * older than what the vault has would hide what was revoked in between. Nothing is trusted here, and no signature
 * is looked at: what is wrong fails a rule of the appraisal, which says so. So a host that brings a forgery with a
 * late date spoils its own appraisal, and nothing of it is kept. Without mirrors it is offline.
 */
export class Finder {
  readonly #sources: Sources;
  readonly #cache: Cache;
  readonly #questions = new Queue({ atOnce: MAX_QUESTIONS, maxWaiting: MAX_WAITING });
  /** One at a time of each question. */
  readonly #asking = new Map<string, Promise<Uint8Array | null>>();
  readonly #failures = new Map<string, Failure>();

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#cache = new Cache(sources.cache);
  }

  /**
   * `offered` is what came with the evidence, attacker-controlled. Null where no source has it; a mirror that
   * answers 404 says that it does not. Throws `unavailable` where only a mirror could, and it did not answer.
   */
  async find<V>(wanted: Wanted<V>, offered: V | null): Promise<V | null> {
    const { values, renewedMs } = await this.#held(wanted);
    const brought = offered === null ? [] : [offered];
    const best = this.#newest(wanted, [...values, ...brought]);
    if (best !== null && !this.#isDue(wanted, best, renewedMs)) return best;
    const answer = await this.#fromMirror(wanted, best !== null);
    return answer === null ? best : this.#newest(wanted, [...values, answer, ...brought]);
  }

  async #held<V>(wanted: Wanted<V>): Promise<Held<V>> {
    const { folder } = this.#sources;
    const inFolder =
      folder === null ? [] : await Promise.all(wanted.files.map((file) => readEndorsement(folder, file)));
    const cached = await this.#cache.read(wanted.files[0]);
    const held = [...inFolder, cached].flatMap((file) => {
      const value = file === null ? null : wanted.parse(file.bytes);
      return file === null || value === null ? [] : [{ value, modifiedMs: file.modifiedMs }];
    });
    const values = held.map(({ value }) => value);
    return { values, renewedMs: held.length === 0 ? null : Math.max(...held.map(({ modifiedMs }) => modifiedMs)) };
  }

  #newest<V>(wanted: Wanted<V>, values: readonly V[]): V | null {
    return newest(values, (value) => wanted.dates(value), this.#sources.now());
  }

  /** Whether a mirror, where there is one, is asked although `best` is at hand. */
  #isDue<V>(wanted: Wanted<V>, best: V, renewedMs: number | null): boolean {
    const nowMs = this.#sources.now();
    if (!isInDate(wanted.dates(best), nowMs)) return true;
    if (!wanted.isReissued) return false;
    const isRecent = renewedMs !== null && renewedMs <= nowMs && nowMs - renewedMs < REFRESH_MS;
    return !isRecent;
  }

  async #fromMirror<V>(wanted: Wanted<V>, hasOther: boolean): Promise<V | null> {
    try {
      const bytes = await this.#asked(wanted);
      return bytes === null ? null : wanted.parse(bytes);
    } catch (error) {
      // What is at hand says more than a mirror that is silent, which may have it yet; one that says that it has no
      // such thing has answered.
      if (saysNone(error) || (hasOther && error instanceof TwinlockError)) return null;
      throw error;
    }
  }

  #asked<V>(wanted: Wanted<V>): Promise<Uint8Array | null> {
    const { question } = wanted;
    const failure = this.#failures.get(question);
    if (failure !== undefined && failure.untilMs > this.#sources.monotonic()) return Promise.reject(failure.error);
    this.#failures.delete(question);
    const running = this.#asking.get(question);
    if (running !== undefined) return running;
    const asking = this.#ask(wanted).finally(() => this.#asking.delete(question));
    this.#asking.set(question, asking);
    return asking;
  }

  async #ask<V>(wanted: Wanted<V>): Promise<Uint8Array | null> {
    const { mirrors, monotonic } = this.#sources;
    const asks = wanted.asks.filter(({ vendor }) => mirrors[vendor] !== undefined);
    if (asks.length === 0) return null;
    try {
      return await this.#keep(wanted, wanted.fileOf(await this.#answer(asks)));
    } catch (cause) {
      if (!(cause instanceof TwinlockError)) throw cause;
      const error = new TwinlockError('unavailable', `${wanted.what}: ${cause.message}; try again`, cause.detail, {
        cause,
      });
      if (this.#failures.size >= MAX_FAILURES) this.#failures.clear();
      this.#failures.set(wanted.question, { error, untilMs: monotonic() + PAUSE_MS });
      throw error;
    }
  }

  /** The answer of the first mirror that does not say that it has no such thing. */
  async #answer([first, ...others]: readonly Ask[]): Promise<MirrorAnswer> {
    const { vendor, path } = first as Ask;
    try {
      return await this.#questions.run(() => askMirror(this.#sources.mirrors[vendor] as URL, path));
    } catch (error) {
      if (others.length === 0 || !saysNone(error)) throw error;
      return this.#answer(others);
    }
  }

  /** A mirror that has fallen behind takes nothing back: the newer of its answer and what the cache had is kept. */
  async #keep<V>(wanted: Wanted<V>, answer: Uint8Array): Promise<Uint8Array> {
    const [file] = wanted.files;
    const value = wanted.parse(answer);
    if (value === null) {
      throw new TwinlockError('unavailable', `the mirror answered something else than ${wanted.what}`);
    }
    const cached = (await this.#cache.read(file))?.bytes ?? null;
    const before = cached === null ? null : wanted.parse(cached);
    const isOlder = before !== null && this.#newest(wanted, [value, before]) === before;
    const bytes = isOlder && cached !== null ? cached : answer;
    await this.#cache.write(file, bytes, this.#sources.now());
    return bytes;
  }
}
