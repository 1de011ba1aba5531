import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { utf8 } from '../../../src/core/bytes.ts';
import { openDatabase } from '../../../src/store/sqlite/database.ts';
import { sqliteFounding } from '../../../src/store/sqlite/founding.ts';
import type { EnrolmentRow, Founding, GenesisSignatureRow } from '../../../src/vault/ports.ts';
import { temporaryFolder } from '../sandbox.ts';
import { hex } from './rows.ts';

const code = (name: string) => expect.objectContaining({ code: name });
const person = (n: number) => hex('person', n).slice(0, 32);

const FOUNDING: Founding = {
  rpId: 'tl-0123456789abcdef.localhost',
  url: 'https://vault.example:8443',
  ca: 'PEM',
  grade: 'simulation',
  committee: hex('committee', 0).slice(0, 32),
  threshold: 2,
  nonce: hex('nonce', 0),
  created: 1_700_000_000_000,
  expires: 1_700_086_400_000,
  policy: utf8('{"v":1}'),
  principals: [
    {
      key: `ed25519:${'A'.repeat(43)}`,
      role: 'depositor',
      name: 'trainer',
      owner: person(1),
      ownerName: 'Ada',
      models: ['acme/*'],
      possession: 'A'.repeat(86),
    },
  ],
  founders: [3, 1, 2].map((n) => ({
    person: person(n),
    name: `Founder ${n} “é”`,
    index: n,
    groups: n === 1 ? [] : ['security', 'research'],
    invitation: hex('invitation', n),
  })),
};

const enrolment = (n: number, founder = 1): EnrolmentRow => ({
  digest: hex('enrolment', n),
  person: person(founder),
  credential: `credential-${n}`,
  document: utf8(`document ${n}`),
});

const signature = (n: number, statement = 0): GenesisSignatureRow => ({
  person: person(n),
  statement: hex('statement', statement),
  credential: `credential-${n}`,
  assertion: { authenticatorData: 'A'.repeat(50), clientDataJSON: 'e30', signature: 'A'.repeat(96) },
});

function openFounding() {
  const path = join(temporaryFolder(), 'vault.sqlite');
  let database = openDatabase(path);
  onTestFinished(() => {
    database.close();
  });
  return {
    database,
    store: sqliteFounding(database),
    reopen: () => {
      database.close();
      database = openDatabase(path);
      return sqliteFounding(database);
    },
  };
}

test('nothing is there before init', async () => {
  const { store } = openFounding();
  expect(await store.founding()).toBeNull();
  expect(await store.enrolments()).toEqual([]);
  expect(await store.genesisSignatures()).toEqual([]);
});

describe('found', () => {
  test('keeps how the vault is to be founded, founders in their order', async () => {
    const { store, reopen } = openFounding();
    await store.found(FOUNDING);
    expect(await store.founding()).toEqual(FOUNDING);
    expect(await reopen().founding()).toEqual(FOUNDING);
  });

  test('refuses a second time, and keeps the first', async () => {
    const { store } = openFounding();
    await store.found(FOUNDING);
    await expect(store.found({ ...FOUNDING, threshold: 3 })).rejects.toThrow(code('exists'));
    expect(await store.founding()).toEqual(FOUNDING);
  });

  test('keeps nothing where a founder is named twice', async () => {
    const { store, reopen } = openFounding();
    const founders = [...FOUNDING.founders, ...FOUNDING.founders];
    await expect(store.found({ ...FOUNDING, founders })).rejects.toThrow(code('SQLITE_CONSTRAINT_UNIQUE'));
    expect(await reopen().founding()).toBeNull();
  });

  test.each(['principals', 'groups'])('alerts where the stored %s cannot be read', async (column) => {
    const { store, database } = openFounding();
    await store.found(FOUNDING);
    database.exec(`UPDATE ${column === 'groups' ? 'founders' : 'founding'} SET ${column} = '[{}'`);
    await expect(store.founding()).rejects.toThrow(code('storage_corrupt'));
    database.exec(`UPDATE ${column === 'groups' ? 'founders' : 'founding'} SET ${column} = '[{}]'`);
    await expect(store.founding()).rejects.toThrow(code('storage_corrupt'));
  });
});

describe('enrolments', () => {
  test('come in the order in which they were added', async () => {
    const { store, reopen } = openFounding();
    await store.found(FOUNDING);
    const rows = [enrolment(5, 2), enrolment(1, 1), enrolment(3, 2)];
    for (const row of rows) await store.addEnrolment(row);
    expect(await store.enrolments()).toEqual(rows);
    expect(await reopen().enrolments()).toEqual(rows);
  });

  test('refuses a credential that is enrolled, of whomever it is', async () => {
    const { store } = openFounding();
    await store.found(FOUNDING);
    await store.addEnrolment(enrolment(1));
    await store.putGenesisSignature(signature(1));
    const again = { ...enrolment(2, 2), credential: enrolment(1).credential };
    await expect(store.addEnrolment(again)).rejects.toThrow(code('credential_exists'));
    expect(await store.enrolments()).toEqual([enrolment(1)]);
    expect(await store.genesisSignatures()).toHaveLength(1);
  });

  test('drop all signatures over the genesis that was', async () => {
    const { store } = openFounding();
    await store.found(FOUNDING);
    await store.putGenesisSignature(signature(1));
    await store.putGenesisSignature(signature(2));
    await store.addEnrolment(enrolment(1));
    expect(await store.genesisSignatures()).toEqual([]);
  });

  test('nothing changes where the dropping of signatures fails', async () => {
    const { store, database, reopen } = openFounding();
    await store.found(FOUNDING);
    await store.putGenesisSignature(signature(1));
    database.exec("CREATE TRIGGER fault AFTER DELETE ON genesis_signatures BEGIN SELECT RAISE(ABORT, 'planted'); END");
    await expect(store.addEnrolment(enrolment(1))).rejects.toThrow('planted');
    const again = reopen();
    expect(await again.enrolments()).toEqual([]);
    expect(await again.genesisSignatures()).toEqual([signature(1)]);
  });

  test('refuses a person who is no founder', async () => {
    const { store } = openFounding();
    await store.found(FOUNDING);
    await expect(store.addEnrolment(enrolment(1, 9))).rejects.toThrow(code('SQLITE_CONSTRAINT_FOREIGNKEY'));
    await expect(store.putGenesisSignature(signature(9))).rejects.toThrow(code('SQLITE_CONSTRAINT_FOREIGNKEY'));
  });
});

test('a person’s later signature replaces the earlier one', async () => {
  const { store, reopen } = openFounding();
  await store.found(FOUNDING);
  await store.putGenesisSignature(signature(1));
  await store.putGenesisSignature(signature(2));
  await store.putGenesisSignature(signature(1, 7));
  const rows = await reopen().genesisSignatures();
  expect(rows).toHaveLength(2);
  expect(rows).toEqual(expect.arrayContaining([signature(1, 7), signature(2)]));
});

test('a full disk is named, and nothing is kept', async () => {
  const { store, database, reopen } = openFounding();
  await store.found(FOUNDING);
  database.pragma(`max_page_count = ${Number(database.pragma('page_count', { simple: true }))}`);
  const large = { ...enrolment(1), document: new Uint8Array(100_000) };
  await expect(store.addEnrolment(large)).rejects.toThrow(code('storage_full'));
  expect(await reopen().enrolments()).toEqual([]);
});
