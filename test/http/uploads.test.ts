import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Api } from '../../client/api/api.ts';
import { openPrincipalSession, principalKey, principalRecordOf } from '../../client/principal/principal.ts';
import { type Hex, toBase64url } from '../../src/core/bytes.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { PART_SEGMENTS, UPLOAD_MS, UPLOAD_SILENCE_MS, UPLOADS_A_KEY } from '../../src/vault/limits.ts';
import { approveAs, proposeAs } from '../world/vault/acts.ts';
import { OPENED_HERE, type SealedModel, sealModel } from '../world/vault/sealed-model.ts';
import { openVault, type Vault } from '../world/vault/vault.ts';
import { ask, expectRefused, snapshotOf } from './ask.ts';

const SEGMENT = 1_048_608;
const MIB = 1 << 20;
const OCTETS = { 'content-type': 'application/octet-stream' };

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

let vault: Vault;
let api: Api;
let token: string;
/** Another depositor's. */
let other: Api;
let version = 0;

beforeAll(async () => {
  vault = await openVault({ models: ['acme/*'] });
  api = vault.depositor.api;
  token = await vault.tokenOf(api);
  const key = principalKey('depositor', 'another', platformRandom(32));
  const owner = vault.ana.custodian.person;
  const principal = principalRecordOf(key, { owner, ownerName: 'ana', models: ['*'] });
  const proposal = await proposeAs(vault.ana, { kind: 'principal', principal });
  await approveAs(vault.ben, proposal);
  await approveAs(vault.cleo, proposal);
  other = (await openPrincipalSession(vault.anonymous, key, vault.fingerprint)).api;
});
afterAll(async () => {
  expect(vault.failures).toEqual([]);
  await vault.close();
});
afterEach(() => {
  vi.restoreAllMocks();
});
beforeEach(async () => {
  version++;
  // A key has a few under way, and each test begins its own.
  const { uploads } = vault.daemon.context;
  for (const { id } of await uploads.uploads()) await uploads.drop(id);
});

const refused = (code: string) => expect.objectContaining({ code });
const open = (files: readonly string[]) =>
  api.openUpload({ model: 'acme/ocr', version: `v${version}`, files: [...files], ...OPENED_HERE });
const put = (
  upload: Hex,
  file: number,
  segment: number,
  body: Uint8Array,
  headers: Record<string, string> = OCTETS,
) => ({
  method: 'PUT',
  path: `/v1/uploads/${upload}/files/${file}?segment=${segment}&turn=0`,
  token,
  headers,
  body,
});

/** A finished upload of a sealed model. */
async function uploaded(): Promise<{ upload: Hex; sealed: SealedModel }> {
  const sealed = await sealModel(vault, { version: `v${version}` });
  const { upload } = await api.openUpload(sealed.opening);
  for (const [file, part] of sealed.parts.entries()) await api.putPart(upload, file, 0, [part]);
  return { upload, sealed };
}

