import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encryptedBytes, segmentCount, segmentSpan } from '../../src/core/weights/floe.ts';
import { type PackedFile, packOf } from '../../src/core/weights/pack.ts';
import { folderBlobs } from '../../src/store/blobs.ts';
import { type FileSystem, nodeFiles } from '../../src/store/files.ts';
import { RESERVED_BYTES } from '../../src/store/upload-blobs.ts';
import type { BlobStore } from '../../src/vault/ports.ts';
import { body, brokenBody, ciphertext, collect, expectBytes, leavesOf, MIB, segmentsOf } from './bodies.ts';
import { blobFolders } from './sandbox.ts';

const UPLOAD = '0a'.repeat(16);
const OTHER = '0b'.repeat(16);
const MANIFEST = '1a'.repeat(32);
const HEADER_BYTES = 74;
const PLAIN_BYTES = 2 * MIB + 5;
const CIPHERTEXT = ciphertext(PLAIN_BYTES, 1);
const LEAVES = leavesOf(CIPHERTEXT, PLAIN_BYTES);

const code = (name: string) => expect.objectContaining({ code: name });
const failed = (cause: string) => expect.objectContaining({ code: 'storage_failed', detail: { cause } });
const part = (bytes: Uint8Array, maxSegments = 16, plainBytes = PLAIN_BYTES) => ({
  plainBytes,
  maxSegments,
  body: body(bytes),
});

async function stored(blobs: BlobStore, upload = UPLOAD): Promise<void> {
  await blobs.storePart(upload, 0, 0, part(CIPHERTEXT));
}

const readAll = (blobs: BlobStore, start = HEADER_BYTES, end = encryptedBytes(PLAIN_BYTES)) =>
  collect(blobs.read(MANIFEST, 0, start, end));

