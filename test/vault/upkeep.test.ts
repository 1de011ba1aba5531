import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { followLog } from '../../client/custodian/ceremony.ts';
import { propose } from '../../client/custodian/propose.ts';
import { openSession } from '../../client/custodian/session.ts';
import { stop as makeStop } from '../../client/custodian/stop.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import { openPrincipalSession, signStopAsPrincipal } from '../../client/principal/principal.ts';
import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { CODES, type Code, TwinlockError } from '../../src/core/errors.ts';
import { parseEntry } from '../../src/core/log/entry.ts';
import type { SignedStop } from '../../src/core/log/signed-stop.ts';
import { REFUSALS_A_DAY_A_CALLER } from '../../src/core/state/entries/refusal.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import type { ClockState } from '../../src/vault/clock-watch.ts';
import { REFUSALS_MS, SILENCE_A_ROUND_MS, UPLOAD_MS, UPLOAD_SILENCE_MS } from '../../src/vault/limits.ts';
import { stop } from '../../src/vault/stop.ts';
import { tellRefusals, upkeep } from '../../src/vault/upkeep.ts';
import { ask, expectRefused } from '../http/ask.ts';
import { HOUR_MS } from '../world/founding.ts';
import {
  approveAs,
  denyAs,
  depositFiles,
  openAs,
  phaseOf,
  proposeAs,
  publish,
  releaseAs,
  requestAs,
  stopAs,
} from '../world/vault/acts.ts';
import type { Person } from '../world/vault/members.ts';
import type { Preparation } from '../world/vault/prepared.ts';
import { OPENED_HERE } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 });

const MODEL = { 'a.bin': new Uint8Array(100) };
const NEVER = 1000 * HOUR_MS;
const MINUTE_MS = 60_000;

let vault: Vault;

async function begin(preparation: Preparation = {}): Promise<void> {
  vault = await openVault(preparation);
  await depositFiles(vault, MODEL);
  await publish(vault);
  // The daemon looks at its clock every few seconds: custodians have just signed what agrees with it.
  await round();
}
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
});
afterEach(async () => {
  await vault.close();
  vi.useRealTimers();
  expect(vault.failures).toEqual([]);
});

/** Time passes, by both clocks of the machine. */
const pass = (ms: number) => vi.advanceTimersByTime(ms);
/** The wall clock alone is set. */
const set = (ms: number) => vi.setSystemTime(Date.now() + ms);
const unheard = () => undefined;
const onFault = (error: unknown) => {
  throw error;
};
const round = (heartbeatMs = NEVER) => upkeep(vault.daemon.context, heartbeatMs, { onClock: unheard, onFault });
/** `act` each half an hour. */
async function minutes(count: number, act: () => Promise<unknown> = async () => undefined): Promise<void> {
  for (let i = 0; i < count; i++) {
    pass(SILENCE_A_ROUND_MS);
    if (i % 30 === 0) await act();
    await round();
  }
}
const size = () => vault.daemon.context.recorder.size;
const proposalOf = (digest: Hex) => vault.daemon.context.recorder.facts.proposals.get(digest);

async function lastEntries(count: number) {
  const rows = await vault.daemon.context.log.entries(size() - count, count);
  return rows.map(({ bytes }) => parseEntry(bytes));
}

/** Sessions end with a day, and with the daemon: a person or a machine that acts later has signed in again. */
async function signedInAgain(person = vault.ben): Promise<Vault['ben']> {
  const { custodian, enrolled } = person;
  const again = await openSession({ ...custodian, api: vault.anonymous }, vault.fingerprint, enrolled);
  return { ...person, custodian: again, api: again.api };
}

async function requestAnew() {
  return requestAs({ ...vault, requester: await machineAgain('requester') });
}

function machineAgain(role: 'depositor' | 'requester') {
  return openPrincipalSession(vault.anonymous, vault[role].principal, vault.fingerprint);
}

test('nothing is recorded while nothing is due', async () => {
  await begin();
  await requestAs(vault);
  const before = size();
  for (let i = 0; i < 5; i++) await round();
  expect(size()).toBe(before);
});

test('a vault that has not been founded has no upkeep', async () => {
  await begin();
  const { recorder } = vault.daemon.context;
  await upkeep({ ...vault.daemon.context, recorder: { ...recorder, state: null } as never }, 0, {
    onClock: unheard,
    onFault,
  });
});