describe('parts', () => {
  test('come one after the other, and are counted once they are stored', async () => {
    const { upload, partSegments, segments } = await open(['1', String(2 * MIB)]);
    expect({ partSegments, segments }).toEqual({ partSegments: PART_SEGMENTS, segments: [0, 0] });
    expect(await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)])).toBe(1);
    expect(await api.putPart(upload, 1, 1, [new Uint8Array(SEGMENT)])).toBe(2);
    expect(await api.putPart(upload, 0, 0, [new Uint8Array(33)])).toBe(1);
    expect((await api.upload(upload)).segments).toEqual([1, 2]);
  });

  test('out of order are refused, and the next wanted is named', async () => {
    const { upload } = await open(['1', String(3 * MIB)]);
    await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)]);
    for (const segment of [0, 2, 3]) {
      const question = put(upload, 1, segment, new Uint8Array(SEGMENT));
      await expectRefused(vault, question, 409, 'upload_conflict', /expected segment 1 next/);
      expect(JSON.parse((await ask(vault.baseUrl, question)).body.toString()).detail).toEqual({ next: 1 });
    }
  });

  test('of a complete file are refused', async () => {
    const { upload } = await open(['1', '1']);
    await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
    await expectRefused(vault, put(upload, 0, 1, new Uint8Array(33)), 409, 'upload_conflict', /complete/);
  });

  test('of a file that the upload does not have are refused', async () => {
    const { upload } = await open(['1', '1']);
    await expectRefused(vault, put(upload, 2, 0, new Uint8Array(33)), 404, 'not_found', /no file 2/);
  });

  test.each([
    ['nothing', 0],
    ['less than a segment', SEGMENT - 1],
    ['a segment and a byte', SEGMENT + 1],
    ['more than the file', 2 * SEGMENT + 33 + 1],
  ])('that are %s are refused', async (_, bytes) => {
    const { upload } = await open(['1', String(2 * MIB + 1)]);
    await expectRefused(vault, put(upload, 1, 0, new Uint8Array(bytes)), 400, 'malformed', /segment/);
    expect(await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)])).toBe(1);
  });

  test('of too many segments are refused', async () => {
    const { upload, partSegments } = await open(['1', String(40 * MIB)]);
    const body = new Uint8Array((partSegments + 1) * SEGMENT);
    await expectRefused(vault, put(upload, 1, 0, body), 413, 'too_large', /at most/);
    await expectRefused(vault, put(upload, 1, 0, new Uint8Array(30 * MIB)), 413, 'too_large', /at most \d+ bytes/);
    expect(await api.putPart(upload, 1, 0, [new Uint8Array(partSegments * SEGMENT)])).toBe(partSegments);
  });

  test('are octets, and of known length', async () => {
    const { upload } = await open(['1', '1']);
    const body = new Uint8Array(33);
    for (const type of ['application/json', 'application/octet-stream; charset=utf-8', 'text/plain']) {
      await expectRefused(vault, put(upload, 0, 0, body, { 'content-type': type }), 400, 'malformed', /content-type/);
    }
    const chunked = { ...OCTETS, 'transfer-encoding': 'chunked' };
    await expectRefused(vault, put(upload, 0, 0, body, chunked), 400, 'malformed', /content-length/);
  });

  test('that are cut off by the connection leave nothing acknowledged', async () => {
    const { upload } = await open(['1', String(3 * MIB)]);
    await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)]);
    const before = await snapshotOf(vault);
    for (const sent of [0, 100, SEGMENT, SEGMENT + 100]) await sendAndBreakOff(upload, 2 * SEGMENT, sent);
    expect(await snapshotOf(vault)).toEqual(before);
    await expect.poll(() => api.putPart(upload, 1, 1, [new Uint8Array(2 * SEGMENT)])).toBe(3);
  });

  test('of an upload of another key are refused, and so is a look at it', async () => {
    const { upload } = await open(['1', '1']);
    await expect(other.putPart(upload, 0, 0, [new Uint8Array(33)])).rejects.toThrow(refused('upload_unknown'));
    await expect(other.upload(upload)).rejects.toThrow(refused('upload_unknown'));
    expect((await api.upload(upload)).segments).toEqual([0, 0]);
  });

  test('two at once are refused but one', async () => {
    const { upload } = await open(['1', String(8 * MIB)]);
    const body = new Uint8Array(8 * SEGMENT);
    const parts = [0, 1, 2].map(() => ask(vault.baseUrl, put(upload, 1, 0, body)));
    const statuses = (await Promise.all(parts)).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 409, 409]);
    expect((await api.upload(upload)).segments).toEqual([0, 8]);
  });

  /** Says that `length` bytes come, sends some, and is gone. */
  async function sendAndBreakOff(upload: Hex, length: number, sent: number): Promise<void> {
    const { hostname, port } = new URL(vault.baseUrl);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `PUT /v1/uploads/${upload}/files/1?segment=1&turn=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n` +
        `Content-Type: application/octet-stream\r\nContent-Length: ${length}\r\n\r\n`,
    );
    await new Promise<void>((resolve) => socket.write(new Uint8Array(sent), () => resolve()));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise<void>((resolve) => socket.once('close', () => resolve()).destroy());
  }
});

