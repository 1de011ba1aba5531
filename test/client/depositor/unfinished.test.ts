import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { abandonDeposit } from '../../../client/depositor/abandon.ts';
import { deposit } from '../../../client/depositor/deposit.ts';
import { Unfinished } from '../../../client/depositor/unfinished.ts';
import { Replica } from '../../../client/log/replica.ts';
import { depositorKem, openDepositSecret } from '../../../src/core/envelope/deposit-secret.ts';
import { manifestContext } from '../../../src/core/weights/release-key.ts';
import { platformRandom } from '../../../src/platform/random.ts';
import { IMPATIENT, MapMemory, passOn, verify } from '../../world/client.ts';
import { depositFolder } from '../../world/vault/acts.ts';
import { patterned, temporary } from '../../world/vault/model.ts';
import {
  type Asked,
  atPut,
  atVault,
  dying,
  FILES,
  fetched,
  folder,
  folders,
  isErased,
  LARGE,
  MIB,
  name,
  notes,
  puts,
  refusal,
  run,
  stateDir,
  unreachable,
  vault,
} from './killed.ts';

describe('a deposit whose process was killed', () => {
  test('goes on where it was: what the vault has is not sent again', async () => {
    await dying(atPut(2, 'before'));
    expect(puts).toEqual(['1:0', '2:0', '2:8']);
    expect(notes).toEqual([expect.stringMatching(/^unfinished .* within an hour .* --abandon acme\/ocr@v/)]);
    const { files } = await run();
    expect(puts).toEqual(['2:8', '0:0']);
    expect(notes.at(-1)).toMatch(/^goes on/);
    expect(files).toBe(3);
    isErased();
    const read = await fetched();
    for (const [path, bytes] of Object.entries(FILES)) expect(read(path).equals(bytes), path).toBe(true);
  });

  test('at any request, or before any answer, goes on to its end, and leaves nothing', async () => {
    const died = new Set<string>();
    // Each run dies at the first request, or answer, at which none has died yet.
    const dies = ({ method, path }: Asked) => {
      for (const when of ['before', 'after'] as const) {
        const place = `${when} ${method} ${path.replace(/[0-9a-f]{32}/, 'ID')}`;
        if (died.has(place)) continue;
        died.add(place);
        return when;
      }
      return null;
    };
    for (let runs = 0; runs < 100; runs++) {
      const deposited = await run(dies).catch((error: unknown) => {
        expect(error).toEqual(refusal('unavailable'));
        return null;
      });
      if (deposited !== null) break;
    }
    const places = ['/v1/uploads', '/v1/uploads/ID/turns', '/v1/deposits'].map((path) => `POST ${path}`);
    places.push(...[0, 1, LARGE].map((file) => `PUT /v1/uploads/ID/files/${file}`));
    const both = places.flatMap((place) => [`before ${place}`, `after ${place}`]);
    expect([...died]).toEqual(expect.arrayContaining(both));
    isErased();
    expect(await atVault()).toEqual([]);
    const read = await fetched();
    for (const [path, bytes] of Object.entries(FILES)) expect(read(path).equals(bytes), path).toBe(true);
  });

  test('after the vault had recorded it is found to be done', async () => {
    await dying(({ path }) => (path === '/v1/deposits' ? 'after' : null));
    const { manifest, files, bytes } = await run();
    expect(puts).toEqual([]);
    expect({ files, bytes }).toEqual({ files: 3, bytes: 9 * MIB + 15 });
    isErased();
    const { api } = vault.depositor;
    expect((await api.status()).versions.map((found) => found.manifest)).toContain(manifest);
    await expect(run()).rejects.toThrow(refusal('version_exists'));
  });

  test('takes no segment under an IV or a header twice where a file has changed, and says which', async () => {
    await dying(atPut(2, 'before'));
    const before = await headerOf(LARGE);
    const changed = patterned(9 * MIB + 5);
    changed[3] = 1 ^ (changed[3] ?? 0);
    writeFileSync(join(folder, 'large.bin'), changed);
    await dying(atPut(0, 'after'));
    expect(notes).toContainEqual(expect.stringMatching(/^changed .*large\.bin: it is encrypted and sent anew/));
    expect(puts).toEqual(['2:0']);
    expect(await headerOf(LARGE)).not.toEqual(before);
    await run();
    expect(puts).toEqual(['2:8', '0:0']);
    expect((await fetched())('large.bin').equals(changed)).toBe(true);
  });

  test('sends anew a file that has grown, shrunk or become empty, of which the vault expects another size', async () => {
    await dying(({ path }) => (path === '/v1/deposits' ? 'before' : null));
    appendFileSync(join(folder, 'empty.txt'), 'no more');
    writeFileSync(join(folder, 'large.bin'), patterned(MIB + 1));
    writeFileSync(join(folder, 'small.txt'), '');
    await run();
    expect(puts).toEqual(['1:0', '2:0', '0:0']);
    const read = await fetched();
    expect(read('empty.txt').toString()).toBe('no more');
    expect(read('large.bin').equals(patterned(MIB + 1))).toBe(true);
    expect(read('small.txt')).toHaveLength(0);
  });

  test('begins anew where the vault has dropped it, and says so', async () => {
    await dying(atPut(2, 'before'));
    const [upload] = await atVault();
    await vault.depositor.api.abandonUpload(upload?.upload ?? '');
    await run();
    expect(puts).toEqual(['1:0', '2:0', '2:8', '0:0']);
    expect(notes).toContainEqual(expect.stringMatching(/^begins anew .*heard nothing of it for an hour/));
    isErased();
  });
});