describe('storePart', () => {
  test.each([0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB])('keeps a file of %i bytes, and its leaves', async (plainBytes) => {
    const blobs = folderBlobs(blobFolders());
    const bytes = ciphertext(plainBytes, 3);
    expect(await blobs.storePart(UPLOAD, 7, 0, part(bytes, 16, plainBytes))).toBe(segmentCount(plainBytes));
    expect(await collect(blobs.uploadLeaves(UPLOAD, 7))).toEqual(leavesOf(bytes, plainBytes));
    await blobs.seal(UPLOAD, MANIFEST, [7]);
    expect(await collect(blobs.leaves(MANIFEST, 7))).toEqual(leavesOf(bytes, plainBytes));
    expectBytes(await collect(blobs.read(MANIFEST, 7, HEADER_BYTES, encryptedBytes(plainBytes))), bytes);
  });

  test('takes a file part by part, and again after a restart', async () => {
    const folders = blobFolders();
    for (const first of [0, 1, 2]) {
      const segment = segmentsOf(CIPHERTEXT, PLAIN_BYTES, first, first + 1);
      expect(await folderBlobs(folders).storePart(UPLOAD, 0, first, part(segment))).toBe(first + 1);
    }
    const blobs = folderBlobs(folders);
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('leaves the last of the disk to the log, so that a stop finds room', async () => {
    const folders = blobFolders();
    const full: FileSystem = { ...nodeFiles, freeBytes: async () => RESERVED_BYTES };
    await expect(folderBlobs(folders, full).storePart(UPLOAD, 0, 0, part(CIPHERTEXT))).rejects.toThrow(
      code('storage_full'),
    );
    expect(await nodeFiles.names(folders.uploads)).toEqual([]);
  });

  test('takes a body in pieces of any length', async () => {
    const folders = blobFolders();
    const lengths = fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(lengths, async (cuts) => {
        async function* pieces() {
          let at = 0;
          for (const length of cuts) {
            yield CIPHERTEXT.subarray(at, at + length);
            at += length;
          }
          if (at < CIPHERTEXT.length) yield CIPHERTEXT.subarray(at);
        }
        const blobs = folderBlobs(folders);
        await blobs.storePart(UPLOAD, 0, 0, { plainBytes: PLAIN_BYTES, maxSegments: 3, body: pieces() });
        expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES);
      }),
      { numRuns: 20 },
    );
  });

  const segment0 = segmentsOf(CIPHERTEXT, PLAIN_BYTES, 0, 1);
  test.each<[string, string, Uint8Array, number, number]>([
    ['an empty body', 'malformed', new Uint8Array(0), 1, 16],
    ['a cut segment', 'malformed', segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1, 2).subarray(1), 1, 16],
    ['a whole segment and a cut one', 'malformed', segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1).subarray(0, -1), 1, 16],
    [
      'a byte after the last segment',
      'malformed',
      Buffer.concat([segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1), Uint8Array.of(0)]),
      1,
      16,
    ],
    ['a last segment as long as the others', 'malformed', Buffer.concat([segment0, segment0]), 1, 16],
    ['more segments than are allowed at a time', 'too_large', segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1), 1, 1],
    ['a segment that the file has not', 'malformed', segment0, 3, 16],
    ['a segment before the first', 'malformed', segment0, -1, 16],
    ['a segment between two', 'malformed', segment0, 0.5, 16],
  ])('refuses %s, and leaves what was stored', async (_, name, bytes, first, maxSegments) => {
    const blobs = folderBlobs(blobFolders());
    await blobs.storePart(UPLOAD, 0, 0, part(segment0));
    await expect(blobs.storePart(UPLOAD, 0, first, part(bytes, maxSegments))).rejects.toThrow(code(name));
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES.subarray(0, 32));
    await blobs.storePart(UPLOAD, 0, 1, part(segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1)));
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('a connection that is lost changes nothing that was acknowledged', async () => {
    const blobs = folderBlobs(blobFolders());
    await blobs.storePart(UPLOAD, 0, 0, part(segment0));
    const rest = segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1);
    for (const length of [1, MIB, rest.length - 1, rest.length]) {
      const lost = { ...part(rest), body: brokenBody(rest.subarray(0, length)) };
      await expect(blobs.storePart(UPLOAD, 0, 1, lost)).rejects.toThrow('the connection was lost');
      expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES.subarray(0, 32));
    }
    await blobs.storePart(UPLOAD, 0, 1, part(rest));
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('a later part replaces what was never acknowledged, also where it is shorter', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await stored(blobs);
    const again = ciphertext(PLAIN_BYTES, 9);
    expect(await blobs.storePart(UPLOAD, 0, 1, part(segmentsOf(again, PLAIN_BYTES, 1, 2)))).toBe(2);
    const expected = Buffer.concat([LEAVES.subarray(0, 32), leavesOf(again, PLAIN_BYTES).subarray(32, 64)]);
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(new Uint8Array(expected));
    expect(statSync(join(folders.uploads, UPLOAD, '0')).size).toBe(segmentSpan(2, PLAIN_BYTES).offset);
  });

  test('a part that overwrites takes the leaves away first, so that none stands for another segment', async () => {
    const blobs = folderBlobs(blobFolders());
    await stored(blobs);
    const lost = { ...part(CIPHERTEXT), body: brokenBody(segmentsOf(ciphertext(PLAIN_BYTES, 9), PLAIN_BYTES, 1, 2)) };
    await expect(blobs.storePart(UPLOAD, 0, 1, lost)).rejects.toThrow('the connection was lost');
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES.subarray(0, 32));
  });

  test('alerts where acknowledged segments are not on the disk', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    const rest = segmentsOf(CIPHERTEXT, PLAIN_BYTES, 1);
    await expect(blobs.storePart(UPLOAD, 0, 1, part(rest))).rejects.toThrow(code('storage_corrupt'));
    for (const name of ['0', '0.leaves']) {
      await stored(blobs);
      truncateSync(join(folders.uploads, UPLOAD, name), 31);
      await expect(blobs.storePart(UPLOAD, 0, 1, part(rest))).rejects.toThrow(code('storage_corrupt'));
    }
  });

  test('refuses a second part of a file while one is under way, and not of another file or upload', async () => {
    const blobs = folderBlobs(blobFolders());
    const gate = Promise.withResolvers<void>();
    async function* held() {
      yield CIPHERTEXT.subarray(0, 1);
      await gate.promise;
      yield CIPHERTEXT.subarray(1);
    }
    const first = blobs.storePart(UPLOAD, 0, 0, { ...part(CIPHERTEXT), body: held() });
    await expect(stored(blobs)).rejects.toThrow(code('upload_conflict'));
    await expect(blobs.seal(UPLOAD, MANIFEST, [0])).rejects.toThrow(code('upload_conflict'));
    await blobs.storePart(UPLOAD, 1, 0, part(CIPHERTEXT));
    await stored(blobs, OTHER);
    await expect(stored(blobs)).rejects.toThrow(code('upload_conflict'));
    gate.resolve();
    expect(await first).toBe(3);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('holds two segments at the most, however slow the disk is', async () => {
    let read = 0;
    let written = 0;
    let most = 0;
    async function* counted() {
      for await (const piece of body(CIPHERTEXT)) {
        read += piece.length;
        most = Math.max(most, read - written);
        yield piece;
      }
    }
    const slow: FileSystem = {
      ...nodeFiles,
      openToWrite: async (path) => {
        const file = await nodeFiles.openToWrite(path);
        return {
          ...file,
          write: async (bytes, at) => {
            await new Promise((resolve) => setTimeout(resolve, 2));
            await file.write(bytes, at);
            if (!path.endsWith('.leaves')) written += bytes.length;
          },
        };
      },
    };
    await folderBlobs(blobFolders(), slow).storePart(UPLOAD, 0, 0, { ...part(CIPHERTEXT), body: counted() });
    expect(read).toBe(CIPHERTEXT.length);
    expect(most).toBeLessThanOrEqual(2 * 1_048_608);
  });

  test('keeps folders and files from others', async () => {
    const folders = blobFolders();
    await stored(folderBlobs(folders));
    expect(statSync(join(folders.uploads, UPLOAD)).mode & 0o777).toBe(0o700);
    for (const name of ['0', '0.leaves']) {
      expect(statSync(join(folders.uploads, UPLOAD, name)).mode & 0o777).toBe(0o600);
    }
  });

  test('does not write through a link', async () => {
    const folders = blobFolders();
    const target = join(folders.versions, 'target');
    writeFileSync(target, 'precious');
    mkdirSync(join(folders.uploads, UPLOAD));
    symlinkSync(target, join(folders.uploads, UPLOAD, '0'));
    await expect(stored(folderBlobs(folders))).rejects.toThrow(failed('ELOOP'));
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });
});