describe('uploads', () => {
  const elsewhere = { opener: '0b'.repeat(16), files: ['1', '1'], model: 'acme/ocr' };

  test('of one machine stay when another with the same key begins the same version, unless that names them', async () => {
    const { upload } = await open(['1', '1']);
    await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
    const path = '/v1/uploads';
    for (const replaces of [null, '0c'.repeat(16)]) {
      const question = { method: 'POST', path, token, body: { ...elsewhere, version: `v${version}`, replaces } };
      await expectRefused(
        vault,
        question,
        409,
        'upload_conflict',
        /uploading acme\/ocr@v\d+ since .* heard of it less than a minute ago: .* --replace/,
      );
      const { detail } = JSON.parse((await ask(vault.baseUrl, question)).body.toString());
      expect(detail).toEqual({ upload, opened: expect.any(Number), silentMs: 0 });
    }
    expect((await api.upload(upload)).segments).toEqual([1, 0]);
    const second = await api.openUpload({ ...elsewhere, version: `v${version}`, replaces: upload });
    await expect(api.upload(upload)).rejects.toThrow(refused('upload_unknown'));
    expect((await api.upload(second.upload)).segments).toEqual([0, 0]);
    expect(readdirSync(join(vault.prepared.dataDir, 'uploads'))).not.toContain(upload);
    // The first learns of it too.
    await expect(open(['1', '1'])).rejects.toThrow(refused('upload_conflict'));
  });

  test('a version has one: a machine that begins anew drops what it had, while nothing of that is stored', async () => {
    const first = await open(['1', '1']);
    const second = await open(['1', '1']);
    await expect(api.upload(first.upload)).rejects.toThrow(refused('upload_unknown'));
    await api.putPart(second.upload, 0, 0, [new Uint8Array(33)]);
    // A copy of the machine has its opener.
    const body = { ...OPENED_HERE, files: ['1', '1'], model: 'acme/ocr', version: `v${version}` };
    const question = { method: 'POST', path: '/v1/uploads', token, body };
    await expectRefused(vault, question, 409, 'upload_conflict', /this machine, or a copy of it, .* --replace/);
    expect((await api.upload(second.upload)).segments).toEqual([1, 0]);
    await api.openUpload({ ...body, replaces: second.upload });
    await expect(api.upload(second.upload)).rejects.toThrow(refused('upload_unknown'));
  });

  test('another depositor waits until it has ended', async () => {
    const { upload } = await open(['1', '1']);
    const opening = other.openUpload({ model: 'acme/ocr', version: `v${version}`, files: ['1', '1'], ...OPENED_HERE });
    await expect(opening).rejects.toThrow(refused('upload_conflict'));
    expect((await api.upload(upload)).segments).toEqual([0, 0]);
  });

  test('two for one version at the same instant leave one', async () => {
    const opened = await Promise.all([open(['1', '1']), open(['1', '1']), open(['1', '1'])]);
    const { uploads } = vault.daemon.context;
    const kept = (await uploads.uploads()).filter((upload) => upload.version === `v${version}`);
    expect(kept.map(({ id }) => id)).toEqual([opened.at(-1)?.upload]);
  });

  test('a key uploads only what is in its scope', async () => {
    const body = { model: 'other/ocr', version: '1', files: ['1', '1'], ...OPENED_HERE };
    await expectRefused(vault, { method: 'POST', path: '/v1/uploads', token, body }, 403, 'out_of_scope', /other\/ocr/);
  });

  test('one key has at most 8 at once, and keeps no other key from its own', async () => {
    const { uploads } = vault.daemon.context;
    for (let i = (await uploads.uploads()).length; i < UPLOADS_A_KEY; i++) {
      await api.openUpload({ model: 'acme/ocr', version: `w${i}`, files: ['1', '1'], ...OPENED_HERE });
    }
    const body = { model: 'acme/ocr', version: 'one-more', files: ['1', '1'], ...OPENED_HERE };
    await expectRefused(vault, { method: 'POST', path: '/v1/uploads', token, body }, 429, 'rate_limited', /finish one/);
    for (const upload of await uploads.uploads()) {
      await uploads.drop(upload.id);
      await uploads.open({ ...upload, depositor: `ed25519:${'A'.repeat(43)}` });
    }
    await api.openUpload({ model: 'acme/ocr', version: 'one-more', files: ['1', '1'], ...OPENED_HERE });
    for (const { id } of await uploads.uploads()) await uploads.drop(id);
  });
});

