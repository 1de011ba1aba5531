import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { TwinlockError } from '../../src/core/errors.ts';
import { type Checkpoint, signCheckpoint } from '../../src/core/log/checkpoint.ts';
import { type EntryDraft, parseEntry } from '../../src/core/log/entry.ts';
import { frontierRoot } from '../../src/core/log/merkle.ts';
import type { TileName } from '../../src/core/log/tiles.ts';
import { openWithLogKey } from '../../src/core/state/log-checkpoint.ts';
import type { State } from '../../src/core/state/state.ts';
import { localSigner } from '../../src/data-folder/log-signer.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { MAX_UNSIGNED_STOPS } from '../../src/vault/limits.ts';
import type { Batch, LogStore } from '../../src/vault/ports.ts';
import { type Recorded, Recorder, type RecorderPorts } from '../../src/vault/recorder.ts';
import { HOUR_MS } from '../world/founding.ts';
import { publishedWorld, World } from '../world/world.ts';

/** How a commit fails: with nothing stored, or with everything stored and the answer lost. */
type Fault = 'failed' | 'failed but persisted';
const FAULTS: readonly Fault[] = ['failed', 'failed but persisted'];
const HEARTBEAT: EntryDraft = { kind: 'heartbeat', body: {} };
const code = (name: string) => expect.objectContaining({ code: name });

/** A log in memory. `faults` are used up by the next commits; `isDown` also stops it from being read. */
class MemoryLog implements Pick<LogStore, 'commit' | 'size' | 'entries' | 'tile' | 'checkpoint' | 'objects'> {
  readonly batches: Batch[] = [];
  readonly faults: Fault[] = [];
  isDown = false;
  hasLostCheckpoint = false;

  async commit(batch: Batch): Promise<void> {
    const fault = this.faults.shift();
    if (fault !== 'failed') this.batches.push(batch);
    // A store of its own time, so that acts which do not wait for each other would show.
    await new Promise(setImmediate);
    if (fault !== undefined) throw new TwinlockError('storage_full', `the commit ${fault}`);
  }
  async size(): Promise<number> {
    if (this.isDown) throw new TwinlockError('unavailable', 'the store does not answer');
    return this.#entries.length;
  }
  async entries(from: number, limit: number) {
    return this.#entries.slice(from, from + limit);
  }
  async tile({ level, index }: TileName): Promise<Uint8Array | null> {
    const all = this.batches.flatMap(({ tiles }) => tiles);
    return all.findLast((tile) => tile.level === level && tile.index === index)?.hashes ?? null;
  }
  async checkpoint(): Promise<Uint8Array | null> {
    return this.hasLostCheckpoint ? null : (this.batches.at(-1)?.checkpoint ?? null);
  }
  async objects(digests: readonly string[]) {
    const all = new Map(this.batches.flatMap(({ objects }) => [...objects]));
    return new Map(digests.flatMap((digest) => [[digest, all.get(digest)] as const])) as Map<string, Uint8Array>;
  }
  get #entries() {
    return this.batches.flatMap(({ entries }) => entries);
  }
}

let world: World;
beforeAll(async () => {
  world = await World.found();
});

interface Recording {
  readonly log: MemoryLog;
  readonly ports: RecorderPorts;
  readonly recorder: Recorder;
  readonly clock: { nowMs: number };
}

/** A recorder that has founded the world's vault. */
const founded = () => recorded(world);

/** A recorder that has recorded a world's whole log. */
async function recorded(of: World): Promise<Recording> {
  const log = new MemoryLog();
  const clock = { nowMs: of.now };
  const ports: RecorderPorts = {
    log: log as unknown as LogStore,
    clock: { now: () => clock.nowMs },
    verify: verifyNode,
    signer: localSigner(of.founding.logSeed),
  };
  const recorder = await Recorder.open(ports);
  for (const bytes of of.log) {
    const { kind, body, time } = parseEntry(bytes);
    clock.nowMs = time;
    await recorder.record(() => ({ objects: of.objects, drafts: [{ kind, body } as EntryDraft] }));
  }
  return { log, ports, recorder, clock };
}

const beat = (recorder: Recorder) => recorder.record(() => ({ drafts: [HEARTBEAT] }));

