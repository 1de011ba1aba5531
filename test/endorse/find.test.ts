import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dates, Wanted } from '../../src/core/attest/kit/wanted.ts';
import { fromUtf8 } from '../../src/core/bytes.ts';
import { Finder } from '../../src/endorse/find.ts';
import { parseMirror } from '../../src/endorse/mirror.ts';

/** When mirrors are asked, how much at a time, and what is kept of it. */

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);
const YEAR = { edition: 0, issuedMs: START_MS, endsMs: START_MS + 365 * DAY_MS };
const code = (expected: string) => expect.objectContaining({ code: expected });

type Paper = Dates & { readonly text: string };
const paper = (text: string, changes: Partial<Dates> = {}): Paper => ({ ...YEAR, ...changes, text });

/** Something of a vendor that says when it was issued; a text `other` is not what is wanted. */
function wanted(file = 'list.json', isReissued = true): Wanted<Paper> {
  return {
    what: file,
    files: [file],
    question: file,
    isReissued,
    asks: [{ vendor: 'amd', path: file }],
    fileOf: ({ bytes }) => bytes,
    parse(bytes) {
      const value = JSON.parse(fromUtf8(bytes)) as Paper;
      return value.text === 'other' ? null : value;
    },
    dates: (value) => value,
  };
}

let root: string;
let server: Server;
let url: string;
let asked: string[];
/** What the mirror answers, and what waits for its answer at a time. */
let answer: Paper | null;
let delayMs: number;
let under: { now: number; most: number };
let nowMs: number;
let steadyMs: number;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'twinlock-find-'));
  [asked, answer, delayMs, under, nowMs, steadyMs] = [[], null, 0, { now: 0, most: 0 }, START_MS, 0];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    under = { now: under.now + 1, most: Math.max(under.most, under.now + 1) };
    setTimeout(() => {
      under = { ...under, now: under.now - 1 };
      response.writeHead(answer === null ? 503 : 200);
      response.end(JSON.stringify(answer));
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true });
});

const finder = () =>
  new Finder({
    folder: join(root, 'folder'),
    cache: join(root, 'cache'),
    mirrors: parseMirror(`amd=${url}`),
    now: () => nowMs,
    monotonic: () => steadyMs,
  });
const textOf = async (found: Promise<Paper | null>) => (await found)?.text;
async function put(file: string, value: Paper, modifiedMs: number): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), JSON.stringify(value));
  await utimes(join(root, file), modifiedMs / 1000, modifiedMs / 1000);
}
const kept = async (file = 'list.json') =>
  (JSON.parse(await readFile(join(root, 'cache', file), 'utf8')) as Paper).text;

describe('a list that is in date, and that the vault', () => {
  it('got within a day, is taken without asking the mirror', async () => {
    answer = paper('first');
    expect(await textOf(finder().find(wanted(), null))).toBe('first');
    answer = paper('second', { issuedMs: START_MS + 1 });
    nowMs += DAY_MS - 1;
    expect(await textOf(finder().find(wanted(), null))).toBe('first');
    expect(asked).toHaveLength(1);
  });

  it('got a day ago, is asked for again, and the newer one is kept', async () => {
    answer = paper('first');
    await finder().find(wanted(), null);
    answer = paper('second', { issuedMs: START_MS + 1 });
    nowMs += DAY_MS;
    expect(await textOf(finder().find(wanted(), null))).toBe('second');
    expect(await textOf(finder().find(wanted(), null))).toBe('second');
    expect([asked.length, await kept()]).toEqual([2, 'second']);
  });

  it('got a day ago, is taken where the mirror is silent', async () => {
    answer = paper('first');
    await finder().find(wanted(), null);
    answer = null;
    nowMs += DAY_MS;
    expect(await textOf(finder().find(wanted(), null))).toBe('first');
    expect([asked.length, await kept()]).toEqual([2, 'first']);
  });

  it('got a day ago, is not given up for an older one of a mirror that has fallen behind', async () => {
    answer = paper('first', { issuedMs: START_MS - 1 });
    await finder().find(wanted(), null);
    answer = paper('older', { issuedMs: START_MS - 2 });
    nowMs += DAY_MS;
    const again = finder();
    expect(await textOf(again.find(wanted(), null))).toBe('first');
    expect(await textOf(again.find(wanted(), null))).toBe('first');
    expect([asked.length, await kept()]).toEqual([2, 'first']);
  });

  it('has not got itself, is asked for although a host brings one', async () => {
    answer = paper('newer', { issuedMs: START_MS });
    expect(await textOf(finder().find(wanted(), paper('brought', { issuedMs: START_MS - 1 })))).toBe('newer');
  });

  it('has not got itself, is taken from a host where the mirror is silent, and not kept', async () => {
    expect(await textOf(finder().find(wanted(), paper('brought')))).toBe('brought');
    expect(await readdir(root)).toEqual([]);
  });

  it('has from its operator, is asked for once it has lain for a day', async () => {
    answer = paper('mirrored', { issuedMs: START_MS + 1 });
    await put('folder/list.json', paper('placed'), START_MS);
    nowMs += DAY_MS - 1;
    expect(await textOf(finder().find(wanted(), null))).toBe('placed');
    nowMs += 1;
    expect(await textOf(finder().find(wanted(), null))).toBe('mirrored');
  });

  it('got in its future, its clock having been set back, is asked for again', async () => {
    answer = paper('second');
    await put('cache/list.json', paper('first', { issuedMs: START_MS - 1 }), START_MS + DAY_MS);
    expect(await textOf(finder().find(wanted(), null))).toBe('second');
  });
});