describe('cut', () => {
  test('gives back what a file has after a byte, and is nothing where there is no file', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await blobs.cut(UPLOAD, 0, 0);
    expect(existsSync(join(folders.uploads, UPLOAD))).toBe(false);
    await stored(blobs);
    await blobs.cut(UPLOAD, 0, 100);
    expect(statSync(join(folders.uploads, UPLOAD, '0')).size).toBe(100);
    await stored(blobs);
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES);
  });

  test('is refused while a part is being written', async () => {
    const blobs = folderBlobs(blobFolders());
    await blobs.storePart(UPLOAD, 0, 0, {
      ...part(CIPHERTEXT),
      body: (async function* () {
        await expect(blobs.cut(UPLOAD, 0, 0)).rejects.toThrow(code('upload_conflict'));
        yield CIPHERTEXT;
      })(),
    });
  });
});

describe('storePack', () => {
  /** The inner manifest, small files, and a large one among them. */
  const SIZES = [200, 10, 0, MIB + 1, 1000, MIB];
  const pack = packOf(SIZES);
  const segmentOf = ({ file }: PackedFile, seed = 0) => ciphertext(SIZES[file] ?? 0, 10 * file + seed);
  const all = Buffer.concat(pack.files.map((file) => segmentOf(file)));
  const leaves = Buffer.concat(pack.files.map((file) => leavesOf(segmentOf(file), SIZES[file.file] ?? 0)));
  const packPart = (from: number, to: number, seed = 0) => ({
    files: pack.files.slice(from),
    storedBytes: pack.files[from]?.offset ?? 0,
    pack,
    body: body(Buffer.concat(pack.files.slice(from, to).map((file) => segmentOf(file, seed)))),
  });
  const expectPack = async (blobs: BlobStore) => {
    expect(await collect(blobs.uploadLeaves(UPLOAD, 'pack'))).toEqual(new Uint8Array(leaves));
    await blobs.seal(UPLOAD, MANIFEST, ['pack']);
    expectBytes(await collect(blobs.read(MANIFEST, 'pack', 0, pack.bytes)), all);
    const last = pack.files.length - 1;
    expect(await collect(blobs.leaves(MANIFEST, 'pack', last))).toEqual(new Uint8Array(leaves.subarray(32 * last)));
  };

  test('keeps small files one after another, with their leaves, in one file', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    expect(await blobs.storePack(UPLOAD, packPart(0, 4))).toBe(4);
    expect(readdirSync(join(folders.uploads, UPLOAD)).sort()).toEqual(['pack', 'pack.leaves']);
    await expectPack(blobs);
  });

  test('takes them part by part, after a restart, and one again without a trace in those beside it', async () => {
    const folders = blobFolders();
    await folderBlobs(folders).storePack(UPLOAD, packPart(0, 2));
    await folderBlobs(folders).storePack(UPLOAD, packPart(2, 4));
    await folderBlobs(folders).storePack(UPLOAD, packPart(1, 2, 7));
    await folderBlobs(folders).storePack(UPLOAD, packPart(1, 2));
    await expectPack(folderBlobs(folders));
  });

  test('syncs file, sidecar and both folders once for a part, however many files it has', async () => {
    const calls: string[] = [];
    const files: FileSystem = {
      ...nodeFiles,
      openToWrite: async (path) => {
        const file = await nodeFiles.openToWrite(path);
        const write: typeof file.write = (bytes, at) => {
          calls.push('write');
          return file.write(bytes, at);
        };
        const sync = () => {
          calls.push('sync');
          return file.sync();
        };
        return { ...file, write, sync };
      },
      syncFolder: (path) => {
        calls.push('syncFolder');
        return nodeFiles.syncFolder(path);
      },
    };
    const many = packOf(Array.from({ length: 1001 }, () => 10));
    const segments = many.files.map(() => ciphertext(10, 1));
    const sent = { files: many.files, storedBytes: 0, pack: many, body: body(Buffer.concat(segments)) };
    expect(await folderBlobs(blobFolders(), files).storePack(UPLOAD, sent)).toBe(1000);
    expect(calls).toEqual(['write', 'sync', 'write', 'sync', 'syncFolder', 'syncFolder']);
  });

  test.each<[string, Uint8Array]>([
    ['an empty body', new Uint8Array(0)],
    ['a cut segment', all.subarray(0, 41)],
    ['a byte after the last', Buffer.concat([all, Uint8Array.of(0)])],
  ])('refuses %s', async (_, bytes) => {
    const blobs = folderBlobs(blobFolders());
    const sent = { ...packPart(0, 4), body: body(bytes) };
    await expect(blobs.storePack(UPLOAD, sent)).rejects.toThrow(code('malformed'));
    await blobs.storePack(UPLOAD, packPart(0, 4));
    await expectPack(blobs);
  });

  test('alerts where acknowledged small files are not on the disk', async () => {
    const blobs = folderBlobs(blobFolders());
    await expect(blobs.storePack(UPLOAD, packPart(1, 4))).rejects.toThrow(code('storage_corrupt'));
  });

  test('refuses a second part of them while one is under way', async () => {
    const blobs = folderBlobs(blobFolders());
    const gate = Promise.withResolvers<void>();
    async function* held() {
      yield all.subarray(0, 1);
      await gate.promise;
      yield all.subarray(1);
    }
    const first = blobs.storePack(UPLOAD, { ...packPart(0, 4), body: held() });
    await expect(blobs.storePack(UPLOAD, packPart(0, 4))).rejects.toThrow(code('upload_conflict'));
    gate.resolve();
    await first;
    await expectPack(blobs);
  });

  test('what the version does not have goes when it is sealed: a file that was large before', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await blobs.storePart(UPLOAD, 1, 0, part(CIPHERTEXT));
    await blobs.storePack(UPLOAD, packPart(0, 4));
    await expectPack(blobs);
    expect(readdirSync(join(folders.versions, MANIFEST)).sort()).toEqual(['pack', 'pack.leaves']);
  });
});

