import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../../client/api/api.ts';
import { fetchRelease, sendReceipt } from '../../client/host/fetch.ts';
import type { PendingRelease } from '../../client/host/pending-release.ts';
import { IMPATIENT, PATIENT, passOn, verify } from '../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../world/vault/acts.ts';
import { modelFolder, patterned, temporary } from '../world/vault/model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';

const refusal = (code: string) => expect.objectContaining({ code });
const MIB = 1 << 20;
/** Three parts of an upload, two ranges of a download. */
const LARGE = patterned(36 * MIB + 1234);

function unreachable(): never {
  throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
}

/** An answer whose connection breaks after so many bytes. */
function cut(response: Response, bytes: number): Response {
  let left = bytes;
  const body = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (chunk.length <= left) {
          left -= chunk.length;
          controller.enqueue(chunk);
        } else {
          controller.enqueue(chunk.subarray(0, left));
          controller.error(new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }));
        }
      },
    }),
  );
  return new Response(body ?? null, response);
}

describe('transfers', () => {
  let vault: Vault;
  beforeAll(async () => {
    vault = await openVault({ owner: 'cleo', models: ['acme/*'] });
  });
  afterAll(() => vault.close());

  test('an upload goes on after requests and answers were lost and the daemon was restarted', async () => {
    let puts = 0;
    vault.meddle = async (request, next) => {
      if (request.method === 'PUT') {
        puts++;
        // Never arrived; arrived, but the answer was lost; and a daemon that has forgotten the session.
        if (puts === 1) unreachable();
        if (puts === 3) {
          await next();
          unreachable();
        }
        if (puts === 4) await vault.restart();
      }
      if (request.method === 'POST' && new URL(request.url).pathname === '/v1/deposits') {
        const answer = await next();
        if (answer.ok) unreachable();
        return answer;
      }
      return next();
    };
    const folder = modelFolder({ 'large.bin': LARGE, 'small.txt': patterned(10) });
    const deposited = await depositFolder(vault, { folder, retry: PATIENT });
    vault.meddle = passOn;
    expect(deposited.files).toBe(2);
    // Five parts of the large file, one of each other; the first twice, and the one that met the restart.
    expect(puts).toBe(9);
    await vault.signInAgain();
    await publish(vault);
  });

  test('a deposit ends with unavailable where the vault stays away', async () => {
    vault.meddle = async (request, next) => (request.method === 'PUT' ? unreachable() : next());
    const folder = modelFolder({ 'a.bin': patterned(10) });
    await expect(depositFolder(vault, { folder, version: '2', retry: IMPATIENT })).rejects.toThrow(
      refusal('unavailable'),
    );
    vault.meddle = passOn;
  });

  test('refuses a version that exists before anything is sent', async () => {
    const folder = modelFolder({ 'a.bin': patterned(10) });
    await expect(depositFolder(vault, { folder })).rejects.toThrow(refusal('version_exists'));
    await expect(depositFolder(vault, { folder, model: 'other/ocr' })).rejects.toThrow(refusal('out_of_scope'));
  });

  describe('of a release', () => {
    let pending: PendingRelease;
    let api: Api;
    const folders: string[] = [];
    const fresh = () => {
      const folder = temporary();
      folders.push(folder);
      return folder;
    };
    const fetchTo = (folder: string, retry = IMPATIENT) =>
      fetchRelease({ api, pending, host: 0, folder, verify, retry });
    const isWeights = ({ url }: { readonly url: string }) => /\/v1\/weights\/[0-9a-f]+\/1$/.test(new URL(url).pathname);

    beforeAll(async () => {
      pending = await requestAs(vault, { bytes: 1_000_000_000n });
      await approveBy(pending.release, vault.ana, vault.ben);
      ({ api } = vault.requester);
    });
    afterAll(() => {
      for (const folder of folders) rmSync(folder, { recursive: true });
    });

    test('goes on inside a file after broken connections and a restart, without asking twice for a segment', async () => {
      const folder = fresh();
      const ranges: string[] = [];
      vault.meddle = async (request, next) => {
        if (!isWeights(request)) return next();
        ranges.push(request.headers.get('range') ?? '');
        if (ranges.length === 1) return cut(await next(), 5 * MIB);
        if (ranges.length === 2) unreachable();
        if (ranges.length === 3) await vault.restart();
        return next();
      };
      await fetchTo(folder, PATIENT);
      vault.meddle = passOn;
      expect(readFileSync(join(folder, 'large.bin')).equals(LARGE)).toBe(true);
      const starts = ranges.map((range) => (Number(/bytes=(\d+)-/.exec(range)?.[1]) - 74) / 1_048_608);
      expect(starts).toEqual([0, 4, 4, 32]);
    });

    test('keeps what a broken run wrote, up to its last whole segment', async () => {
      const folder = fresh();
      const starts: number[] = [];
      vault.meddle = async (request, next) => {
        if (!isWeights(request)) return next();
        starts.push((Number(/bytes=(\d+)-/.exec(request.headers.get('range') ?? '')?.[1]) - 74) / 1_048_608);
        return starts.length === 1 ? cut(await next(), 7 * MIB) : next();
      };
      await expect(fetchTo(folder)).rejects.toThrow(refusal('unavailable'));
      expect(readdirSync(folder).sort()).toEqual(['.twinlock-part', 'small.txt']);
      expect(readdirSync(join(folder, '.twinlock-part'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}-1$/)]);
      await fetchTo(folder);
      vault.meddle = passOn;
      expect(starts).toEqual([0, 6]);
      expect(readdirSync(folder).sort()).toEqual(['large.bin', 'small.txt']);
      expect(readFileSync(join(folder, 'large.bin')).equals(LARGE)).toBe(true);
    });

    test('replaces a file of the same name that is not the model’s', async () => {
      const folder = fresh();
      await fetchTo(folder);
      truncateSync(join(folder, 'large.bin'), 100);
      writeFileSync(join(folder, 'small.txt'), patterned(10).reverse());
      await fetchTo(folder);
      expect(readFileSync(join(folder, 'large.bin')).equals(LARGE)).toBe(true);
      expect(readFileSync(join(folder, 'small.txt')).equals(patterned(10))).toBe(true);
    });

    test('is not held up by a pipe that lies in the place of a file', async () => {
      const folder = fresh();
      execFileSync('mkfifo', [join(folder, 'small.txt')]);
      await fetchTo(folder);
      expect(readFileSync(join(folder, 'small.txt')).equals(patterned(10))).toBe(true);
    });

    /** Changes a byte of segment 2, in as many answers as are asked for, and tells what was asked for. */
    const tamper = (times: number): string[] => {
      const ranges: string[] = [];
      vault.meddle = async (request, next) => {
        const answer = await next();
        if (!isWeights(request)) return answer;
        const range = request.headers.get('range') ?? '';
        const start = Number(/bytes=(\d+)-/.exec(range)?.[1]);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        const at = 74 + 2 * 1_048_608 + 500 - start;
        ranges.push(range);
        if (at >= 0 && at < bytes.length && ranges.length <= times) bytes[at] = (bytes[at] ?? 0) ^ 1;
        return new Response(bytes, { status: answer.status, headers: answer.headers });
      };
      return ranges;
    };
    const segmentTwo = `bytes=${74 + 2 * 1_048_608}-${74 + 3 * 1_048_608 - 1}`;

    test('refuses a segment that is tampered with twice, naming file and segment, and lets nothing of it out', async () => {
      const folder = fresh();
      const ranges = tamper(2);
      await expect(fetchTo(folder)).rejects.toThrow(
        expect.objectContaining({
          code: 'digest_mismatch',
          detail: { file: 1, segment: 2 },
          message: expect.stringMatching(/^large\.bin: segment 2: .*, fetched twice: /),
        }),
      );
      vault.meddle = passOn;
      expect(ranges).toEqual([expect.stringMatching(/^bytes=74-/), segmentTwo]);
      expect(readdirSync(folder).sort()).toEqual(['.twinlock-part', 'small.txt']);
      const [part = ''] = readdirSync(join(folder, '.twinlock-part'));
      const aside = readFileSync(join(folder, '.twinlock-part', part));
      expect(aside.subarray(0, 2 * MIB).equals(LARGE.subarray(0, 2 * MIB))).toBe(true);
      expect(aside.subarray(2 * MIB, 3 * MIB).every((byte) => byte === 0)).toBe(true);
    });

    test('fetches a segment that came wrong once more, by itself', async () => {
      const folder = fresh();
      const ranges = tamper(1);
      await fetchTo(folder);
      vault.meddle = passOn;
      expect(ranges.slice(0, 2)).toEqual([expect.stringMatching(/^bytes=74-/), segmentTwo]);
      expect(readFileSync(join(folder, 'large.bin')).equals(LARGE)).toBe(true);
    });

    test('refuses leaves that are not of the manifest', async () => {
      vault.meddle = async (request, next) => {
        const answer = await next();
        if (!request.url.endsWith('/1/leaves')) return answer;
        const bytes = new Uint8Array(await answer.arrayBuffer());
        bytes[40] = (bytes[40] ?? 0) ^ 1;
        return new Response(bytes, answer);
      };
      await expect(fetchTo(fresh())).rejects.toThrow(refusal('digest_mismatch'));
      vault.meddle = passOn;
    });

    test('a receipt whose answer was lost is not given twice', async () => {
      const fetched = await fetchTo(fresh());
      let lost = false;
      vault.meddle = async (request, next) => {
        const answer = await next();
        if (!request.url.endsWith('/receipts') || lost) return answer;
        lost = true;
        return unreachable();
      };
      const findings = { modelSignature: null, evaluation: null };
      expect(await sendReceipt(api, pending, 0, fetched, findings, PATIENT)).toEqual({ index: null });
      vault.meddle = passOn;
      await expect(sendReceipt(api, pending, 0, fetched, findings, IMPATIENT)).rejects.toThrow(
        refusal('statement_seen'),
      );
    });
  });
});
