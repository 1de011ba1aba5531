import type { Facts } from '../core/state/state.ts';
import type { Clocks, ClockWatch } from './clock-watch.ts';
import type { LogStore } from './ports.ts';
import type { Recorder } from './recorder.ts';

/** What keeps the vault from being ready, for anybody to read: no number, no name, no path. */
export type Unready = 'log' | 'fault' | 'behind' | 'jumped';

/** A write to the disk that waits for it: seldom enough to cost nothing, often enough for who asks every minute. */
const PROBE_EVERY_MS = 30_000;
/** A daemon whose rounds have come to a halt is not ready, whatever the last of them found. */
const PROBED_WITHIN_MS = 150_000;

interface Readable {
  readonly log: Pick<LogStore, 'probe'>;
  readonly recorder: Pick<Recorder, 'isInDoubt' | 'isStopUnsigned' | 'fault'> & {
    readonly state: { readonly facts: Facts } | null;
  };
  readonly watch: Pick<ClockWatch, 'standing'>;
}

/**
 * Whether the log can be written and the clock is sane. That the log has been replayed, the address says that answers.
 * A caller costs nothing: what they are told was found by the daemon's own rounds.
 */
export class Readiness {
  readonly #clocks: Pick<Clocks, 'monotonic'>;
  #nextProbeMs: number;
  /** When the log was last written on trial; null where that failed, and before it was tried. */
  #writtenMs: number | null = null;

  constructor(clocks: Pick<Clocks, 'monotonic'>) {
    this.#clocks = clocks;
    this.#nextProbeMs = clocks.monotonic();
  }

  /** To be called every few seconds: writes to the log's disk now and then. Throws what the store throws. */
  async look({ log }: Pick<Readable, 'log'>): Promise<void> {
    const nowMs = this.#clocks.monotonic();
    if (nowMs < this.#nextProbeMs) return;
    this.#nextProbeMs = nowMs + PROBE_EVERY_MS;
    this.#writtenMs = null;
    await log.probe();
    this.#writtenMs = nowMs;
  }

  /** Empty where the vault is ready; before genesis the clock is nobody's yet. */
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
