import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { DepositedVersion, DepositOptions } from '../../../client/depositor/deposit.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import { approveBy, depositModel, modelFolder, patterned, publishModel, requestModel, temporary } from '../story.ts';
import { type Founded, found, IMPATIENT, sessionOf, verify } from '../vault.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

export const refusal = (code: string) => expect.objectContaining({ code });
export const MIB = 1 << 20;
/** A file of two parts, one of one segment, and one of none. */
export const FILES = {
  'empty.txt': new Uint8Array(0),
  'large.bin': patterned(9 * MIB + 5),
  'small.txt': patterned(10),
};
/** The inner manifest is file 0; the others come in the order of their names. */
export const LARGE = 2;

export let founded: Founded;
export let stateDir: string;
export let folder: string;
let version = 0;
export let notes: string[];
/** PUT requests of the last run, by file and segment; the small files come together, under the number of the first. */
export let puts: string[];
export const folders: string[] = [];

beforeAll(async () => {
  founded = await found();
});
afterAll(async () => {
  await founded.vault.destroy();
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});
beforeEach(async () => {
  version++;
  notes = [];
  stateDir = temporary();
  folder = await modelFolder(FILES);
  folders.push(stateDir, folder);
});
afterEach(() => {
  founded.vault.meddle = (_, next) => next();
});

export const name = () => ({
  vault: founded.fingerprint,
  model: 'acme/ocr',
  version: `v${version}`,
  depositor: founded.keys.depositor.key,
});

export function unreachable(): never {
  throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  /** From 0. */
  readonly put: number;
}

/** Deposits, and dies where `dies` says so: the request, or its answer, is lost, and so is the process. */
export async function run(
  dies: (asked: Asked) => 'before' | 'after' | null = () => null,
  options: Partial<DepositOptions> = {},
): Promise<DepositedVersion> {
  puts = [];
  founded.vault.meddle = async ({ method, url }, next) => {
    const { pathname, searchParams } = new URL(url);
    const put = puts.length;
    if (method === 'PUT') puts.push(`${pathname.split('/').at(-1)}:${searchParams.get('segment')}`);
    const when = dies({ method, path: pathname, put });
    if (when === 'before') unreachable();
    const answer = await next();
    if (when === 'after') unreachable();
    return answer;
  };
  const { version: named } = name();
  const onNote = (line: string) => notes.push(line);
  return depositModel(founded, { folder, version: named, stateDir, retry: IMPATIENT, onNote, ...options });
}

export const dying = (dies: Parameters<typeof run>[0]) => expect(run(dies)).rejects.toThrow(refusal('unavailable'));
export const atPut = (put: number, when: 'before' | 'after') => (asked: Asked) =>
  asked.method === 'PUT' && asked.put === put ? when : null;

/** What hosts get of the version. */
export async function fetched(): Promise<(path: string) => Buffer> {
  const named = name().version;
  await publishModel(founded, named);
  const pending = await requestModel(founded, { version: named, bytes: 1_000_000_000n });
  await approveBy(founded, pending.release, 'ana', 'ben');
  const { api } = await sessionOf(founded, 'requester');
  const to = temporary();
  folders.push(to);
  await fetchRelease({ api, pending, host: 0, folder: to, verify, retry: IMPATIENT });
  return (path) => readFileSync(join(to, path));
}

export const isErased = () => expect(readdirSync(join(stateDir, 'deposits'))).toEqual([]);
export const atVault = async () => {
  founded.vault.meddle = (_, next) => next();
  const { uploads } = await (await sessionOf(founded, 'depositor')).api.uploads();
  return uploads.filter((upload) => upload.version === name().version);
};

export const databasePath = () => {
  const [kept = ''] = readdirSync(join(stateDir, 'deposits'));
  return join(stateDir, 'deposits', kept, '.twinlock-part', 'deposit.sqlite');
};