/** What a daemon that starts now finds: the whole log, replayed and verified. */
async function reopened(ports: RecorderPorts, recorder: Recorder): Promise<void> {
  const again = await Recorder.open(ports);
  expect(again.size).toBe(recorder.size);
  expect(again.committed).toEqual(recorder.committed);
  const { frontier } = (recorder.state as State).chain;
  expect(await again.proofs.rootAt(again.size)).toEqual(frontierRoot(frontier));
}

test('before genesis there is no state and no checkpoint, and nothing but genesis is recorded', async () => {
  const { ports } = await founded();
  const empty = await Recorder.open({ ...ports, log: new MemoryLog() as unknown as LogStore });
  expect(empty.state).toBeNull();
  expect(() => empty.facts).toThrow(code('genesis_incomplete'));
  expect(() => empty.committed).toThrow(code('genesis_incomplete'));
  await expect(beat(empty)).rejects.toThrow(code('wrong_genesis'));
});

describe('an error of the engine, whose stack or memory is at its end', () => {
  const exhausted = new RangeError('Maximum call stack size exceeded');
  const failing = (ports: RecorderPorts): RecorderPorts => ({
    ...ports,
    verify: () => {
      throw exhausted;
    },
  });

  test('is no verdict on an act: nothing is recorded, and the next act is', async () => {
    const { log, ports, recorder, clock } = await founded();
    let isFailing = false;
    const faulty = await Recorder.open({
      ...ports,
      verify: (claim) => (isFailing ? failing(ports) : ports).verify(claim),
    });
    isFailing = true;
    const draft = await world.draftStop(world.stop('all', '00'.repeat(32), world.founder('ana')));
    const act = () => ({ drafts: [draft] });
    const stored = log.batches.length;
    await expect(faulty.record(act)).rejects.toBe(exhausted);
    expect([faulty.size, log.batches.length]).toEqual([recorder.size, stored]);
    isFailing = false;
    clock.nowMs += 1;
    expect((await faulty.record(act)).index).toBe(recorder.size);
    await reopened(ports, faulty);
  });

  test('ends a replay as it came, and judges no entry', async () => {
    const { ports } = await founded();
    await expect(Recorder.open(failing(ports))).rejects.toBe(exhausted);
  });
});

describe('a commit that fails', () => {
  for (const fault of FAULTS) {
    test(`${fault}: the act is refused, and the next takes its right place`, async () => {
      const { log, ports, recorder } = await founded();
      log.faults.push(fault);
      await expect(beat(recorder)).rejects.toThrow(code('storage_full'));
      expect(recorder.size).toBe(fault === 'failed' ? 1 : 2);
      await reopened(ports, recorder);
      const { index } = await beat(recorder);
      expect(index).toBe(fault === 'failed' ? 1 : 2);
      await reopened(ports, recorder);
    });

    test(`${fault}, and the store answers nothing for a while: nothing is decided on an old state`, async () => {
      const { log, ports, recorder } = await founded();
      log.faults.push(fault);
      log.isDown = true;
      await expect(beat(recorder)).rejects.toThrow(code('storage_full'));
      let hasDecided = false;
      const act = () => {
        hasDecided = true;
        return { drafts: [HEARTBEAT] };
      };
      await expect(recorder.record(act)).rejects.toThrow(code('unavailable'));
      expect(hasDecided).toBe(false);
      log.isDown = false;
      await recorder.record(act);
      expect(recorder.size).toBe(fault === 'failed' ? 2 : 3);
      await reopened(ports, recorder);
    });
  }

  test.each(FAULTS.flatMap((first) => FAULTS.map((second) => [first, second] as const)))(
    '%s, then %s: the log is whole',
    async (...faults) => {
      const { log, ports, recorder } = await founded();
      log.faults.push(...faults);
      for (const _ of faults) await expect(beat(recorder)).rejects.toThrow(code('storage_full'));
      await beat(recorder);
      expect(recorder.size).toBe(2 + faults.filter((fault) => fault === 'failed but persisted').length);
      await reopened(ports, recorder);
    },
  );

  test('failed but persisted: the caller who waits is told, for it has happened', async () => {
    const { log, recorder } = await founded();
    let told = 0;
    recorder.onRecorded(() => told++);
    log.faults.push('failed', 'failed but persisted');
    await expect(beat(recorder)).rejects.toThrow();
    expect(told).toBe(0);
    await expect(beat(recorder)).rejects.toThrow();
    expect(told).toBe(1);
  });

  test('a statement that was persisted is not recorded twice', async () => {
    const { log, recorder } = await founded();
    const { body } = await world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ana')));
    const stop = () => recorder.record(() => ({ drafts: [{ kind: 'stop', body }] }));
    log.faults.push('failed but persisted');
    await expect(stop()).rejects.toThrow(code('storage_full'));
    expect(recorder.facts.stopped).not.toBeNull();
    await expect(stop()).rejects.toThrow(code('statement_seen'));
  });
});

