import type { Facts } from '../core/state/state.ts';
import type { Clocks, ClockWatch } from './clock-watch.ts';
import type { LogStore } from './ports.ts';
import type { Recorder } from './recorder.ts';

/** Reasons why the vault is not ready. They are public, so they hold no number, name or path. */
export type Unready = 'log' | 'fault' | 'behind' | 'jumped';

/** Time between two synced test writes to the disk: rare enough to cost little, and fresh for a check every minute. */
const PROBE_EVERY_MS = 30_000;
/** If the last test write is older than this, upkeep has halted, and the vault is not ready. */
const PROBED_WITHIN_MS = 150_000;

interface Readable {
  readonly log: Pick<LogStore, 'probe'>;
  readonly recorder: Pick<Recorder, 'isInDoubt' | 'isStopUnsigned' | 'fault'> & {
    readonly state: { readonly facts: Facts } | null;
  };
  readonly watch: Pick<ClockWatch, 'standing'>;
}

/**
 * Knows whether the log can be written and the clock is sane. The daemon opens its address only after it has replayed
 * the log, so this need not check that. The answers come from the daemon's own rounds, so a caller causes no work.
 */
export class Readiness {
  readonly #clocks: Pick<Clocks, 'monotonic'>;
  #nextProbeMs: number;
  /** Time of the last test write on the monotonic clock; null before the first, and after one that failed. */
  #writtenMs: number | null = null;

  constructor(clocks: Pick<Clocks, 'monotonic'>) {
    this.#clocks = clocks;
    this.#nextProbeMs = clocks.monotonic();
  }

  /** Tests the log's disk with a write when one is due. Upkeep calls it every few seconds. Throws as the store does. */
  async look({ log }: Pick<Readable, 'log'>): Promise<void> {
    const nowMs = this.#clocks.monotonic();
    if (nowMs < this.#nextProbeMs) return;
    this.#nextProbeMs = nowMs + PROBE_EVERY_MS;
    this.#writtenMs = null;
    await log.probe();
    this.#writtenMs = nowMs;
  }

  /** Returns the reasons why the vault is not ready; empty if it is ready. Before genesis the clock is not judged. */
  unready({ recorder, watch }: Readable): readonly Unready[] {
    const isProbed = this.#writtenMs !== null && this.#clocks.monotonic() - this.#writtenMs < PROBED_WITHIN_MS;
    const standing = recorder.state === null ? 'confirmed' : watch.standing(recorder.state.facts);
    return [
      ...(isProbed && !recorder.isInDoubt && !recorder.isStopUnsigned ? [] : (['log'] as const)),
      ...(recorder.fault === null ? [] : (['fault'] as const)),
      ...(standing === 'behind' || standing === 'jumped' ? [standing] : []),
    ];
  }
}
