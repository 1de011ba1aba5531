import { fromBase64url, type Hex } from '../../src/core/bytes.ts';
import { counted } from '../../src/core/counted.ts';
import { type Code, must, TwinlockError } from '../../src/core/errors.ts';
import { type Person, personOf } from '../../src/core/state/persons.ts';
import type { Facts, State } from '../../src/core/state/state.ts';
import type { Api } from '../api.ts';
import type { CheckpointMemory, VerifiedCheckpoint } from '../checkpoint-memory.ts';
import { openLogCheckpoint, type Replayed, replay, rootAt, type Verify } from '../replay.ts';
import { type Completeness, completenessOf, EMPTY_TALLY, type Tally, tallied } from './completeness.ts';

/** A piece of a log, from the entry that was asked for; all of it is attacker-controlled. */
export interface LogPage {
  /** Entries as the text that was hashed; none past the end. */
  readonly entries: readonly string[];
  readonly objects: ReadonlyMap<Hex, Uint8Array>;
  /** Signed note; null where there is none, and then nothing shows that entries were cut off the end. */
  readonly checkpoint: string | null;
}

/** Where a log is read from: a vault, or what somebody kept of one. */
export interface AuditSource {
  page(from: number): Promise<LogPage>;
}

const PAGE_ENTRIES = 500;
/** A live vault may record something between a page and its checkpoint. */
const MAX_CHASES = 10;

export function vaultSource(api: Api): AuditSource {
  return {
    async page(from) {
      const { entries, objects, checkpoint } = await api.entries(from, PAGE_ENTRIES);
      const decoded = Object.entries(objects).map(([digest, text]) => [digest, fromBase64url(text)] as const);
      return { entries, checkpoint, objects: new Map(decoded) };
    },
  };
}

/** A log that is at hand as a whole. */
export function keptSource(log: LogPage): AuditSource {
  return { page: async (from) => ({ ...log, entries: log.entries.slice(from, from + PAGE_ENTRIES) }) };
}

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
  /** Everybody whom the log names, the longest known first. */
  readonly persons: readonly Person[];
  readonly integrity: Integrity;
  readonly completeness: Completeness;
}

export interface AuditOptions {
  /** Given to the auditor, never learnt from the log. */
  readonly fingerprint: Hex;
  readonly verify: Verify;
  readonly now: () => number;
  /** What was audited before: a log that is no continuation of it is at fault. Null to begin afresh. */
  readonly memory: CheckpointMemory | null;
  readonly onProgress?: (entries: number) => void;
}

/**
 * Replays a log from the fingerprint and reports. A fault of the log is a finding, not an exception; only what
 * keeps the log from being read throws (`unavailable`, `unauthenticated` and their like).
 */
export async function audit(source: AuditSource, options: AuditOptions): Promise<AuditReport> {
  const progress = new Progress(options.fingerprint);
  const fault = await readAll(source, options, progress);
  const { state, tally, signatures, appraisals, checkpoint } = progress;
  const at = options.now();
  if (fault === null && state !== null && checkpoint !== null) {
    await options.memory?.put(options.fingerprint, checkpoint);
  }
  return {
    v: 1,
    kind: 'audit',
    fingerprint: options.fingerprint,
    grade: state?.facts.genesis.grade ?? null,
    at,
    entries: progress.size,
    persons: state === null ? [] : personsIn(state.facts),
    integrity: { verdict: fault === null ? 'pass' : 'fail', fault, checkpoint, signatures, appraisals },
    completeness: completenessOf(state?.facts ?? null, tally, at, fault === null),
  };
}

function personsIn(facts: Facts): readonly Person[] {
  const persons = facts.persons.keySeq().map((person) => personOf(facts, person));
  return persons.sortBy(({ firstSeen }) => firstSeen?.index ?? 0).toArray();
}

/** What has been found right so far. */
class Progress {
  readonly fingerprint: Hex;
  state: State | null = null;
  tally: Tally = EMPTY_TALLY;
  signatures = 0;
  appraisals = 0;
  checkpoint: VerifiedCheckpoint | null = null;

  constructor(fingerprint: Hex) {
    this.fingerprint = fingerprint;
  }

  get size(): number {
    return this.state?.chain.frontier.size ?? 0;
  }

  /** Takes what is right of `texts`. Returns the fault at which it ended, or null. */
  async take(texts: readonly string[], objects: LogPage['objects'], verify: Verify): Promise<Fault | null> {
    let { tally } = this;
    let replayed: Replayed;
    try {
      replayed = await replay(this.state, texts, objects, verify, (entry, facts) => {
        tally = tallied(tally, entry, facts);
      });
    } catch (error) {
      const fault = faultOf(error);
      const right = texts.slice(0, (fault.entry ?? 0) - this.size);
      if (right.length > 0) await this.take(right, objects, verify);
      return fault;
    }
    const { vault } = replayed.state.facts;
    if (vault !== this.fingerprint) {
      const message = `entry 0: expected the vault ${this.fingerprint}, got the log of ${vault}`;
      return { entry: 0, code: 'wrong_genesis', message };
    }
    this.state = replayed.state;
    this.tally = tally;
    this.signatures += replayed.signatures;
    this.appraisals += replayed.appraisals;
    return null;
  }
}

async function readAll(source: AuditSource, options: AuditOptions, progress: Progress): Promise<Fault | null> {
  const { memory, fingerprint, verify, onProgress } = options;
  const remembered = (await memory?.get(fingerprint)) ?? null;
  for (let chases = 0; chases < MAX_CHASES; ) {
    const page = await source.page(progress.size);
    if (page.entries.length > 0) {
      const fault = await progress.take(page.entries, page.objects, verify);
      onProgress?.(progress.size);
      if (fault !== null) return fault;
      continue;
    }
    chases++;
    const { state } = progress;
    if (state === null) return { entry: 0, code: 'wrong_genesis', message: 'the log is empty' };
    try {
      progress.checkpoint = page.checkpoint === null ? null : openLogCheckpoint(state, page.checkpoint);
      if (isWhole(state, progress.checkpoint, remembered)) return null;
    } catch (error) {
      return faultOf(error);
    }
  }
  return { entry: null, code: 'rolled_back', message: 'entries that the checkpoint counts are held back' };
}

/** Whether the checkpoint is of these entries and of no more. Throws where it never can be. */
function isWhole(state: State, checkpoint: VerifiedCheckpoint | null, remembered: VerifiedCheckpoint | null): boolean {
  const { size } = state.chain.frontier;
  if (remembered !== null) {
    const isKept = size >= remembered.size && rootAt(state, remembered.size) === remembered.root;
    must(
      isKept,
      'rolled_back',
      `the first ${counted(remembered.size, 'entry', 'entries')} are not as they were audited before`,
    );
  }
  if (checkpoint === null) return true;
  must(
    checkpoint.size >= size,
    'checkpoint_invalid',
    `the log has ${counted(size, 'entry', 'entries')}, the checkpoint is of ${checkpoint.size}`,
  );
  if (checkpoint.size > size) return false;
  must(rootAt(state, size) === checkpoint.root, 'checkpoint_invalid', 'the checkpoint is not of these entries');
  return true;
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof TwinlockError)) throw error;
  const { code, message, detail } = error;
  const entry = detail['entry'];
  return { entry: typeof entry === 'number' ? entry : null, code, message };
}