describe('room on the disk', () => {
  /** Two files of 1 MiB with their leaves, in whole blocks: each lies by itself. */
  const TWO_MIB = 2 * (1_052_672 + 4096);
  let roomBytes = 0;
  /** A key begins 60 an hour. */
  const openAnew = (files: readonly string[], replaces: Hex | null = null) =>
    other.openUpload({ ...OPENED_HERE, model: 'acme/ocr', version: `v${version}`, files: [...files], replaces });
  beforeEach(() => {
    vi.spyOn(vault.daemon.context.blobs, 'room').mockImplementation(async () => roomBytes);
  });
  // The operator is told of each.
  afterEach(() => {
    vault.failures.splice(0);
  });

  test('an upload that is larger than it is refused when it is opened, with both numbers', async () => {
    roomBytes = TWO_MIB - 1;
    const body = { model: 'acme/ocr', version: `v${version}`, files: [String(MIB), String(MIB)], ...OPENED_HERE };
    const question = { method: 'POST', path: '/v1/uploads', token, body };
    await expectRefused(vault, question, 507, 'storage_full', /needs 2,113,536 bytes .* 2,113,535 are free/);
    const refusal = JSON.parse((await ask(vault.baseUrl, question)).body.toString());
    expect(refusal.detail).toEqual({ needed: TWO_MIB, free: roomBytes });
    roomBytes = TWO_MIB;
    await open([String(MIB), String(MIB)]);
  });

  test('what other uploads still need of it is theirs; what they have stored is not counted again', async () => {
    roomBytes = TWO_MIB;
    const { upload } = await api.openUpload({
      model: 'acme/ocr',
      version: 'other',
      files: [String(MIB), '1'],
      ...OPENED_HERE,
    });
    await expect(openAnew([String(MIB), String(MIB)])).rejects.toThrow(refused('storage_full'));
    await api.putPart(upload, 0, 0, [new Uint8Array(SEGMENT)]);
    await api.putPart(upload, 1, 0, [new Uint8Array(33)]);
    await openAnew([String(MIB), String(MIB)]);
  });

  test('a depositor who begins anew has the room of what they drop', async () => {
    roomBytes = TWO_MIB;
    await open([String(MIB), String(MIB)]);
    await open([String(MIB), String(MIB)]);
  });

  test('a depositor who is refused it keeps what they had', async () => {
    roomBytes = TWO_MIB;
    const { upload } = await openAnew([String(MIB), '1']);
    await other.putPart(upload, 1, 0, [new Uint8Array(33)]);
    await expect(openAnew([String(3 * MIB), '1'], upload)).rejects.toThrow(refused('storage_full'));
    expect((await other.upload(upload)).segments).toEqual([0, 1]);
  });

  test('what is stored of an upload, or of a file that is begun anew, is room for what replaces it', async () => {
    roomBytes = TWO_MIB;
    const { upload, turn } = await openAnew([String(MIB), String(MIB)]);
    for (const file of [0, 1]) await other.putPart(upload, file, 0, [new Uint8Array(SEGMENT)]);
    roomBytes = 0;
    await expect(other.restartFile(upload, 1, { turn, bytes: String(2 * MIB) })).rejects.toThrow(
      refused('storage_full'),
    );
    await other.restartFile(upload, 1, { turn, bytes: String(MIB) });
    // The disk has it back at once.
    expect(statSync(join(vault.prepared.dataDir, 'uploads', upload, 'pack')).size).toBe(0);
    roomBytes = TWO_MIB / 2;
    await openAnew([String(MIB), String(MIB)], upload);
  });

  test('is not kept for a depositor who does not go on, who is told so when they do, and loses nothing', async () => {
    roomBytes = TWO_MIB;
    const first = await openAnew([String(MIB), String(MIB)]);
    const second = { ...OPENED_HERE, model: 'acme/ocr', version: 'second', files: [String(MIB), String(MIB)] };
    await expect(api.openUpload(second)).rejects.toThrow(refused('storage_full'));
    const { room } = vault.daemon.context.silence;
    const { depositor } = (await vault.daemon.context.uploads.upload(first.upload)) as { depositor: string };
    const kept = vi.spyOn(room, 'isKeptFor').mockImplementation((key) => key !== depositor);
    const { upload } = await api.openUpload(second);
    await expect(other.takeUploadOver(first.upload)).rejects.toThrow(refused('storage_full'));
    const part = () => other.putPart(first.upload, 0, 0, [new Uint8Array(SEGMENT)]);
    // The room is the second’s by now, whatever the first was promised.
    await expect(part()).rejects.toThrow(refused('storage_full'));
    expect(await other.upload(first.upload)).toMatchObject({ turn: 0, segments: [0, 0] });
    await api.abandonUpload(upload);
    expect(await part()).toBe(1);
    expect(await other.takeUploadOver(first.upload)).toMatchObject({ turn: 1 });
    expect(kept).toHaveBeenCalled();
  });

  test('is promised once to one depositor, whether or not it is kept for them', async () => {
    roomBytes = TWO_MIB;
    await openAnew([String(MIB), String(MIB)]);
    vi.spyOn(vault.daemon.context.silence.room, 'isKeptFor').mockReturnValue(false);
    const second = { ...OPENED_HERE, model: 'acme/ocr', version: 'second', files: [String(MIB), String(MIB)] };
    await expect(other.openUpload(second)).rejects.toThrow(refused('storage_full'));
  });

  test('a file that has grown needs it too', async () => {
    roomBytes = TWO_MIB;
    const { upload, turn } = await open([String(MIB), '1']);
    const grown = api.restartFile(upload, 1, { turn, bytes: String(2 * MIB) });
    await expect(grown).rejects.toThrow(refused('storage_full'));
    await api.restartFile(upload, 1, { turn, bytes: String(MIB) });
  });
});