describe('ends', () => {
  test('a proposal that was not decided in time has expired, once', async () => {
    await begin();
    const { release } = await requestAs(vault);
    await approveAs(vault.ben, release);
    pass(25 * HOUR_MS);
    await round();
    expect(proposalOf(release)?.phase).toBe('expired');
    expect(await vault.daemon.context.log.hostShares(release, 0)).toEqual([]);
    const before = size();
    await round();
    expect(size()).toBe(before);
  });

  test('a lease that is over is told; what was kept for its hosts is erased', async () => {
    await begin();
    const pending = await releaseAs(vault, { leaseMs: HOUR_MS });
    const { manifestDigest: manifest, token } = await openAs(vault, pending);
    const path = `/v1/weights/${manifest}/1`;
    pass(HOUR_MS + 1000);
    await expectRefused(vault, { path, token }, 409, 'lease_over', /lease is over/);
    await expectRefused(vault, { path: `${path}/leaves`, token }, 409, 'lease_over');
    await expect(openAs(vault, pending)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
    await round();
    expect(proposalOf(pending.release)).toMatchObject({ phase: 'ended' });
    const { log } = vault.daemon.context;
    expect(await log.hostShares(pending.release, 0)).toEqual([]);
    expect(await log.tokenOf(pending.release, 0)).toBeNull();
    await expectRefused(vault, { path, token }, 401, 'unauthenticated');
    // What hosts were served under was not withdrawn: only that it is ended is so already.
    const ends = (what: 'proposal' | 'release') => {
      const stopping = { what, target: pending.release, reason: 'no longer needed' };
      const clock = { nowMs: Date.now(), random: platformRandom };
      return vault.anonymous.stop(signStopAsPrincipal(vault.requester.principal, vault.fingerprint, stopping, clock));
    };
    await expect(ends('proposal')).rejects.toThrow(
      expect.objectContaining({ code: 'proposal_closed', message: expect.stringMatching(/has taken effect/) }),
    );
    expect(await ends('release')).toMatchObject({ already: true, index: null });
  });

  test('an end that another act has told first stops no other', async () => {
    await begin();
    const asked = [await requestAs(vault), await requestAs(vault)].map(({ release }) => release);
    pass(25 * HOUR_MS);
    const { recorder } = vault.daemon.context;
    const [first = ''] = asked;
    const told = recorder.record(() => ({ drafts: [{ kind: 'expiry', body: { proposal: first } }] }));
    await Promise.all([told, round()]);
    expect(asked.map((digest) => proposalOf(digest)?.phase)).toEqual(['expired', 'expired']);
  });

  test('an upload that was not finished is dropped after seven days', async () => {
    await begin();
    const { api } = vault.depositor;
    const { upload } = await api.openUpload({ model: 'acme/ocr', version: '2', files: ['1', '1'], ...OPENED_HERE });
    await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
    const { uploads, blobs } = vault.daemon.context;
    pass(UPLOAD_MS - MINUTE_MS);
    await round();
    expect(await uploads.upload(upload)).not.toBeNull();
    pass(2 * MINUTE_MS);
    await expect(api.upload(upload)).rejects.toThrow(expect.objectContaining({ code: 'upload_unknown' }));
    await round();
    expect(await uploads.upload(upload)).toBeNull();
    await expect(Array.fromAsync(blobs.uploadLeaves(upload, 0))).rejects.toThrow(
      expect.objectContaining({ code: 'storage_corrupt' }),
    );
  });

  describe('an upload whose depositor is silent', () => {
    const hour = async () => {
      for (let passedMs = 0; passedMs < UPLOAD_SILENCE_MS; passedMs += SILENCE_A_ROUND_MS) {
        pass(SILENCE_A_ROUND_MS);
        await round();
      }
    };
    const begun = async () => {
      await begin();
      const { api } = vault.depositor;
      const { upload } = await api.openUpload({ model: 'acme/ocr', version: '2', files: ['1', '1'], ...OPENED_HERE });
      await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
      await round();
      return { api, upload };
    };

    test('for an hour is dropped with its ciphertext', async () => {
      const { api, upload } = await begun();
      await hour();
      const { uploads, blobs } = vault.daemon.context;
      expect(await uploads.upload(upload)).toBeNull();
      await expect(api.upload(upload)).rejects.toThrow(expect.objectContaining({ code: 'upload_unknown' }));
      await expect(Array.fromAsync(blobs.uploadLeaves(upload, 0))).rejects.toThrow(
        expect.objectContaining({ code: 'storage_corrupt' }),
      );
    });

    test('stays with a part, or a look at it, in each hour; a look at the list is none', async () => {
      const { api, upload } = await begun();
      const halfAnHour = async () => {
        for (let i = 0; i < 30; i++) {
          pass(SILENCE_A_ROUND_MS);
          await round();
        }
      };
      await halfAnHour();
      await api.upload(upload);
      await halfAnHour();
      await api.putPart(upload, 1, 0, [new Uint8Array(33)]);
      await halfAnHour();
      expect((await api.uploads()).uploads).toMatchObject([{ upload, silentMs: 29 * MINUTE_MS }]);
      await halfAnHour();
      pass(SILENCE_A_ROUND_MS);
      await round();
      expect((await api.uploads()).uploads).toEqual([]);
    });

    test('and only looks at it has no room kept for what is to come, until it comes further and the room is found', async () => {
      await begin();
      const { api, principal } = vault.depositor;
      const sizes = ['1', String(2 << 20), '1'];
      const { upload } = await api.openUpload({ model: 'acme/ocr', version: '2', files: sizes, ...OPENED_HERE });
      const isRoomKept = () => vault.daemon.context.silence.room.isKeptFor(principal.key);
      expect(isRoomKept()).toBe(true);
      await minutes(61, () => api.upload(upload));
      expect(isRoomKept()).toBe(false);
      // A hundred and sixty-eighth in an hour is a step: a byte is none.
      await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
      await round();
      await api.takeUploadOver(upload);
      expect(isRoomKept()).toBe(false);
      await api.putPart(upload, 1, 0, [new Uint8Array(1_048_608)], 1);
      await round();
      await api.putPart(upload, 2, 0, [new Uint8Array(33)], 1);
      expect(isRoomKept()).toBe(true);
      expect((await api.upload(upload)).segments).toEqual([1, 1, 1]);
    });

    test.each([
      ['the version is begun anew', '2'],
      ['another version is begun for it', '3'],
    ])('has no room kept by openings alone: each hour, %s', async (_, version) => {
      await begin();
      const opening = { ...OPENED_HERE, model: 'acme/ocr', files: ['1', String(100 << 20)] };
      const isRoomKept = () => vault.daemon.context.silence.room.isKeptFor(vault.depositor.principal.key);
      const { upload } = await vault.depositor.api.openUpload({ ...opening, version: '2' });
      await minutes(59);
      expect(isRoomKept()).toBe(true);
      const { api } = await machineAgain('depositor');
      if (version !== '2') await api.abandonUpload(upload);
      await api.openUpload({ ...opening, version });
      await minutes(2);
      expect(isRoomKept()).toBe(false);
    });

    test('has no room kept by a file of which nothing is stored and whose size goes down and up', async () => {
      await begin();
      const { api, principal } = vault.depositor;
      const bytes = 167 << 20;
      const files = ['1', String(2 << 20), String(bytes)];
      const { upload } = await api.openUpload({ ...OPENED_HERE, model: 'acme/ocr', version: '2', files });
      await api.putPart(upload, 1, 0, [new Uint8Array(1_048_608)]);
      await minutes(58);
      let turn = 0;
      for (const size of [bytes - (4 << 20), bytes]) {
        ({ turn } = await api.restartFile(upload, 2, { turn, bytes: String(size) }));
        await minutes(1);
      }
      await minutes(1);
      expect(vault.daemon.context.silence.room.isKeptFor(principal.key)).toBe(false);
      expect((await api.upload(upload)).segments).toEqual([0, 1, 0]);
    });

    test('loses nothing to a pause of the vault’s machine, or to a clock that is set', async () => {
      const { upload } = await begun();
      pass(10 * HOUR_MS);
      await round();
      set(30 * HOUR_MS);
      await round();
      set(-60 * HOUR_MS);
      await round();
      set(30 * HOUR_MS);
      const { api } = await machineAgain('depositor');
      expect(await api.upload(upload)).toMatchObject({ segments: [1, 0] });
    });
  });
});

test('a vault that records nothing says that it lives', async () => {
  await begin();
  pass(HOUR_MS - 1);
  const before = size();
  await round(HOUR_MS);
  expect(size()).toBe(before);
  pass(1000);
  await round(HOUR_MS);
  await round(HOUR_MS);
  expect(size()).toBe(before + 1);
  expect(await lastEntries(1)).toMatchObject([{ kind: 'heartbeat', body: {} }]);
});

describe('a wall clock that jumps against the monotonic one', () => {
  const MONTH_MS = 30 * 24 * HOUR_MS;

  test('ends no request, no lease and no upload, and silences no caller once it is right again', async () => {
    await begin();
    const granted = await releaseAs(vault);
    const { release } = await requestAs(vault);
    await approveAs(vault.ben, release);
    const { upload } = await vault.depositor.api.openUpload({
      model: 'acme/ocr',
      version: '2',
      files: ['1', '1'],
      ...OPENED_HERE,
    });
    await round();
    const { log, uploads } = vault.daemon.context;
    set(MONTH_MS);
    await round();
    await round(HOUR_MS);
    expect(proposalOf(release)?.phase).toBe('open');
    expect(proposalOf(granted.release)?.phase).toBe('executed');
    expect(await log.hostShares(granted.release, 0)).toHaveLength(2);
    expect(await uploads.upload(upload)).not.toBeNull();
    set(-MONTH_MS);
    await round();
    await approveAs(vault.cleo, release);
    expect(proposalOf(release)?.phase).toBe('executed');
    expect(await openAs(vault, granted)).toHaveProperty('releaseKey');
  });

  test('is believed again once it agrees with the monotonic clock', async () => {
    await begin();
    const { release } = await requestAs(vault);
    set(MONTH_MS);
    await round();
    set(-MONTH_MS);
    pass(25 * HOUR_MS);
    await round();
    expect(proposalOf(release)?.phase).toBe('expired');
  });

  test('is believed again once a custodian has signed what agrees with it', async () => {
    await begin();
    const { release } = await requestAs(vault);
    set(25 * HOUR_MS);
    await round();
    expect(proposalOf(release)?.phase).toBe('open');
    await denyAs(await signedInAgain(), (await requestAnew()).release);
    await round();
    expect(proposalOf(release)?.phase).toBe('expired');
  });

  test('is not believed for what machines sign, whose clocks may be wrong with it', async () => {
    await begin();
    const { release } = await requestAs(vault);
    set(25 * HOUR_MS);
    await requestAnew();
    await round();
    expect(proposalOf(release)?.phase).toBe('open');
  });

  test('releases nothing that waits for the day’s budget', async () => {
    await begin({ policy: { limits: { bytesPerDay: '1000', proposalMs: 48 * HOUR_MS } } });
    await releaseAs(vault, { bytes: 600n });
    const { release } = await releaseAs(vault, { bytes: 600n });
    await round();
    set(25 * HOUR_MS);
    await round();
    expect(await phaseOf(vault, release)).toBe('approved');
  });

  test('and was set back makes no lease longer', async () => {
    await begin();
    const pending = await releaseAs(vault, { leaseMs: HOUR_MS });
    await round();
    pass(HOUR_MS + 1000);
    set(-HOUR_MS);
    await expect(openAs(vault, pending)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
  });

  test('dates no entry of the vault’s own: what it says alone is dated by the monotonic clock meanwhile', async () => {
    await begin();
    const truth = Date.now();
    const before = size();
    set(MONTH_MS);
    await round(HOUR_MS);
    expect(size()).toBe(before);
    pass(HOUR_MS);
    await round(HOUR_MS);
    vault.daemon.context.refusals.note('malformed', 'propose', null);
    await round(HOUR_MS);
    expect(await lastEntries(2)).toMatchObject([
      { kind: 'heartbeat', time: truth + HOUR_MS },
      { kind: 'refusal', time: truth + HOUR_MS },
    ]);
  });

  test('refuses a read of a lease that it says is over for now only, and the read is answered once it is right', async () => {
    await begin();
    const granted = await releaseAs(vault);
    const { manifestDigest: manifest, token } = await openAs(vault, granted);
    const path = `/v1/weights/${manifest}/1`;
    await round();
    set(MONTH_MS);
    const refused = await ask(vault.baseUrl, { path, token });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    await expectRefused(vault, { path, token }, 503, 'unavailable', /no custodian has confirmed/);
    await expect(openAs(vault, granted)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    set(-MONTH_MS);
    expect((await ask(vault.baseUrl, { path, token })).status).toBe(200);
  });

  test('ends no upload, nor one that was begun while it was behind', async () => {
    await begin();
    const { api } = vault.depositor;
    const version = { model: 'acme/ocr', files: ['1', '1'] };
    const { upload } = await api.openUpload({ ...OPENED_HERE, ...version, version: '2' });
    set(MONTH_MS);
    expect(await api.upload(upload)).toMatchObject({ segments: [0, 0] });
    set(-2 * MONTH_MS);
    const { upload: behind } = await api.openUpload({ ...OPENED_HERE, ...version, version: '3' });
    set(MONTH_MS);
    await round();
    expect(await api.upload(behind)).toMatchObject({ segments: [0, 0] });
  });

  test('and is set back to when a custodian last signed is not believed for what was signed then', async () => {
    await begin();
    pass(2 * HOUR_MS);
    set(-2 * HOUR_MS);
    await round();
    expect(vault.daemon.context.watch.isConfirmed).toBe(false);
  });
});

/** The monotonic clock of a machine that is paused stands still; its wall clock is right when it goes on. */
describe('a vault whose machine was paused', () => {
  const PAUSE_MS = 20 * MINUTE_MS;

  test('takes a request during which another host gives its receipt', async () => {
    await begin();
    const granted = await releaseAs(vault);
    const { api } = vault.requester;
    const verify = async (claim: Parameters<typeof verifyNode>[0]) => verifyNode(claim);
    const folder = mkdtempSync(join(tmpdir(), 'twinlock-pause-'));
    const fetched = await fetchRelease({ api, pending: granted, host: 0, folder, verify });
    rmSync(folder, { recursive: true });
    await round();
    set(PAUSE_MS);
    await round();
    const truth = Date.now();
    await requestMeanwhile(() => sendReceipt(api, granted, 0, fetched));
    expect(await lastEntries(2)).toMatchObject([
      { kind: 'receipt', time: truth },
      { kind: 'proposal', time: truth },
    ]);
  });

  test.each([PAUSE_MS, 2 * HOUR_MS])('takes a request during which it says that it lives, %i ms later', async (ms) => {
    await begin();
    set(ms);
    await round(HOUR_MS);
    pass(HOUR_MS - MINUTE_MS);
    await round(HOUR_MS);
    const truth = Date.now() + MINUTE_MS;
    await requestMeanwhile(async () => {
      pass(MINUTE_MS);
      await round(HOUR_MS);
    });
    expect(await lastEntries(2)).toMatchObject([
      { kind: 'heartbeat', time: truth },
      { kind: 'proposal', time: truth },
    ]);
  });

  test('believes its clock for what it dates alone while it does not jump again, and for no end', async () => {
    await begin();
    const { watch, recorder } = vault.daemon.context;
    const granted = await releaseAs(vault, { leaseMs: 10 * MINUTE_MS });
    await round();
    const before = Date.now();
    set(PAUSE_MS);
    expect(watch.nowMs).toBe(before);
    await requestAnew();
    expect(watch.nowMs).toBe(before + PAUSE_MS);
    expect(watch.overMs(recorder.facts.attestedMs)).toBe(before);
    expect(watch.isConfirmed).toBe(false);
    await round();
    expect(proposalOf(granted.release)?.phase).toBe('executed');
    set(HOUR_MS);
    expect(watch.nowMs).toBe(before);
    set(-HOUR_MS - PAUSE_MS);
    expect(watch.nowMs).toBe(before);
  });

  test('makes no lease longer for a clock that was set back, whichever machine agrees with it', async () => {
    await begin();
    const granted = await releaseAs(vault, { leaseMs: HOUR_MS });
    await round();
    pass(HOUR_MS + 1000);
    set(-PAUSE_MS);
    await requestAnew();
    await expect(openAs(vault, granted)).rejects.toThrow(expect.objectContaining({ code: 'lease_over' }));
    await round();
    expect(proposalOf(granted.release)?.phase).toBe('ended');
  });

  /** Something else is recorded after the vault has appraised the host, and before the host proposes. */
  async function requestMeanwhile(act: () => Promise<unknown>): Promise<void> {
    const { api } = vault.requester;
    const appraise = api.appraise.bind(api);
    api.appraise = async (...named) => {
      const appraised = await appraise(...named);
      await act();
      return appraised;
    };
    try {
      await requestAs(vault);
    } finally {
      api.appraise = appraise;
    }
  }
});

describe('a daemon that has just begun', () => {
  test('ends nothing by its clock until a custodian has signed something', async () => {
    await begin();
    const { release } = await requestAs(vault);
    pass(25 * HOUR_MS);
    await vault.restart();
    await round();
    expect(proposalOf(release)?.phase).toBe('open');
    expect(vault.daemon.context.watch.isConfirmed).toBe(false);
  });

  test('does not believe a clock that stands where the machine was switched off, whatever was signed then', async () => {
    await begin();
    pass(HOUR_MS);
    await vault.restart();
    set(-HOUR_MS);
    await round();
    expect(vault.daemon.context.watch.isConfirmed).toBe(false);
    await denyAs(await signedInAgain(), (await requestAnew()).release);
    await round();
    expect(vault.daemon.context.watch.isConfirmed).toBe(true);
  });

  test('refuses no deposit for a clock that is behind: an upload may have taken days', async () => {
    await begin();
    const { attestedMs } = vault.daemon.context.recorder.facts;
    await vault.restart();
    set(-HOUR_MS / 2);
    await depositFiles({ ...vault, depositor: await machineAgain('depositor') }, MODEL, { version: '2' });
    expect(await lastEntries(1)).toMatchObject([{ kind: 'deposit', time: attestedMs - 5 * MINUTE_MS }]);
  });

  test('refuses a lease for now only, whose end no custodian has confirmed', async () => {
    await begin();
    const granted = await releaseAs(vault, { leaseMs: HOUR_MS });
    pass(HOUR_MS + 1000);
    await vault.restart();
    const { api } = await machineAgain('requester');
    await expect(api.handover(granted.release, 0)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
  });

  test('ends what is over by the times that custodians have signed', async () => {
    await begin();
    const { release } = await requestAs(vault);
    pass(25 * HOUR_MS);
    const { custodian: again } = await signedInAgain();
    const { document } = vault.daemon.context.recorder.facts.policy;
    const policy = { kind: 'policy', policy: { ...document, veto: true }, reason: 'a test' } as const;
    await propose(again, await followLog(again), policy);
    pass(HOUR_MS);
    await vault.restart();
    await round();
    expect(vault.daemon.context.watch.isConfirmed).toBe(false);
    expect(proposalOf(release)?.phase).toBe('expired');
  });
});

test('a part of a round that fails ends none of the others', async () => {
  await begin();
  const asked = [await requestAs(vault), await requestAs(vault)].map(({ release }) => release);
  const { upload } = await vault.depositor.api.openUpload({
    model: 'acme/ocr',
    version: '2',
    files: ['1', '1'],
    ...OPENED_HERE,
  });
  const { context } = vault.daemon;
  const { recorder, uploads } = context;
  context.refusals.note('malformed', 'propose', null);
  pass(UPLOAD_MS + 1000);
  const record = recorder.record.bind(recorder);
  const failure = (what: string) => new TwinlockError('storage_corrupt', what);
  const failing = new Set([0, 2]);
  let acts = 0;
  recorder.record = async (...act) => {
    if (failing.has(acts++)) throw failure(`act ${acts - 1}`);
    return record(...act);
  };
  const faults: unknown[] = [];
  const onClock = () => {
    throw failure('clock');
  };
  await upkeep(context, HOUR_MS, { onClock, onFault: (error) => faults.push(error) });
  recorder.record = record;
  expect(faults).toMatchObject(['clock', 'act 0', 'act 2'].map((message) => ({ message })));
  expect(asked.map((digest) => proposalOf(digest)?.phase)).toEqual(['open', 'expired']);
  expect(await uploads.upload(upload)).toBeNull();
  expect(acts).toBe(3);
});

test('a log whose clock is ahead takes nothing of upkeep: all of it waits, without a fault, until it is set back', async () => {
  await begin();
  const FORTY_DAYS_MS = 40 * 24 * HOUR_MS;
  set(FORTY_DAYS_MS);
  await denyAs(await signedInAgain(), (await requestAnew()).release);
  set(-FORTY_DAYS_MS);
  await vault.restart();
  vault.daemon.context.refusals.note('malformed', 'propose', null);
  pass(HOUR_MS);
  const before = size();
  const heard: ClockState[] = [];
  await upkeep(vault.daemon.context, HOUR_MS, { onClock: (state) => heard.push(state), onFault });
  await tellRefusals(vault.daemon.context);
  expect(heard).toMatchObject([{ standing: 'behind', sinceSignedSeconds: (HOUR_MS - FORTY_DAYS_MS) / 1000 }]);
  expect(size()).toBe(before);

  const [ben, cleo] = [await signedInAgain(vault.ben), await signedInAgain(vault.cleo)];
  const correction = await proposeAs(ben, { kind: 'clock', reason: 'a test' });
  for (const person of [ben, cleo]) await approveAs(person, correction);
  await round();
  expect(await lastEntries(1)).toMatchObject([{ kind: 'refusal' }]);
});

test('the approval that completes a quorum and the release that it brings are one transaction', async () => {
  await begin();
  const { release } = await requestAs(vault);
  await approveAs(vault.ben, release);
  const { context } = vault.daemon;
  const commit = vi.spyOn(context.log, 'commit');
  await approveAs(vault.cleo, release);
  const batches = commit.mock.calls.map(([{ entries, tokens }]) => [
    entries.map(({ bytes }) => parseEntry(bytes).kind),
    tokens.length,
  ]);
  expect(batches).toEqual([[['approval', 'release'], 1]]);
  // A daemon that begins anew acts upon no clock that a custodian has not confirmed since: it has nothing left to do.
  await vault.restart();
  expect(await phaseOf(vault, release)).toBe('executed');
});

test('a stop that the signer leaves unsigned holds back every release and is tried again each round', async () => {
  await begin();
  const pending = await releaseAs(vault, { leaseMs: HOUR_MS });
  const { manifestDigest: manifest, token } = await openAs(vault, pending);
  const { recorder } = vault.daemon.context;
  const unsigned = vi.spyOn(recorder, 'isStopUnsigned', 'get').mockReturnValue(true);
  const retried = vi.spyOn(recorder, 'recordUnsigned');
  await expectRefused(vault, { path: `/v1/weights/${manifest}/1`, token }, 503, 'unavailable', /a stop waits/);
  const { api } = await machineAgain('requester');
  await expect(api.handover(pending.release, 0)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
  await expect(requestAs(vault)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
  unsigned.mockRestore();
  await round();
  expect(retried).toHaveBeenCalledOnce();
  expect((await openAs(vault, pending)).manifestDigest).toBe(manifest);
});

test('a stop goes before the release that an approval is about to bring: nothing is released', async () => {
  await begin();
  const { release } = await requestAs(vault);
  await approveAs(vault.ben, release);
  const { custodian } = vault.ana;
  const signed: SignedStop[] = [];
  const api = {
    stop: async (body: SignedStop) => {
      signed.push(body);
      return { index: 0 };
    },
  };
  await makeStop({ ...custodian, api: api as never }, await followLog(custodian), { what: 'all', reason: 'a test' });
  const { context } = vault.daemon;
  const record = context.recorder.record.bind(context.recorder);
  vi.spyOn(context.recorder, 'record').mockImplementation((decide) =>
    record(async (facts) => {
      const act = await decide(facts);
      const follow: typeof act.follow = async (...asked) => {
        // The approval has been judged, and no token is sealed yet.
        for (const body of signed.splice(0)) void stop(context, body);
        return (await act.follow?.(...asked)) ?? null;
      };
      return { ...act, follow };
    }),
  );
  await expect(approveAs(vault.cleo, release)).rejects.toThrow(expect.objectContaining({ code: 'vault_stopped' }));
  expect(await phaseOf(vault, release)).toBe('open');
  expect(await context.log.tokenOf(release, 0)).toBeNull();
});

describe('a release that has its quorum and cannot be', () => {
  test('waits while the vault is stopped, and is released by upkeep when it has been resumed', async () => {
    await begin({ policy: { limits: { bytesPerDay: '1000', proposalMs: 48 * HOUR_MS } } });
    await releaseAs(vault, { bytes: 600n });
    const { release } = await releaseAs(vault, { bytes: 600n });
    await stopAs(vault.ana, { what: 'all', reason: 'a test' });
    pass(25 * HOUR_MS);
    expect(await phaseOf(vault, release)).toBe('approved');
    const people = await Promise.all([vault.ana, vault.ben, vault.cleo].map(signedInAgain));
    const [ana, ben, cleo] = people as [Person, Person, Person];
    const resumption = await proposeAs(ana, { kind: 'resume', reason: 'a test' });
    await approveAs(ben, resumption);
    await round();
    expect(await phaseOf(vault, release)).toBe('approved');
    await approveAs(cleo, resumption);
    await round();
    expect(await phaseOf(vault, release)).toBe('executed');
  });

  test('waits for the day’s budget, and is released by upkeep when there is some again', async () => {
    await begin({ policy: { limits: { bytesPerDay: '1000', proposalMs: 48 * HOUR_MS } } });
    await releaseAs(vault, { bytes: 600n });
    const { release } = await releaseAs(vault, { bytes: 600n });
    expect(await phaseOf(vault, release)).toBe('approved');
    await expectWaiting(release);
    pass(25 * HOUR_MS);
    await round();
    expect(await phaseOf(vault, release)).toBe('executed');
  });

  test('is tried again without being told again', async () => {
    await begin({ policy: { limits: { bytesPerDay: '1000' } } });
    await releaseAs(vault, { bytes: 600n });
    await releaseAs(vault, { bytes: 600n });
    pass(2 * REFUSALS_MS);
    await round();
    expect(await lastEntries(1)).toMatchObject([{ kind: 'refusal', body: { code: 'budget_exceeded', who: null } }]);
    const before = size();
    for (let i = 0; i < 20; i++) {
      pass(REFUSALS_MS);
      await round();
    }
    expect(size()).toBe(before);
  });

  test('expires like any other, and its shares are erased', async () => {
    await begin({ policy: { limits: { bytesPerDay: '1000' } } });
    await releaseAs(vault, { bytes: 600n });
    const { release } = await releaseAs(vault, { bytes: 600n });
    // Past its end, when there would be room for it again.
    pass(24 * HOUR_MS + MINUTE_MS);
    await round();
    expect(proposalOf(release)?.phase).toBe('expired');
    expect(await vault.daemon.context.log.hostShares(release, 0)).toEqual([]);
  });

  async function expectWaiting(release: Hex): Promise<void> {
    const token = await vault.tokenOf(vault.requester.api);
    await round();
    await expectRefused(vault, { path: `/v1/releases/${release}/hosts/0`, token }, 503, 'unavailable', /waits/);
    expect(await vault.daemon.context.log.tokenOf(release, 0)).toBeNull();
  }
});

describe('refusals', () => {
  test('are folded: many of one kind are one entry, with their number', async () => {
    await begin();
    const release = await decided();
    for (let i = 0; i < 6; i++) await refused(release);
    await round();
    const [entry] = await lastEntries(1);
    const who = vault.ben.custodian.credential;
    expect(entry).toMatchObject({ kind: 'refusal', body: { act: 'approve', code: 'proposal_closed', count: 6, who } });
  });

  test('of one kind are told once an hour at the most', async () => {
    await begin();
    const release = await decided();
    await refused(release);
    await round();
    const before = size();
    await refused(release);
    await round();
    expect(size()).toBe(before);
    pass(REFUSALS_MS);
    await round();
    expect(size()).toBe(before);
    pass(HOUR_MS);
    await refused(release);
    await round();
    expect(size()).toBe(before + 1);
    expect(await lastEntries(1)).toMatchObject([{ kind: 'refusal', body: { count: 2 } }]);
  });

  test('of one key that tries all day are a few dozen entries, and none is uncounted', async () => {
    await begin();
    const { refusals } = vault.daemon.context;
    const before = size();
    const codes = CODES.mend.slice(0, 12);
    let noted = 0;
    for (let minute = 0; minute < 24 * 60; minute += 10) {
      for (const act of ['propose', 'approve', 'deposit', 'receipt'] as const) {
        refusals.note(codes[noted++ % codes.length] as Code, act, vault.ben.custodian.credential);
      }
      await round();
      pass(10 * 60_000);
    }
    const ofADay = (await lastEntries(size() - before)).filter(({ kind }) => kind === 'refusal');
    expect(ofADay.length).toBeGreaterThan(8);
    expect(ofADay.length).toBeLessThanOrEqual(2 * REFUSALS_A_DAY_A_CALLER);
    for (let rounds = 0; rounds < 48; rounds++) {
      pass(HOUR_MS);
      await round();
    }
    const told = await lastEntries(size() - before);
    const count = told.reduce((sum, entry) => sum + (entry.kind === 'refusal' ? entry.body.count : 0), 0);
    expect(count).toBe(noted);
  });

  test('of many whom the log does not know are told as of no caller in particular', async () => {
    await begin();
    const { refusals } = vault.daemon.context;
    const before = size();
    for (let i = 0; i < 5000; i++) refusals.note('malformed', 'propose', toBase64url(Buffer.from(`caller ${i}`)));
    for (let rounds = 0; rounds < 70; rounds++) {
      pass(HOUR_MS);
      await round();
    }
    const told = (await lastEntries(size() - before)).flatMap((one) => (one.kind === 'refusal' ? [one.body] : []));
    expect(told.every(({ who }) => who === null)).toBe(true);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });

  test('that are not told yet are told when the daemon stops', async () => {
    await begin();
    const release = await decided();
    await refused(release);
    const before = size();
    await tellRefusals(vault.daemon.context);
    expect(size()).toBe(before + 1);
  });

  test('that were noted while the clock had jumped are told under it, every one of them', async () => {
    await begin();
    const { refusals } = vault.daemon.context;
    for (let i = 0; i < 3; i++) refusals.note('unauthenticated', 'propose', null);
    await round();
    set(2 * HOUR_MS);
    const before = size();
    for (let i = 0; i < 1000; i++) refusals.note('unauthenticated', 'propose', null);
    for (let i = 0; i < 7; i++) refusals.note('signature_invalid', 'propose', null);
    pass(REFUSALS_MS);
    await round();
    set(-2 * HOUR_MS);
    pass(HOUR_MS);
    await round();
    expect((await lastEntries(size() - before)).map(({ body }) => body)).toMatchObject([
      { code: 'signature_invalid', count: 7 },
      { code: 'unauthenticated', count: 1000 },
    ]);
  });

  test('that could not be recorded are told later, with those that came meanwhile', async () => {
    await begin();
    const { refusals, recorder } = vault.daemon.context;
    refusals.note('malformed', 'propose', null);
    const record = recorder.record.bind(recorder);
    recorder.record = async () => {
      throw new TwinlockError('storage_full', 'no room');
    };
    await expect(tellRefusals(vault.daemon.context)).rejects.toThrow(expect.objectContaining({ code: 'storage_full' }));
    recorder.record = async (...act) => {
      const recorded = await record(...act);
      refusals.note('malformed', 'propose', null);
      return recorded;
    };
    refusals.note('malformed', 'propose', null);
    await tellRefusals(vault.daemon.context);
    recorder.record = record;
    expect(await lastEntries(1)).toMatchObject([{ kind: 'refusal', body: { count: 2 } }]);
    pass(HOUR_MS);
    await round();
    expect(await lastEntries(1)).toMatchObject([{ kind: 'refusal', body: { count: 1 } }]);
  });

  /** A proposal that ben has decided on: what he says from now on is refused. */
  async function decided(): Promise<Hex> {
    const { release } = await requestAs(vault);
    await denyAs(vault.ben, release);
    return release;
  }

  async function refused(release: Hex): Promise<void> {
    await expect(denyAs(vault.ben, release)).rejects.toThrow(expect.objectContaining({ code: 'proposal_closed' }));
  }
});