describe('names', () => {
  const uploads = [
    '',
    '..',
    '.',
    '/',
    UPLOAD.toUpperCase(),
    `${UPLOAD}0a`,
    `../${UPLOAD}`,
    `${UPLOAD}/..`,
    `${UPLOAD}\0`,
    `${UPLOAD}\n`,
  ];
  const manifests = [
    '',
    '..',
    UPLOAD,
    `${MANIFEST}\n`,
    `../../${MANIFEST}`,
    `${MANIFEST}/../x`,
    MANIFEST.toUpperCase(),
  ];
  const files = [-1, 0.5, Number.NaN, 10_000, Number.POSITIVE_INFINITY, '../0' as unknown as number];

  test.each(uploads)('refuses the upload %j', async (upload) => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await expect(stored(blobs, upload)).rejects.toThrow(code('malformed'));
    await expect(collect(blobs.uploadLeaves(upload, 0))).rejects.toThrow(code('malformed'));
    await expect(blobs.seal(upload, MANIFEST, [0])).rejects.toThrow(code('malformed'));
    expect(readdirSync(folders.uploads)).toEqual([]);
  });

  test.each(manifests)('refuses the manifest %j', async (manifest) => {
    const blobs = folderBlobs(blobFolders());
    await stored(blobs);
    await expect(blobs.seal(UPLOAD, manifest, [0])).rejects.toThrow(code('malformed'));
    await expect(collect(blobs.leaves(manifest, 0))).rejects.toThrow(code('malformed'));
    expect(() => blobs.read(manifest, 0, 0, 1)).toThrow(code('malformed'));
  });

  test.each(files)('refuses the file %j', async (file) => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await expect(blobs.storePart(UPLOAD, file, 0, part(CIPHERTEXT))).rejects.toThrow(code('malformed'));
    await expect(collect(blobs.uploadLeaves(UPLOAD, file))).rejects.toThrow(code('malformed'));
    await expect(collect(blobs.leaves(MANIFEST, file))).rejects.toThrow(code('malformed'));
    expect(() => blobs.read(MANIFEST, file, 0, 1)).toThrow(code('malformed'));
    expect(readdirSync(folders.uploads)).toEqual([]);
  });
});