describe('small files', () => {
  const small = (bytes: number, fill: number) => new Uint8Array(bytes + 32).fill(fill);

  test('come together in one part, which ends before the first that is stored', async () => {
    const { upload } = await open(['1', '3', String(2 * MIB), '0', '5', '7']);
    const { uploads, blobs } = vault.daemon.context;
    const [stored, advanced] = [vi.spyOn(blobs, 'storePack'), vi.spyOn(uploads, 'advancePacked')];
    expect(await api.putPart(upload, 4, 0, [small(5, 4)])).toBe(1);
    expect((await api.upload(upload)).segments).toEqual([0, 0, 0, 0, 1, 0]);
    const tooMany = put(upload, 1, 0, Buffer.concat([small(3, 1), small(0, 3), small(5, 4)]));
    await expectRefused(vault, tooMany, 400, 'malformed', /no more than the segments of 2 small files/);
    await expectRefused(vault, put(upload, 1, 0, small(2, 1)), 400, 'malformed', /ended after 34 bytes/);
    expect((await api.upload(upload)).segments).toEqual([0, 0, 0, 0, 1, 0]);
    expect(await api.putPart(upload, 1, 0, [small(3, 1), small(0, 3)])).toBe(1);
    expect((await api.upload(upload)).segments).toEqual([0, 1, 0, 1, 1, 0]);
    await expectRefused(vault, put(upload, 1, 0, small(3, 1)), 409, 'upload_conflict', /expected segment 1 next/);
    await expectRefused(vault, put(upload, 1, 1, small(3, 1)), 409, 'upload_conflict', /file 1 is complete/);
    expect(stored).toHaveBeenCalledTimes(4);
    expect(advanced.mock.calls.map(([, , files]) => files)).toEqual([[4], [1, 3]]);
  });

  test('of a turn that has ended raise no count', async () => {
    const { upload } = await open(['1', '3', '5']);
    const { blobs } = vault.daemon.context;
    const { storePack } = blobs;
    vi.spyOn(blobs, 'storePack').mockImplementationOnce(async (...part) => {
      const count = await storePack(...part);
      await api.takeUploadOver(upload);
      return count;
    });
    await expect(api.putPart(upload, 1, 0, [small(3, 1), small(5, 2)])).rejects.toThrow(refused('upload_conflict'));
    expect((await api.upload(upload)).segments).toEqual([0, 0, 0]);
  });

  test('that lie elsewhere once one of them has another size are sent again, and no others', async () => {
    const { upload, turn } = await open(['1', '3', '5', String(2 * MIB), '7']);
    await api.putPart(upload, 1, 0, [small(3, 1), small(5, 2), small(7, 4)]);
    const restarted = async (at: number, file: number, bytes: number) =>
      (await api.restartFile(upload, file, { turn: at, bytes: String(bytes) })).segments;
    expect(await restarted(turn, 2, 5)).toEqual([0, 1, 0, 0, 1]);
    expect(await restarted(turn + 1, 2, 6)).toEqual([0, 1, 0, 0, 0]);
    // What lies after the last that is stored is off the disk.
    expect(statSync(join(vault.prepared.dataDir, 'uploads', upload, 'pack')).size).toBe(3 + 32);
    await api.putPart(upload, 2, 0, [small(6, 2), small(7, 4)], turn + 2);
    // A large one that becomes small comes between.
    expect(await restarted(turn + 2, 3, MIB)).toEqual([0, 1, 1, 0, 0]);
    await api.putPart(upload, 3, 0, [small(MIB, 3), small(7, 4)], turn + 3);
    expect(await restarted(turn + 3, 0, 2)).toEqual([0, 1, 1, 1, 1]);
  });

  test('whose ciphertext is not what the manifest says are refused by name, and so is a pack without its leaves', async () => {
    const { upload, sealed } = await uploaded();
    const { blobs } = vault.daemon.context;
    vi.spyOn(blobs, 'uploadLeaves').mockImplementation(async function* (_, file) {
      if (file === 'pack') yield new Uint8Array(0);
      else yield Buffer.from(sealed.core.files[0]?.root ?? '', 'hex');
    });
    const question = { method: 'POST', path: '/v1/deposits', token, body: sealed.depositOf(upload) };
    await expectRefused(vault, question, 500, 'storage_corrupt', /small files are not on the disk/);
    vault.failures.splice(0);
  });
});

