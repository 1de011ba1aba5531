import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SimulatedChip } from '../../client/host/simulated-chip.ts';
import { openPrincipalSession, proposeAsPrincipal } from '../../client/principal/principal.ts';
import { parseAppraisal } from '../../src/core/attest/appraisal.ts';
import type { Request } from '../../src/core/attest/request.ts';
import { fromBase64url, type Hex, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../src/core/canonical.ts';
import { type Code, TwinlockError } from '../../src/core/errors.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { APPRAISALS_A_HOST, REACHED_BYTES_A_KEY, REQUEST_MS } from '../../src/vault/limits.ts';
import { Requests } from '../../src/vault/requests.ts';
import { MEASUREMENT } from '../world/founding.ts';
import { depositFiles, publish } from '../world/vault/acts.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { type Unsent, unsent } from './hardware/wire.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const hosts = (count: number) =>
  Array.from({ length: count }, () => new SimulatedChip(platformRandom(32), MEASUREMENT));

describe('an open request', () => {
  const requester = `ed25519:${'ab'.repeat(32)}`;
  function opened(hostCount = 1): { requests: Requests; digest: Hex } {
    const requests = new Requests({ now: () => 0, monotonic: () => 0 }, platformRandom);
    const named = { model: 'acme/ocr', version: '1', purpose: 'serving', hosts: hostCount } as const;
    const request: Request = {
      v: 1,
      kind: 'request',
      vault: '00'.repeat(32),
      requester,
      ...named,
      nonce: '11',
      created: 0,
    };
    return { requests, digest: requests.open(request).digest };
  }

  test('is used up at once: a caller who proposes meanwhile finds it no more', async () => {
    const { requests, digest } = opened();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = requests.spend(digest, requester, () => promise);
    const second = requests.spend(digest, requester, async () => 'again');
    await expect(second).rejects.toThrow(refusal('challenge_unknown'));
    expect(() => requests.find(digest, requester)).toThrow(refusal('challenge_unknown'));
    resolve('recorded');
    expect(await first).toBe('recorded');
    expect(() => requests.find(digest, requester)).toThrow(refusal('challenge_unknown'));
  });

  test.each([
    ['storage_full', 'is given back'],
    ['rate_limited', 'is given back'],
    ['appraisal_mismatch', 'stays used up'],
    ['limit_exceeded', 'stays used up'],
    ['internal', 'stays used up'],
  ] as const)('whose proposal is refused with %s %s', async (code: Code, what) => {
    const { requests, digest } = opened();
    const failing = requests.spend(digest, requester, () => Promise.reject(new TwinlockError(code, 'refused')));
    await expect(failing).rejects.toThrow(refusal(code));
    const again = requests.spend(digest, requester, async () => 'recorded');
    if (what === 'is given back') expect(await again).toBe('recorded');
    else await expect(again).rejects.toThrow(refusal('challenge_unknown'));
  });

  test('whose proposal meets a defect stays used up', async () => {
    const { requests, digest } = opened();
    await expect(requests.spend(digest, requester, () => Promise.reject(new Error('a defect')))).rejects.toThrow();
    expect(() => requests.find(digest, requester)).toThrow(refusal('challenge_unknown'));
  });

  test('cannot be spent or appraised by another caller', async () => {
    const { requests, digest } = opened();
    await expect(requests.spend(digest, 'mallory', async () => 0)).rejects.toThrow(refusal('challenge_unknown'));
    expect(() => requests.findToAppraise(digest, 'mallory')).toThrow(refusal('challenge_unknown'));
    expect(requests.find(digest, requester).request.requester).toBe(requester);
  });

  test('has so many appraisals for each of its hosts, and no more', () => {
    const { requests, digest } = opened(2);
    for (let i = 0; i < 2 * APPRAISALS_A_HOST; i++) requests.findToAppraise(digest, requester);
    expect(() => requests.findToAppraise(digest, requester)).toThrow(refusal('limit_exceeded'));
  });

  test('is forgotten after a quarter of an hour', () => {
    let nowMs = 0;
    const requests = new Requests({ now: () => 0, monotonic: () => nowMs }, platformRandom);
    const named = { model: 'acme/ocr', version: '1', purpose: 'serving', hosts: 1, nonce: '11', created: 0 } as const;
    const { digest } = requests.open({ v: 1, kind: 'request', vault: '00'.repeat(32), requester, ...named });
    nowMs = REQUEST_MS;
    requests.find(digest, requester);
    nowMs++;
    expect(() => requests.find(digest, requester)).toThrow(refusal('challenge_unknown'));
  });

  test('keeps so many bytes of evidence for one key, and no more', () => {
    const { requests, digest } = opened(64);
    const named = (i: number) => ({ evidence: `e${i}`, endorsements: `n${i}`, appraisal: `a${i}` });
    const bytes = new Uint8Array(1 << 20);
    for (let i = 0; i < REACHED_BYTES_A_KEY / bytes.length; i++) {
      requests.reach(digest, requester, named(i), new Map([[`e${i}`, bytes]]));
    }
    const more = new Map([['e', new Uint8Array(1)]]);
    expect(() => requests.reach(digest, requester, named(100), more)).toThrow(refusal('rate_limited'));
    expect(requests.find(digest, requester).reached.size).toBe(48);
  });
});

describe('a release', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault();
    await depositFiles(vault, { 'weights.bin': utf8('the weights') });
    await publish(vault);
  }, 60_000);
  afterAll(() => vault?.close());

  const propose = ({ statement }: Pick<Unsent, 'statement'>) =>
    proposeAsPrincipal(vault.requester, { ...statement, nonce: toHex(platformRandom(32)) });

  /** Its last host with another digest, that of these bytes. */
  function changed({ statement }: Unsent, what: 'evidence' | 'endorsements' | 'appraisal', bytes: Uint8Array) {
    const last = { ...statement.hosts.at(-1), [what]: digestOf(bytes) } as (typeof statement.hosts)[number];
    return {
      statement: { ...statement, hosts: [...statement.hosts.slice(0, -1), last] },
    };
  }

  test.each([
    ['appraisal', 'appraisal_mismatch'],
    ['evidence', 'binding_mismatch'],
    ['endorsements', 'binding_mismatch'],
  ] as const)('that names another %s than this vault reached never comes to the recorder', async (what, code) => {
    const asked = await unsent(vault, hosts(3));
    const named = asked.objects[asked.statement.hosts.at(-1)?.[what] ?? ''] ?? '';
    const document = JSON.parse(new TextDecoder().decode(fromBase64url(named))) as Record<string, unknown>;
    const lie = canonicalBytes({ ...document, zz: 'another' });
    const { context } = vault.daemon;
    const record = vi.spyOn(context.recorder, 'record');
    const note = vi.spyOn(context.refusals, 'note');
    await expect(propose(changed(asked, what, lie))).rejects.toThrow(refusal(code));
    expect(record).not.toHaveBeenCalled();
    expect(note).toHaveBeenCalledWith(code, 'propose', vault.requester.principal.key);
    vi.restoreAllMocks();
    await expect(propose(asked)).resolves.toMatchObject({ digest: expect.any(String) });
  });

  test('that names what was reached for another request never comes to the recorder', async () => {
    const [one, other] = [await unsent(vault, hosts(1)), await unsent(vault, hosts(1))];
    const record = vi.spyOn(vault.daemon.context.recorder, 'record');
    const mixed = { statement: { ...one.statement, hosts: other.statement.hosts } };
    await expect(propose(mixed)).rejects.toThrow(refusal('appraisal_mismatch'));
    expect(record).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test('may name any of several appraisals of a host', async () => {
    const asked = await unsent(vault, hosts(1));
    const [host] = asked.statement.hosts;
    const evidence = fromBase64url(asked.objects[host?.evidence ?? ''] ?? '');
    const answer = await vault.requester.api.appraise(asked.statement.request, { evidence, endorsements: null });
    const again = answer.appraisal;
    expect(parseAppraisal(again).appraisal.verdict).toBe('pass');
    await expect(propose(changed(asked, 'appraisal', again))).resolves.toMatchObject({ digest: expect.any(String) });
  });

  test('of one request is recorded once, however often it is proposed at once', async () => {
    const asked = await unsent(vault, hosts(2));
    const { size } = vault.daemon.context.recorder;
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () =>
        propose(asked).then(
          () => 'recorded',
          ({ code }: TwinlockError) => code,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'recorded')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'rate_limited' || outcome === 'challenge_unknown')).toHaveLength(3);
    expect(vault.daemon.context.recorder.size).toBe(size + 1);
  });

  test('that the fold refuses has used its request up', async () => {
    const asked = await unsent(vault, hosts(1));
    const greedy = { ...asked, statement: { ...asked.statement, bytes: String(2n ** 63n) } };
    await expect(propose(greedy)).rejects.toThrow(refusal('budget_exceeded'));
    await expect(propose(asked)).rejects.toThrow(refusal('challenge_unknown'));
  });

  test('whose request was opened before a restart is refused', async () => {
    const asked = await unsent(vault, hosts(1));
    await vault.restart();
    const { requester } = vault.prepared.machines;
    const session = await openPrincipalSession(vault.anonymous, requester, vault.fingerprint);
    const again = proposeAsPrincipal(session, asked.statement);
    await expect(again).rejects.toThrow(refusal('challenge_unknown'));
  });
});