describe('seal', () => {
  test('makes the upload the version by one rename, and once only', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    await stored(blobs);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    await folderBlobs(folders).seal(UPLOAD, MANIFEST, [0]);
    expect(readdirSync(folders.uploads)).toEqual([]);
    expect(readdirSync(join(folders.versions, MANIFEST)).sort()).toEqual(['0', '0.leaves']);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('alerts where neither the upload nor the version is there', async () => {
    await expect(folderBlobs(blobFolders()).seal(UPLOAD, MANIFEST, [0])).rejects.toThrow(code('storage_corrupt'));
  });

  test('does not put an upload over a version', async () => {
    const blobs = folderBlobs(blobFolders());
    await stored(blobs);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    await blobs.storePart(OTHER, 0, 0, part(ciphertext(PLAIN_BYTES, 9)));
    await expect(blobs.seal(OTHER, MANIFEST, [0])).rejects.toThrow(failed('ENOTEMPTY'));
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });
});

describe('read', () => {
  async function version(files?: FileSystem) {
    const folders = blobFolders();
    const blobs = folderBlobs(folders, files);
    await stored(blobs);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    return { blobs, path: join(folders.versions, MANIFEST, '0') };
  }

  test('gives any range', async () => {
    const { blobs } = await version();
    const whole = Buffer.concat([new Uint8Array(HEADER_BYTES), CIPHERTEXT]);
    const bound = fc.integer({ min: 0, max: whole.length });
    await fc.assert(
      fc.asyncProperty(bound, bound, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const bytes = await readAll(blobs, start, end);
        expectBytes(bytes, whole.subarray(start, end));
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    [-1, 5],
    [6, 5],
    [0.5, 5],
    [0, Number.NaN],
  ])('refuses the range %d to %d', async (start, end) => {
    const { blobs } = await version();
    expect(() => blobs.read(MANIFEST, 0, start, end)).toThrow(code('range_not_satisfiable'));
  });

  test('alerts where the file is shorter, gone, or becomes shorter while it is read', async () => {
    const { blobs, path } = await version();
    const end = encryptedBytes(PLAIN_BYTES);
    await expect(readAll(blobs, end - 1, end + 1)).rejects.toThrow(code('storage_corrupt'));
    await expect(collect(blobs.read(MANIFEST, 1, 0, 1))).rejects.toThrow(code('storage_corrupt'));
    await expect(collect(blobs.leaves(MANIFEST, 1))).rejects.toThrow(code('storage_corrupt'));
    const chunks = blobs.read(MANIFEST, 0, 0, end)[Symbol.asyncIterator]();
    await chunks.next();
    truncateSync(path, 600_000);
    const rest = async () => {
      while ((await chunks.next()).done !== true);
    };
    await expect(rest()).rejects.toThrow(code('storage_corrupt'));
  });

  test('reads no further than it is asked, and closes the file when the reader goes away', async () => {
    let reads = 0;
    let open = 0;
    const watched: FileSystem = {
      ...nodeFiles,
      openToRead: async (path) => {
        const file = await nodeFiles.openToRead(path);
        if (file === null) return null;
        open++;
        return {
          ...file,
          read: (into, at) => {
            reads++;
            return file.read(into, at);
          },
          close: async () => {
            open--;
            await file.close();
          },
        };
      },
    };
    const { blobs } = await version(watched);
    const range = [HEADER_BYTES, encryptedBytes(PLAIN_BYTES)] as const;
    for await (const chunk of blobs.read(MANIFEST, 0, ...range)) {
      expect(chunk.length).toBe(512 * 1024);
      expect([reads, open]).toEqual([1, 1]);
      break;
    }
    expect(open).toBe(0);
    blobs.read(MANIFEST, 0, ...range);
    expect(open).toBe(0);
    await collect(blobs.read(MANIFEST, 0, ...range));
    expect(open).toBe(0);
    await expect(collect(blobs.read(MANIFEST, 0, 0, 1 << 30))).rejects.toThrow(code('storage_corrupt'));
    expect(open).toBe(0);
  });
});

describe('sweep', () => {
  test('removes the folders that belong to nothing, and nothing else', async () => {
    const folders = blobFolders();
    const blobs = folderBlobs(folders);
    const dropped = ['c0', 'c1'].map((byte) => byte.repeat(16));
    const withdrawn = 'd0'.repeat(32);
    for (const upload of [UPLOAD, OTHER, ...dropped]) await stored(blobs, upload);
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    for (const name of ['lost+found', withdrawn]) mkdirSync(join(folders.versions, name));
    writeFileSync(join(folders.versions, withdrawn, '0'), 'ciphertext');
    expect(await blobs.sweep([OTHER], [MANIFEST])).toBe(3);
    expect(readdirSync(folders.uploads)).toEqual([OTHER]);
    expect(readdirSync(folders.versions).sort()).toEqual([MANIFEST, 'lost+found'].sort());
    expect(await collect(blobs.uploadLeaves(OTHER, 0))).toEqual(LEAVES);
    expectBytes(await readAll(blobs), CIPHERTEXT);
    expect(await blobs.sweep([OTHER], [MANIFEST])).toBe(0);
    expect(await blobs.sweep([], [])).toBe(2);
    expect(readdirSync(folders.uploads)).toEqual([]);
  });

  test('leaves alone what is written while it runs, though its lists are older', async () => {
    const folders = blobFolders();
    const atNames = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const files: FileSystem = {
      ...nodeFiles,
      names: async (folder) => {
        const names = await nodeFiles.names(folder);
        if (folder === folders.versions) {
          atNames.resolve();
          await goOn.promise;
          return nodeFiles.names(folder);
        }
        return names;
      },
    };
    const blobs = folderBlobs(folders, files);
    await stored(blobs, UPLOAD);
    const stale = 'ee'.repeat(16);
    mkdirSync(join(folders.uploads, stale));
    const sweeping = blobs.sweep([UPLOAD], []);
    await atNames.promise;
    await blobs.seal(UPLOAD, MANIFEST, [0]);
    await stored(blobs, OTHER);
    goOn.resolve();
    expect(await sweeping).toBe(1);
    expect(existsSync(join(folders.uploads, stale))).toBe(false);
    expect(await collect(blobs.uploadLeaves(OTHER, 0))).toEqual(LEAVES);
    expectBytes(await readAll(blobs), CIPHERTEXT);
  });

  test('leaves alone an upload of which a part is under way', async () => {
    const blobs = folderBlobs(blobFolders());
    const gate = Promise.withResolvers<void>();
    async function* held() {
      yield CIPHERTEXT.subarray(0, 2 * MIB);
      await gate.promise;
      yield CIPHERTEXT.subarray(2 * MIB);
    }
    const storing = blobs.storePart(UPLOAD, 0, 0, { ...part(CIPHERTEXT), body: held() });
    await stored(blobs, OTHER);
    expect(await blobs.sweep([], [])).toBe(1);
    gate.resolve();
    expect(await storing).toBe(3);
    expect(await collect(blobs.uploadLeaves(UPLOAD, 0))).toEqual(LEAVES);
  });
});