describe('an upload that is given up', () => {
  const folders = () => readdirSync(join(vault.prepared.dataDir, 'uploads'));

  test('leaves nothing', async () => {
    const { upload } = await open(['1', '1']);
    await api.putPart(upload, 0, 0, [new Uint8Array(33)]);
    expect(folders()).toContain(upload);
    await api.abandonUpload(upload);
    expect(folders()).not.toContain(upload);
    const gone = { method: 'DELETE', path: `/v1/uploads/${upload}`, token };
    await expectRefused(vault, gone, 404, 'upload_unknown', /begin anew/);
  });

  test('by another key than its depositor’s stays', async () => {
    const { upload } = await open(['1', '1']);
    await expect(other.abandonUpload(upload)).rejects.toThrow(refused('upload_unknown'));
    expect((await other.uploads()).uploads).toEqual([]);
    expect((await api.upload(upload)).segments).toEqual([0, 0]);
  });

  test('while a part of it is being written leaves nothing of that part', async () => {
    const { upload } = await open(['1', String(2 * MIB)]);
    const { blobs } = vault.daemon.context;
    const { storePart } = blobs;
    vi.spyOn(blobs, 'storePart').mockImplementationOnce(async (...part) => {
      const segments = await storePart(...part);
      await api.abandonUpload(upload);
      // As if it had been written while the sweep ran.
      mkdirSync(join(vault.prepared.dataDir, 'uploads', upload));
      return segments;
    });
    await expect(api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)])).rejects.toThrow(refused('upload_unknown'));
    expect(folders()).not.toContain(upload);
  });

  test('and has become a version is one', async () => {
    const { upload, sealed } = await uploaded();
    const { uploads } = vault.daemon.context;
    vi.spyOn(uploads, 'drop').mockResolvedValueOnce(undefined);
    await api.deposit(sealed.depositOf(upload));
    await expect(api.abandonUpload(upload)).rejects.toThrow(refused('version_exists'));
    await uploads.drop(upload);
  });
});

