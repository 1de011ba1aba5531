import type { Hex } from '../../src/core/bytes.ts';
import { type Code, TwinlockError } from '../../src/core/errors.ts';
import type { Verify } from '../../src/core/signature/claim.ts';
import { type Person, personOf } from '../../src/core/state/checks/persons.ts';
import type { Discharger } from '../../src/core/state/discharge.ts';
import type { Facts } from '../../src/core/state/state.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../log/checkpoint-memory.ts';
import { Follower } from '../log/follower.ts';
import type { LogSource } from '../log/source.ts';
import { type Completeness, completenessOf, EMPTY_TALLY, tallied } from './completeness.ts';

/** The first thing that is wrong. */
interface Fault {
  /** Index of the entry; null where it is the checkpoint. */
  readonly entry: number | null;
  readonly code: Code;
  readonly message: string;
}

interface Integrity {
  /** `pass`: nothing altered, removed, reordered or forked; every signature, quorum and appraisal reached again. */
  readonly verdict: 'pass' | 'fail';
  readonly fault: Fault | null;
  /** What the entries were held against; null where there was none. */
  readonly checkpoint: VerifiedCheckpoint | null;
  readonly signatures: number;
  readonly appraisals: number;
}

/** Two verdicts, never one: that the log is true, and that what it began has come to an end. */
export interface AuditReport {
  readonly v: 1;
  readonly kind: 'audit';
  readonly fingerprint: Hex;
  /** Null where not even genesis is right. */
  readonly grade: Facts['genesis']['grade'] | null;
  /** When it was audited. */
  readonly at: number;
  /** Entries that are right, from the first on. */
  readonly entries: number;
  /** All persons whom the log names, the longest known first. */
  readonly persons: readonly Person[];
  readonly integrity: Integrity;
  readonly completeness: Completeness;
}

/** The input of an audit, besides the log. */
export interface AuditOptions {
  /** Given to the auditor, never learnt from the log. */
  readonly fingerprint: Hex;
  readonly verify: Verify | Discharger;
  readonly now: () => number;
  /** What was audited before: a log that is no continuation of it is at fault. Null to begin afresh. */
  readonly memory: CheckpointMemory | null;
  readonly onProgress?: (entries: number) => void;
}

/**
 * Replays a log from the fingerprint and reports. A fault of the log is a finding, not an exception; only what
 * keeps the log from being read throws (`unavailable`, `unauthenticated` and their like).
 */
export async function audit(source: LogSource, options: AuditOptions): Promise<AuditReport> {
  let tally = EMPTY_TALLY;
  const outside = new Outside();
  const follower = new Follower(outside.source(source), {
    ...options,
    memory: outside.memory(options.memory),
    observe: (entry, facts) => {
      tally = tallied(tally, entry, facts);
    },
  });
  const fault = await follower.follow().then(
    () => null,
    (error: unknown) => outside.faultOf(error),
  );
  const { state, size, signatures, appraisals, checkpoint } = follower;
  const at = options.now();
  return {
    v: 1,
    kind: 'audit',
    fingerprint: options.fingerprint,
    grade: state?.facts.genesis.grade ?? null,
    at,
    entries: size,
    persons: state === null ? [] : personsIn(state.facts),
    integrity: { verdict: fault === null ? 'pass' : 'fail', fault, checkpoint, signatures, appraisals },
    completeness: completenessOf(state?.facts ?? null, tally, at, fault === null),
  };
}

function personsIn(facts: Facts): readonly Person[] {
  const persons = facts.persons.keySeq().map((person) => personOf(facts, person));
  return persons.sortBy(({ firstSeen }) => firstSeen?.index ?? 0).toArray();
}

/** Tells what a log is at fault for from what keeps it from being read, and its checkpoint from being kept. */
class Outside {
  readonly #failures = new WeakSet<object>();

  source(source: LogSource): LogSource {
    return { page: (...asked) => this.#noted(source.page(...asked)) };
  }

  memory(memory: CheckpointMemory | null): CheckpointMemory | null {
    if (memory === null) return null;
    return {
      get: (...asked) => this.#noted(memory.get(...asked)),
      put: (...asked) => this.#noted(memory.put(...asked)),
    };
  }

  /** Throws what is no fault of the log. */
  faultOf(error: unknown): Fault {
    if (!(error instanceof TwinlockError) || this.#failures.has(error)) throw error;
    const { code, message, detail } = error;
    const entry = detail['entry'];
    return { entry: typeof entry === 'number' ? entry : null, code, message };
  }

  async #noted<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Error) this.#failures.add(error);
      throw error;
    }
  }
}