async function headerOf(file: number): Promise<Uint8Array | undefined> {
  const unfinished = await Unfinished.open(stateDir, name());
  const header = unfinished.file(file)?.header;
  await unfinished.close();
  return header;
}

describe('what a machine keeps of an unfinished deposit', () => {
  test('is for its user alone, and holds no secret but one that is sealed to the depositor’s key', async () => {
    await dying(atPut(2, 'before'));
    const unfinished = await Unfinished.open(stateDir, name());
    const context = manifestContext(vault.fingerprint, 'acme/ocr', name().version);
    const { secret: sealed } = unfinished.begun ?? { secret: new Uint8Array() };
    await unfinished.close();
    const secret = Buffer.from(
      await openDepositSecret(context, depositorKem(vault.prepared.machines.depositor.seed), sealed),
    );
    const other = depositorKem(vault.prepared.machines.requester.seed);
    await expect(openDepositSecret(context, other, sealed)).rejects.toThrow(refusal('envelope_invalid'));
    const paths = readdirSync(stateDir, { recursive: true, encoding: 'utf8' });
    expect(paths.some((path) => path.endsWith('deposit.sqlite'))).toBe(true);
    for (const path of paths) {
      const stat = statSync(join(stateDir, path));
      expect(stat.mode & 0o777, path).toBe(stat.isDirectory() ? 0o700 : 0o600);
      if (stat.isFile()) expect(readFileSync(join(stateDir, path)).includes(secret), path).toBe(false);
    }
  });

  test('is refused where others may use the folder', async () => {
    mkdirSync(join(stateDir, 'deposits'), { mode: 0o755 });
    await expect(run()).rejects.toThrow(refusal('not_permitted'));
  });

  test('has one process at a time, and names the one that has it', async () => {
    const unfinished = await Unfinished.open(stateDir, name());
    await expect(run()).rejects.toThrow(
      expect.objectContaining({
        code: 'in_use',
        message: expect.stringMatching(
          new RegExp(
            `^acme/ocr@v\\d+: process ${process.pid} on .*, since .*: wait .* or interrupt it .* goes on where it was$`,
          ),
        ),
      }),
    );
    await unfinished.close();
    await run();
  });

  test('is erased where the upload can become no version, and the vault drops what it has', async () => {
    const retired = async ({ method }: { readonly method: string }, next: () => Promise<Response>) => {
      if (method !== 'PUT') return next();
      return Response.json({ code: 'principal_retired', message: 'it is', detail: {} }, { status: 403 });
    };
    const { version: named } = name();
    vault.meddle = retired;
    const failing = depositFolder(vault, { folder, version: named, stateDir, retry: IMPATIENT });
    await expect(failing).rejects.toThrow(refusal('principal_retired'));
    isErased();
    expect(await atVault()).toEqual([]);
  });

  test('is erased too where the key may not deposit any more', async () => {
    await dying(atPut(2, 'before'));
    vault.meddle = passOn;
    const session = vault.depositor;
    const { fingerprint } = vault;
    const replica = await Replica.follow(session.api, { fingerprint, verify, memory: new MapMemory(), now: Date.now });
    const retired = { facts: { ...replica.facts, principals: replica.facts.principals.delete(name().depositor) } };
    const { version: named } = name();
    const contents = { model: 'acme/ocr', version: named, folder, modelSignature: null, stateDir };
    const options = { ...contents, now: Date.now, random: platformRandom };
    await expect(deposit(session, retired as Replica, options)).rejects.toThrow(refusal('principal_unknown'));
    isErased();
    expect(await atVault()).toEqual([]);
  });

  test('has the vault hear of it while nothing is sent for long', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const heard: string[] = [];
    try {
      await run((asked) => {
        if (asked.method === 'PUT' && asked.put === 1) vi.advanceTimersByTime(30 * 60_000);
        if (asked.method === 'GET' && asked.path.startsWith('/v1/uploads/')) heard.push(asked.path);
        return null;
      });
    } finally {
      vi.useRealTimers();
    }
    expect(heard).toHaveLength(3);
  });

  test('is nothing where no state is kept: a deposit that fails leaves nothing at the vault', async () => {
    await expect(run(atPut(2, 'before'), { stateDir: null })).rejects.toThrow(refusal('unavailable'));
    expect(readdirSync(stateDir)).toEqual([]);
    expect(await atVault()).toEqual([]);
  });
});

describe('a deposit that is given up', () => {
  test('is erased here also where the vault does not answer', async () => {
    await dying(atPut(2, 'before'));
    const away = async () => unreachable();
    await expect(abandonDeposit(away, name(), stateDir)).rejects.toThrow('fetch failed');
    isErased();
  });

  test('leaves nothing, here or at the vault', async () => {
    await dying(atPut(2, 'before'));
    vault.meddle = passOn;
    const session = vault.depositor;
    expect(await abandonDeposit(async () => session, name(), stateDir)).toEqual({ atVault: true, onThisMachine: true });
    isErased();
    expect(await atVault()).toEqual([]);
    await expect(abandonDeposit(async () => session, name(), stateDir)).rejects.toThrow(refusal('upload_unknown'));
  });

  test('from another machine, or after the vault has dropped it, leaves nothing either', async () => {
    await dying(atPut(2, 'before'));
    vault.meddle = passOn;
    const session = vault.depositor;
    const elsewhere = temporary();
    folders.push(elsewhere);
    expect(await abandonDeposit(async () => session, name(), elsewhere)).toEqual({
      atVault: true,
      onThisMachine: false,
    });
    expect(await abandonDeposit(async () => session, name(), stateDir)).toEqual({
      atVault: false,
      onThisMachine: true,
    });
    isErased();
  });
});