describe('an upload that another process of its depositor goes on with', () => {
  test('is listed with its sizes and ends, for its depositor alone', async () => {
    const { upload, expires } = await open(['10', String(2 * MIB)]);
    await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)]);
    const listed = await api.uploads();
    expect(listed.silenceMs).toBe(UPLOAD_SILENCE_MS);
    expect(listed.uploads).toMatchObject([
      {
        upload,
        model: 'acme/ocr',
        version: `v${version}`,
        files: 2,
        bytes: String(2 * MIB + 10),
        storedBytes: String(MIB),
        opened: expires - UPLOAD_MS,
        expires,
        silentMs: 0,
      },
    ]);
  });

  test('takes no part of the one before, whenever that part ends', async () => {
    const { upload } = await open(['1', String(2 * MIB)]);
    const { blobs } = vault.daemon.context;
    const { storePart } = blobs;
    vi.spyOn(blobs, 'storePart').mockImplementationOnce(async (...part) => {
      const segments = await storePart(...part);
      await api.takeUploadOver(upload);
      return segments;
    });
    const late = api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)]);
    await expect(late).rejects.toThrow(refused('upload_conflict'));
    const { turn, segments, files } = await api.upload(upload);
    expect({ turn, segments, files }).toEqual({ turn: 1, segments: [0, 0], files: ['1', String(2 * MIB)] });
    await expectRefused(vault, put(upload, 1, 0, new Uint8Array(SEGMENT)), 409, 'upload_conflict', /taken .* over/);
    expect(await api.putPart(upload, 1, 0, [new Uint8Array(SEGMENT)], 1)).toBe(1);
  });

  test('has a file begun anew, with another size', async () => {
    const { upload, turn } = await open(['1', String(2 * MIB)]);
    await api.putPart(upload, 1, 0, [new Uint8Array(2 * SEGMENT)]);
    const again = await api.restartFile(upload, 1, { turn, bytes: '1' });
    expect(again).toMatchObject({ turn: 1, segments: [0, 0], files: ['1', '1'] });
    expect(await api.putPart(upload, 1, 0, [new Uint8Array(33)], 1)).toBe(1);
    await expect(api.restartFile(upload, 1, { turn, bytes: '1' })).rejects.toThrow(refused('upload_conflict'));
    await expect(api.restartFile(upload, 2, { turn: 1, bytes: '1' })).rejects.toThrow(refused('not_found'));
    const tooLarge = api.restartFile(upload, 1, { turn: 1, bytes: String(2 ** 44 + 1) });
    await expect(tooLarge).rejects.toThrow(refused('limit_exceeded'));
    await expect(other.restartFile(upload, 1, { turn: 1, bytes: '1' })).rejects.toThrow(refused('upload_unknown'));
    await expect(other.takeUploadOver(upload)).rejects.toThrow(refused('upload_unknown'));
  });

  test('is no version where a file was begun anew while its deposit was being checked', async () => {
    const { upload, sealed } = await uploaded();
    const { blobs } = vault.daemon.context;
    const { uploadLeaves } = blobs;
    let isFirst = true;
    vi.spyOn(blobs, 'uploadLeaves').mockImplementation(async function* (id, file) {
      yield* uploadLeaves(id, file);
      if (isFirst) await api.restartFile(upload, 0, { turn: 0, bytes: '1' });
      isFirst = false;
    });
    await expect(api.deposit(sealed.depositOf(upload))).rejects.toThrow(refused('upload_conflict'));
    expect((await api.upload(upload)).segments).toEqual([0, 1]);
  });
});