it('what is issued once is not asked for again', async () => {
  answer = paper('certificate');
  await finder().find(wanted('a.der', false), null);
  nowMs += 300 * DAY_MS;
  expect(await textOf(finder().find(wanted('a.der', false), null))).toBe('certificate');
  expect(asked).toHaveLength(1);
});

describe('a mirror', () => {
  it('is asked eight questions at a time at most', async () => {
    [answer, delayMs] = [paper('certificate'), 20];
    const one = finder();
    const found = Array.from({ length: 24 }, (_, i) => textOf(one.find(wanted(`${i}.der`, false), null)));
    expect(new Set(await Promise.all(found))).toEqual(new Set(['certificate']));
    expect(asked).toHaveLength(24);
    expect(under.most).toBeLessThanOrEqual(8);
  });

  it('that failed while the clock was far ahead is asked again half a minute later, once it is right', async () => {
    const one = finder();
    nowMs = START_MS + 300 * DAY_MS;
    await expect(one.find(wanted('a.der', false), null)).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
    nowMs = START_MS;
    answer = paper('certificate');
    await expect(one.find(wanted('a.der', false), null)).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
    steadyMs += 30_001;
    expect(await textOf(one.find(wanted('a.der', false), null))).toBe('certificate');
  });

  it('that fails leaves the turn to the next', async () => {
    const one = finder();
    const found = Array.from({ length: 24 }, (_, i) => one.find(wanted(`${i}.der`, false), null));
    const all = await Promise.allSettled(found);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(asked).toHaveLength(24);
  });

  it('whose failures are more than 1,024 is asked again: hosts cannot fill the memory with them', {
    timeout: 30_000,
  }, async () => {
    const one = finder();
    const fails = (name: string) => expect(one.find(wanted(name), null)).rejects.toThrow(code('unavailable'));
    await fails('first');
    await fails('first');
    expect(asked).toHaveLength(1);
    await Promise.all(Array.from({ length: 1023 }, (_, i) => fails(`${i}`)));
    await fails('first');
    expect(asked).toHaveLength(1024);
    await fails('last');
    await fails('first');
    expect(asked).toHaveLength(1026);
  });
});

describe('the cache', () => {
  it('keeps nothing of what is not what was asked for', async () => {
    answer = paper('other');
    await expect(finder().find(wanted(), null)).rejects.toThrow(code('unavailable'));
    expect(await readdir(root)).toEqual([]);
  });

  it('has at most 4,096 certificates: the oldest go, and no list goes for them', { timeout: 30_000 }, async () => {
    await put('cache/snp/Milan/vcek.crl', paper('list'), START_MS - 2 * DAY_MS);
    const chip = join(root, 'cache/snp/Milan/7');
    await mkdir(chip);
    await Promise.all(Array.from({ length: 4096 }, (_, i) => writeFile(join(chip, `${i}.der`), '')));
    await put('cache/snp/Milan/7/8.der', paper('old'), START_MS - DAY_MS);
    await put('cache/snp/Milan/7/4000.der', paper('old'), START_MS - DAY_MS + 1);
    answer = paper('certificate');
    const one = finder();
    await one.find(wanted('snp/Milan/9/1.der', false), null);
    expect(await readdir(chip)).not.toContain('8.der');
    await one.find(wanted('snp/Milan/9/2.der', false), null);
    const left = await readdir(chip);
    expect(left).toHaveLength(4094);
    expect(left).not.toContain('4000.der');
    expect(await readdir(join(root, 'cache/snp/Milan/9'))).toEqual(['1.der', '2.der']);
    expect(await kept('snp/Milan/vcek.crl')).toBe('list');
  });
});
