import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { DepositedVersion, DepositOptions } from '../../../client/depositor/deposit.ts';
import { fetchRelease } from '../../../client/host/fetch.ts';
import { IMPATIENT, passOn, verify } from '../../world/client.ts';
import { approveBy, depositFolder, publish, requestAs } from '../../world/vault/acts.ts';
import { modelFolder, patterned, temporary } from '../../world/vault/model.ts';
import { openVault, type Vault } from '../../world/vault/vault.ts';

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

export let vault: Vault;
export let stateDir: string;
export let folder: string;
let version = 0;
export let notes: string[];
/** PUT requests of the last run, by file and segment; the small files come together, under the number of the first. */
export let puts: string[];
export const folders: string[] = [];

beforeAll(async () => {
  vault = await openVault({ owner: 'cleo' });
});
afterAll(async () => {
  await vault.close();
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});
beforeEach(async () => {
  version++;
  notes = [];
  stateDir = temporary();
  folder = modelFolder(FILES);
  folders.push(stateDir, folder);
});
afterEach(() => {
  vault.meddle = passOn;
});

export const name = () => ({
  vault: vault.fingerprint,
  model: 'acme/ocr',
  version: `v${version}`,
  depositor: vault.prepared.machines.depositor.key,
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
  vault.meddle = async ({ method, url }, next) => {
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
  return depositFolder(vault, { folder, version: named, stateDir, retry: IMPATIENT, onNote, ...options });
}

export const dying = (dies: Parameters<typeof run>[0]) => expect(run(dies)).rejects.toThrow(refusal('unavailable'));
export const atPut = (put: number, when: 'before' | 'after') => (asked: Asked) =>
  asked.method === 'PUT' && asked.put === put ? when : null;

/** What hosts get of the version. */
export async function fetched(): Promise<(path: string) => Buffer> {
  const named = name().version;
  await publish(vault, { version: named });
  const pending = await requestAs(vault, { version: named, bytes: 1_000_000_000n });
  await approveBy(pending.release, vault.ana, vault.ben);
  const { api } = vault.requester;
  const to = temporary();
  folders.push(to);
  await fetchRelease({ api, pending, host: 0, folder: to, verify, retry: IMPATIENT });
  return (path) => readFileSync(join(to, path));
}

export const isErased = () => expect(readdirSync(join(stateDir, 'deposits'))).toEqual([]);
export const atVault = async () => {
  vault.meddle = passOn;
  const { uploads } = await vault.depositor.api.uploads();
  return uploads.filter((upload) => upload.version === name().version);
};

export const databasePath = () => {
  const [kept = ''] = readdirSync(join(stateDir, 'deposits'));
  return join(stateDir, 'deposits', kept, '.twinlock-part', 'deposit.sqlite');
};