describe('deposits', () => {
  const post = (body: unknown) => ({ method: 'POST', path: '/v1/deposits', token, body });

  test('a finished upload becomes a quarantined version, once', async () => {
    const { upload, sealed } = await uploaded();
    const { manifest } = await api.deposit(sealed.depositOf(upload));
    const status = await api.status();
    const found = status.versions.find((v) => v.manifest === manifest);
    expect(found).toMatchObject({ model: 'acme/ocr', version: `v${version}`, phase: 'quarantined', durable: false });
    await expectRefused(vault, post(sealed.depositOf(upload)), 404, 'upload_unknown', /ended/);
    const again = { method: 'POST', path: '/v1/uploads', token, body: sealed.opening };
    await expectRefused(vault, again, 409, 'version_exists', /take another/);
  });

  test('an unfinished upload is refused, and the file that lacks segments is named', async () => {
    const sealed = await sealModel(vault, { version: `v${version}` });
    const { upload } = await api.openUpload(sealed.opening);
    await api.putPart(upload, 0, 0, [sealed.parts[0] ?? new Uint8Array()]);
    await expectRefused(vault, post(sealed.depositOf(upload)), 409, 'upload_incomplete', /file 1 has 0 segments/);
    await api.putPart(upload, 1, 0, [sealed.parts[1] ?? new Uint8Array()]);
    await api.deposit(sealed.depositOf(upload));
  });

  test('ciphertext that is not what the manifest says is refused', async () => {
    const sealed = await sealModel(vault, { version: `v${version}` });
    const { upload } = await api.openUpload(sealed.opening);
    const [inner = new Uint8Array(), weights = new Uint8Array()] = sealed.parts;
    const altered = weights.slice();
    altered[40] = (altered[40] ?? 0) ^ 1;
    await api.putPart(upload, 0, 0, [inner]);
    await api.putPart(upload, 1, 0, [altered]);
    await expectRefused(vault, post(sealed.depositOf(upload)), 400, 'manifest_mismatch', /file 1: expected the root/);
  });

  test('a manifest of another version, other sizes, another depositor or another committee is refused', async () => {
    const { upload, sealed } = await uploaded();
    const { core } = sealed;
    const changed = (changes: object) => post(sealed.depositOf(upload, { ...core, ...changes }));
    const elsewhere = await sealModel(vault, { version: 'elsewhere' });
    await expectRefused(vault, post(elsewhere.depositOf(upload)), 400, 'manifest_mismatch', /another version/);
    const files = core.files.map((file) => ({ ...file, size: String(Number(file.size) + 1) }));
    await expectRefused(vault, changed({ files }), 400, 'manifest_mismatch', /other sizes/);
    const depositor = `ed25519:${'A'.repeat(43)}`;
    await expectRefused(vault, changed({ depositor }), 403, 'not_permitted', /caller’s key/);
    await expectRefused(vault, changed({ epoch: 2 }), 400, 'committee_mismatch', /committee/);
    await expectRefused(
      vault,
      changed({ threshold: 3, commitments: [...core.commitments, core.commitments[0]] }),
      400,
      'committee_mismatch',
    );
    await expectRefused(vault, changed({ v: 2 }), 400, 'malformed', /manifest.v/);
    await expectRefused(vault, changed({ surprise: 1 }), 400, 'malformed', /surprise/);
  });

  test('envelopes that are not those of the committee are refused', async () => {
    const { upload, sealed } = await uploaded();
    const body = sealed.depositOf(upload);
    const [first, ...rest] = body.envelopes;
    await expectRefused(vault, post({ ...body, envelopes: rest }), 400, 'envelopes_mismatch', /each of the 3/);
    await expectRefused(vault, post({ ...body, envelopes: [first, first, ...rest] }), 400, 'envelopes_mismatch');
    const short = [{ ...first, envelope: toBase64url(new Uint8Array(1201)) }, ...rest];
    await expectRefused(vault, post({ ...body, envelopes: short }), 400, 'envelope_invalid', /1202 bytes/);
  });

  test('a manifest that is signed with another key is refused, and one that is not canonical', async () => {
    const { upload, sealed } = await uploaded();
    const body = sealed.depositOf(upload);
    const signature = toBase64url(platformRandom(64));
    await expectRefused(vault, post({ ...body, signature }), 403, 'signature_invalid');
    const manifest = toBase64url(Buffer.from(` ${Buffer.from(body.manifest)}`));
    await expectRefused(vault, post({ ...body, manifest }), 400, 'not_canonical', /canonical JSON/);
  });

  test('an upload of another key is refused', async () => {
    const { upload, sealed } = await uploaded();
    const before = await snapshotOf(vault);
    await expect(other.deposit(sealed.depositOf(upload))).rejects.toThrow(refused('upload_unknown'));
    expect(await snapshotOf(vault)).toEqual(before);
  });

  test('one that is sent twice at the same instant is recorded once', async () => {
    const { upload, sealed } = await uploaded();
    const { size } = vault.daemon.context.recorder;
    const body = sealed.depositOf(upload);
    const replies = await Promise.all([post(body), post(body)].map((question) => ask(vault.baseUrl, question)));
    expect(replies.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
    expect(vault.daemon.context.recorder.size).toBe(size + 1);
  });
});