describe('an act', () => {
  test('of which one entry is refused records none', async () => {
    const { log, recorder } = await founded();
    const bad: EntryDraft = { kind: 'expiry', body: { proposal: 'ab'.repeat(32) } };
    await expect(recorder.record(() => ({ drafts: [HEARTBEAT, bad] }))).rejects.toThrow(code('proposal_unknown'));
    expect(recorder.size).toBe(1);
    expect(log.batches).toHaveLength(1);
  });

  test('with a claim that is not true records nothing', async () => {
    const { log, ports } = await founded();
    const { body } = await world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ana')));
    const signature = { ...body.signature, signature: (await forgedOf()).signature };
    const recorder = await Recorder.open(ports);
    const stop = () =>
      recorder.record(() => ({ drafts: [{ kind: 'stop', body: { ...body, signature } as typeof body }] }));
    await expect(stop()).rejects.toThrow(code('signature_invalid'));
    expect(recorder.facts.stopped).toBeNull();
    expect(log.batches).toHaveLength(1);
  });

  test('is decided on the state that the one before has left', async () => {
    const { recorder } = await founded();
    const seen: number[] = [];
    const act = () => {
      seen.push(recorder.size);
      return { drafts: [HEARTBEAT] };
    };
    const recorded = await Promise.all([recorder.record(act), recorder.record(act), recorder.record(act)]);
    expect(seen).toEqual([1, 2, 3]);
    expect(recorded.map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  test('that is urgent goes before all that wait, and urgent ones keep their order', async () => {
    const { ports, recorder } = await founded();
    const order: string[] = [];
    const act = (name: string) => () => {
      order.push(name);
      return { drafts: [HEARTBEAT] };
    };
    const { promise: hasBegun, resolve } = Promise.withResolvers<void>();
    const begun = recorder.record(() => {
      resolve();
      return act('begun')();
    });
    await hasBegun;
    await Promise.all([
      begun,
      recorder.record(act('waits')),
      recorder.inTurn(async () => void order.push('waits too')),
      recorder.recordUrgent('urgent', act('urgent')),
      recorder.recordUrgent('urgent too', act('urgent too')),
    ]);
    expect(order).toEqual(['begun', 'urgent', 'urgent too', 'waits', 'waits too']);
    await reopened(ports, recorder);
  });

  test('that is urgent goes before what another brings about, which begins anew', async () => {
    const { ports, recorder } = await founded();
    const order: string[] = [];
    let urgent: Promise<Recorded> | null = null;
    const slow = await recorder.record(() => ({
      drafts: [HEARTBEAT],
      follow: async (_facts, _timeMs, pause) => {
        order.push('begins');
        urgent ??= recorder.recordUrgent('urgent', () => {
          order.push('urgent');
          return { drafts: [HEARTBEAT] };
        });
        await pause();
        order.push('ends');
        return { drafts: [HEARTBEAT], tokens: [] };
      },
    }));
    expect(order).toEqual(['begins', 'urgent', 'begins', 'ends']);
    expect([await urgent, slow]).toMatchObject([{ index: 1 }, { index: 3 }]);
    await reopened(ports, recorder);
  });

  test('is not recorded where what it brings about cannot be', async () => {
    const { log, recorder } = await founded();
    const failure = new TwinlockError('storage_corrupt', 'a test');
    const act = () => ({ drafts: [HEARTBEAT], follow: () => Promise.reject(failure) });
    await expect(recorder.record(act)).rejects.toThrow(failure);
    expect([recorder.size, log.batches.length]).toEqual([1, 1]);
  });

  test('that is urgent goes before one that is being judged, which begins anew', async () => {
    const { world: before, deposit } = await publishedWorld();
    const { log, ports, clock } = await recorded(before);
    clock.nowMs = before.now;
    const asked = await before.ask(deposit, { hosts: 8 });
    const { body } = await before.draftStop(before.stop('all', '0'.repeat(64), before.founder('ana')));
    let appraised = 0;
    let stopping: Promise<Recorded> | null = null;
    let isProposing = false;
    const recorder: Recorder = await Recorder.open({
      ...ports,
      verify: (claim) => {
        verifyNode(claim);
        // Of the fourth host or so: the stop comes while others are still to be appraised.
        if (!isProposing || ++appraised !== 5) return;
        stopping = recorder.recordUrgent('stop', () => ({ drafts: [{ kind: 'stop', body }] }));
      },
    });
    isProposing = true;
    let decided = 0;
    const draft = await before.draftProposal(asked.statement);
    const proposing = recorder.record(() => {
      decided++;
      return { objects: before.objects, drafts: [draft] };
    });
    await expect(proposing).rejects.toThrow(code('vault_stopped'));
    expect((await (stopping as Promise<Recorded> | null))?.index).toBe(before.log.length);
    expect([decided, recorder.size]).toEqual([2, before.log.length + 1]);
    expect(log.batches).toHaveLength(before.log.length + 1);
  });

  test('that is urgent waits for no work in turn, and is settled with the rest', async () => {
    const { log, recorder } = await founded();
    const { promise, resolve } = Promise.withResolvers<void>();
    const working = recorder.inTurn(() => promise);
    await recorder.recordUrgent('beat', () => ({ drafts: [HEARTBEAT] }));
    expect(log.batches).toHaveLength(2);
    resolve();
    await working;
    await recorder.settled();
  });

  test('is on disk, urgent or not, once what was recorded has settled', async () => {
    const { log, recorder } = await founded();
    void recorder.record(() => ({ drafts: [HEARTBEAT] }));
    void recorder.recordUrgent('beat', () => ({ drafts: [HEARTBEAT] }));
    await recorder.settled();
    expect(log.batches).toHaveLength(3);
  });

  test('that throws in its turn leaves the others alone', async () => {
    const { ports, recorder } = await founded();
    const failing = recorder.record(() => Promise.reject(new Error('a defect')));
    const next = beat(recorder);
    await expect(failing).rejects.toThrow('a defect');
    expect((await next).index).toBe(1);
    await recorder.settled();
    await reopened(ports, recorder);
  });

  async function forgedOf(): Promise<{ signature: string }> {
    const { body } = await world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ben')));
    return body.signature as { signature: string };
  }
});

describe('a signer', () => {
  type Answer = (checkpoint: Checkpoint) => Promise<Uint8Array>;
  const hangs: Answer = () => new Promise(() => undefined);
  const fails: Answer = () => Promise.reject(new Error('the module is locked'));
  const throws: Answer = () => {
    throw new Error('a defect');
  };
  const signsAnother: Answer = (checkpoint) => localSigner(world.founding.logSeed).sign({ ...checkpoint, size: 7 });
  const signsWithAnotherKey: Answer = (checkpoint) => localSigner(new Uint8Array(32)).sign(checkpoint);

  /** A founded vault whose signer answers as `answer` does once it is set. */
  async function signedBy() {
    const { ports, ...rest } = await founded();
    const signer = localSigner(world.founding.logSeed);
    const given: { answer: Answer | null } = { answer: null };
    const sign: Answer = (checkpoint) => (given.answer ?? signer.sign)(checkpoint);
    const recorder = await Recorder.open({ ...ports, signer: { ...signer, sign } });
    return { ...rest, ports, recorder, given };
  }
  const draftOfStop = () => world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ana')));

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    return () => vi.useRealTimers();
  });
  const afterTheBound = async <T>(acting: Promise<T>): Promise<T> => {
    acting.catch(() => undefined);
    // What is judged comes before it.
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(5_000);
    return acting;
  };

  test.each(Object.entries({ hangs, fails, throws, signsAnother, signsWithAnotherKey }))(
    'that %s: nothing is recorded, and the next act is once it signs',
    async (_, answer) => {
      const { log, ports, recorder, given } = await signedBy();
      given.answer = answer;
      const before = recorder.state;
      await expect(afterTheBound(beat(recorder))).rejects.toThrow(code('unavailable'));
      expect([recorder.state, log.batches.length, recorder.isStopUnsigned]).toEqual([before, 1, false]);
      given.answer = null;
      expect((await beat(recorder)).index).toBe(1);
      await reopened(ports, recorder);
    },
  );

  test('that answers late is not listened to: what it signs then is dropped', async () => {
    const { log, ports, recorder, given } = await signedBy();
    const late = Promise.withResolvers<Uint8Array>();
    given.answer = () => late.promise;
    await expect(afterTheBound(beat(recorder))).rejects.toThrow(code('unavailable'));
    late.reject(new Error('too late'));
    given.answer = null;
    await beat(recorder);
    expect(log.batches).toHaveLength(2);
    await reopened(ports, recorder);
  });

  test('that takes long lets a stop go first: the act that waited for it begins anew', async () => {
    const { ports, recorder, given } = await signedBy();
    const asked: number[] = [];
    const { promise: isAsked, resolve } = Promise.withResolvers<void>();
    given.answer = (checkpoint) => {
      asked.push(checkpoint.size);
      resolve();
      return asked.length === 1 ? hangs(checkpoint) : localSigner(world.founding.logSeed).sign(checkpoint);
    };
    const slow = beat(recorder);
    await isAsked;
    const draft = await draftOfStop();
    const stopped = await recorder.recordUrgent('stop', () => ({ drafts: [draft] }));
    expect([stopped.index, (await slow).index]).toEqual([1, 2]);
    expect(asked).toEqual([2, 2, 3]);
    await reopened(ports, recorder);
  });

  test.each(Object.entries({ hangs, fails, signsAnother }))(
    'that %s: a stop is heeded from then on, nothing ordinary is recorded before it, and it is recorded once the signer signs',
    async (_, answer) => {
      const { log, ports, recorder, given } = await signedBy();
      const draft = await draftOfStop();
      let decided = 0;
      const stop = () => {
        decided++;
        return { drafts: [draft] };
      };
      given.answer = answer;
      await expect(afterTheBound(recorder.recordUrgent('stop', stop))).rejects.toThrow(code('unavailable'));
      expect([recorder.isStopUnsigned, log.batches.length]).toEqual([true, 1]);
      // The same again, by a sender who was told so.
      await expect(afterTheBound(recorder.recordUrgent('stop', stop))).rejects.toThrow(code('unavailable'));
      await expect(afterTheBound(recorder.recordUnsigned())).rejects.toThrow(code('unavailable'));
      given.answer = null;
      await expect(beat(recorder)).rejects.toThrow(code('unavailable'));
      await recorder.recordUnsigned();
      expect([recorder.isStopUnsigned, recorder.facts.stopped?.length, recorder.size]).toEqual([false, 1, 2]);
      expect(decided).toBe(4);
      await beat(recorder);
      await reopened(ports, recorder);
    },
  );

  test('that hangs: a stop that was recorded by another way meanwhile is kept no more', async () => {
    const { recorder, given } = await signedBy();
    const draft = await draftOfStop();
    const stop = () => ({ drafts: [draft] });
    given.answer = hangs;
    await expect(afterTheBound(recorder.recordUrgent('one', stop))).rejects.toThrow(code('unavailable'));
    given.answer = null;
    await recorder.recordUrgent('other', stop);
    expect(recorder.isStopUnsigned).toBe(true);
    await recorder.recordUnsigned();
    expect([recorder.isStopUnsigned, recorder.size]).toEqual([false, 2]);
  });

  test('that fails: so many stops are kept until it signs, and one more is not', async () => {
    const { recorder, given } = await signedBy();
    const draft = await draftOfStop();
    const asked: number[] = [];
    given.answer = fails;
    for (let name = 0; name <= MAX_UNSIGNED_STOPS; name++) {
      const stop = () => {
        asked.push(name);
        return { drafts: [draft] };
      };
      await expect(recorder.recordUrgent(String(name), stop)).rejects.toThrow(code('unavailable'));
    }
    asked.length = 0;
    given.answer = null;
    await recorder.recordUnsigned();
    expect(asked).toEqual(Array.from({ length: MAX_UNSIGNED_STOPS }, (_, name) => name));
    expect([recorder.isStopUnsigned, recorder.size]).toEqual([false, 2]);
  });

  test('that hangs: a stop that the rules refuse is not heeded', async () => {
    const { recorder, given } = await signedBy();
    given.answer = hangs;
    const bad: EntryDraft = { kind: 'expiry', body: { proposal: 'ab'.repeat(32) } };
    await expect(recorder.recordUrgent('bad', () => ({ drafts: [bad] }))).rejects.toThrow(code('proposal_unknown'));
    expect(recorder.isStopUnsigned).toBe(false);
  });

  test('is not asked at the start: the stored note is verified with the key that genesis names', async () => {
    const { ports, recorder } = await founded();
    await beat(recorder);
    const signer = { ...localSigner(world.founding.logSeed), sign: hangs };
    const again = await Recorder.open({ ...ports, signer });
    expect(again.committed).toEqual(recorder.committed);
  });
});

describe('the clock', () => {
  const timesOf = (recorder: Recorder) =>
    recorder.state?.chain.recent
      .toArray()
      .map(({ time }) => time)
      .slice(1);

  test('that goes back a little is told as it is: order is by index', async () => {
    const { ports, recorder, clock } = await founded();
    const times = [clock.nowMs, clock.nowMs - 60_000, clock.nowMs];
    for (const time of times) {
      clock.nowMs = time;
      await beat(recorder);
    }
    expect(timesOf(recorder)).toEqual(times);
    await reopened(ports, recorder);
  });

  test('that is a month behind refuses no stop, which is dated as early as may be', async () => {
    const { ports, recorder, clock } = await founded();
    const { body } = await world.draftStop(world.stop('all', '0'.repeat(64), world.founder('ana')));
    clock.nowMs -= 30 * 24 * HOUR_MS;
    await expect(beat(recorder)).rejects.toThrow(code('clock_skew'));
    await recorder.record(() => ({ drafts: [{ kind: 'stop', body }] }));
    expect(recorder.facts.stopped).not.toBeNull();
    expect(timesOf(recorder)).toEqual([recorder.facts.attestedMs - 5 * 60_000]);
    await reopened(ports, recorder);
  });

  test('that was a month ahead for a while leaves nothing behind', async () => {
    const { ports, recorder, clock } = await founded();
    const truth = clock.nowMs;
    clock.nowMs += 30 * 24 * HOUR_MS;
    await beat(recorder);
    clock.nowMs = truth;
    await beat(recorder);
    expect(timesOf(recorder)?.at(-1)).toBe(truth);
    await reopened(ports, recorder);
  });

  test('that is more than five minutes behind what founders have signed is refused, until it is set', async () => {
    const { log, recorder, clock } = await founded();
    clock.nowMs = recorder.facts.attestedMs - 5 * 60_000 - 1;
    await expect(beat(recorder)).rejects.toThrow(code('clock_skew'));
    expect(log.batches).toHaveLength(1);
    clock.nowMs += HOUR_MS;
    await beat(recorder);
    expect(recorder.size).toBe(2);
  });
});

describe('a listener', () => {
  test('is called once an act is on disk, sees it, and is called no more once it ended', async () => {
    const { log, recorder } = await founded();
    const seen: [number, number][] = [];
    const end = recorder.onRecorded(() => seen.push([recorder.size, log.batches.length]));
    await beat(recorder);
    end();
    await beat(recorder);
    expect(seen).toEqual([[2, 2]]);
    expect(recorder.listeners).toBe(0);
  });

  test('that throws takes nothing back, and stops no other', async () => {
    const { recorder } = await founded();
    let told = 0;
    recorder.onRecorded(() => {
      throw new Error('a defect');
    });
    recorder.onRecorded(() => told++);
    expect((await beat(recorder)).index).toBe(1);
    expect(told).toBe(1);
  });
});

/** What the recorder's note says of its log. */
function checkpointOf({ committed }: Recorder): Checkpoint {
  return openWithLogKey(world.facts.genesis.log, committed);
}

describe('opening', () => {
  test('an entry that was altered is a fault, and is named', async () => {
    const { log, ports, recorder } = await founded();
    await beat(recorder);
    await beat(recorder);
    const [, second] = log.batches;
    const entry = second?.entries[0];
    if (second === undefined || entry === undefined) throw new Error('nothing was recorded');
    const text = Buffer.from(entry.bytes).toString().replace('"kind":"heartbeat"', '"kind":"heartbeaT"');
    log.batches[1] = { ...second, entries: [{ ...entry, bytes: Buffer.from(text) }] };
    await expect(Recorder.open(ports)).rejects.toThrow(expect.objectContaining({ detail: { entry: 1 } }));
  });

  test('a log that lacks its end is not that of its checkpoint', async () => {
    const { log, ports, recorder } = await founded();
    await beat(recorder);
    const last = log.batches[1];
    if (last === undefined) throw new Error('nothing was recorded');
    log.batches[1] = { ...last, entries: [] };
    await expect(Recorder.open(ports)).rejects.toThrow(code('checkpoint_invalid'));
  });

  test('with another log key is refused', async () => {
    const { ports } = await founded();
    const signer = localSigner(new Uint8Array(32));
    await expect(Recorder.open({ ...ports, signer })).rejects.toThrow(code('checkpoint_invalid'));
  });

  test.each([
    ['another size', { size: 1 }, 'checkpoint_invalid'],
    ['another root', { root: new Uint8Array(32) }, 'checkpoint_invalid'],
    ['another log', { origin: 'other.example/log' }, 'foreign_checkpoint'],
  ])('with a note of %s that the log key has signed is refused', async (_, change, expected) => {
    const { log, ports, recorder } = await founded();
    await beat(recorder);
    const last = log.batches[1];
    if (last === undefined) throw new Error('nothing was recorded');
    const { origin, size, root } = { ...checkpointOf(recorder), ...change };
    log.batches[1] = { ...last, checkpoint: signCheckpoint({ origin, size, root }, world.founding.logSeed) };
    await expect(Recorder.open(ports)).rejects.toThrow(code(expected));
  });

  test('with a note that is not signed by the log key is refused', async () => {
    const { log, ports, recorder } = await founded();
    await beat(recorder);
    const last = log.batches[1];
    if (last === undefined) throw new Error('nothing was recorded');
    log.batches[1] = { ...last, checkpoint: signCheckpoint(checkpointOf(recorder), new Uint8Array(32)) };
    await expect(Recorder.open(ports)).rejects.toThrow(code('foreign_checkpoint'));
  });

  test('without a checkpoint is refused', async () => {
    const { log, ports } = await founded();
    log.hasLostCheckpoint = true;
    await expect(Recorder.open(ports)).rejects.toThrow(code('checkpoint_invalid'));
  });

  test('whose stored tile is not of its entries is refused', async () => {
    const { log, ports, recorder } = await founded();
    await beat(recorder);
    const [tile] = log.batches.at(-1)?.tiles ?? [];
    tile?.hashes.fill(7, 32, 33);
    await expect(Recorder.open(ports)).rejects.toThrow(code('storage_corrupt'));
  });
});

describe('once a fault was found in the log', () => {
  const fault = new TwinlockError('signature_invalid', 'entry 3: a signature is not true', { entry: 3 });

  test('no approval and no release is recorded', async () => {
    const { world: published, deposit } = await publishedWorld();
    const asked = await published.ask(deposit);
    const proposal = await published.propose(asked.statement);
    await published.approve(proposal, published.founder('ben'));
    const { recorder } = await recorded(published);
    recorder.condemn(fault);
    const { size } = recorder;
    const approval = await published.draftApproval(proposal, published.founder('cleo'));
    const release: EntryDraft = { kind: 'release', body: { proposal } };
    for (const draft of [approval, release]) {
      await expect(recorder.record(() => ({ drafts: [draft] }))).rejects.toThrow(code('storage_corrupt'));
    }
    const follow = async () => ({ drafts: [release], tokens: [] });
    await expect(recorder.record(() => ({ drafts: [HEARTBEAT], follow }))).rejects.toThrow(code('storage_corrupt'));
    expect(recorder.size).toBe(size);
  });

  test('a denial and a stop are recorded as before', async () => {
    const { world: published, deposit } = await publishedWorld();
    const proposal = await published.propose((await published.ask(deposit)).statement);
    const { recorder } = await recorded(published);
    recorder.condemn(fault);
    const denial = await published.draftApproval(proposal, published.founder('ben'), { decision: 'deny' });
    const stop = await published.draftStop(published.stop('all', '0'.repeat(64), published.founder('ana')));
    for (const draft of [denial, stop]) await recorder.record(() => ({ drafts: [draft] }));
    expect(recorder.facts.stopped).toHaveLength(1);
  });

  test('the first fault stays', async () => {
    const { recorder } = await founded();
    recorder.condemn(fault);
    recorder.condemn(new TwinlockError('storage_corrupt', 'another'));
    expect(recorder.fault).toBe(fault);
  });
});
