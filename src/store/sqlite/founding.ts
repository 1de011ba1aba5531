import type { Database } from 'better-sqlite3';
import * as z from 'zod/mini';
import { must, TwinlockError } from '../../core/errors.ts';
import { assertion, groupName, parseAs } from '../../core/schema.ts';
import { principalRecord } from '../../core/statement/statement.ts';
import type { EnrolmentRow, Founder, Founding, FoundingStore, GenesisSignatureRow } from '../../vault/ports.ts';
import { inStore } from '../failure.ts';
import { bytesOfColumn } from './database.ts';

type FoundingColumns = Omit<Founding, 'policy' | 'principals' | 'founders'> & {
  readonly policy: Buffer;
  readonly principals: string;
};
type FounderColumns = Omit<Founder, 'groups'> & { readonly groups: string };
type EnrolmentColumns = Omit<EnrolmentRow, 'document'> & { readonly document: Buffer };
type SignatureColumns = Omit<GenesisSignatureRow, 'assertion'> & { readonly assertion: string };

/** The founding before there is a log, in SQLite. Every call is one durable transaction. */
export function sqliteFounding(database: Database): FoundingStore {
  const founding = foundingReader(database);
  const found = founder(database);
  const addEnrolment = enroller(database);
  const enrolments = database.prepare<[], EnrolmentColumns>(
    'SELECT digest, person, credential, document FROM enrolments ORDER BY position',
  );
  const signatures = database.prepare<[], SignatureColumns>(
    'SELECT person, statement, credential, assertion FROM genesis_signatures ORDER BY person',
  );
  const putSignature = database.prepare(
    `INSERT OR REPLACE INTO genesis_signatures (person, statement, credential, assertion)
     VALUES (@person, @statement, @credential, @assertion)`,
  );

  return {
    founding: async () => inStore(founding),
    found: async (value) => inStore(() => found(value)),
    enrolments: async () =>
      inStore(() => enrolments.all().map((row) => ({ ...row, document: bytesOfColumn(row.document) }))),
    addEnrolment: async (row) => inStore(() => addEnrolment(row)),
    genesisSignatures: async () =>
      inStore(() =>
        signatures.all().map((row) => ({ ...row, assertion: parseStored(assertion, row.assertion, 'assertion') })),
      ),
    putGenesisSignature: async (row) =>
      inStore(() => {
        putSignature.run({ ...row, assertion: JSON.stringify(row.assertion) });
      }),
  };
}

function foundingReader(database: Database): () => Founding | null {
  const one = database.prepare<[], FoundingColumns>(
    `SELECT rp_id AS rpId, grade, committee, threshold, nonce, created, expires, policy, principals, url, ca
     FROM founding`,
  );
  const founders = database.prepare<[], FounderColumns>(
    'SELECT person, name, share AS "index", groups, invitation FROM founders ORDER BY position',
  );
  return () => {
    const row = one.get();
    if (row === undefined) return null;
    return {
      ...row,
      policy: bytesOfColumn(row.policy),
      principals: parseStored(z.array(principalRecord), row.principals, 'principals'),
      founders: founders
        .all()
        .map((columns) => ({ ...columns, groups: parseStored(z.array(groupName), columns.groups, 'groups') })),
    };
  };
}

function founder(database: Database): (founding: Founding) => void {
  const exists = database.prepare('SELECT one FROM founding');
  const insert = database.prepare(
    `INSERT INTO founding (one, rp_id, grade, committee, threshold, nonce, created, expires, policy, principals, url, ca)
     VALUES (1, @rpId, @grade, @committee, @threshold, @nonce, @created, @expires, @policy, @principals, @url, @ca)`,
  );
  const addFounder = database.prepare(
    `INSERT INTO founders (position, person, name, share, groups, invitation)
     VALUES (@position, @person, @name, @index, @groups, @invitation)`,
  );
  const found = database.transaction(({ founders, principals, ...founding }: Founding) => {
    must(exists.get() === undefined, 'exists', 'the vault has been initialised: use another data folder for another');
    insert.run({ ...founding, principals: JSON.stringify(principals) });
    for (const [position, row] of founders.entries()) {
      addFounder.run({ ...row, position, groups: JSON.stringify(row.groups) });
    }
  });
  return found.immediate;
}

function enroller(database: Database): (row: EnrolmentRow) => void {
  const exists = database.prepare('SELECT position FROM enrolments WHERE credential = ?');
  const insert = database.prepare(
    `INSERT INTO enrolments (digest, person, credential, document) VALUES (@digest, @person, @credential, @document)`,
  );
  const dropSignatures = database.prepare('DELETE FROM genesis_signatures');
  const enrol = database.transaction((row: EnrolmentRow) => {
    must(exists.get(row.credential) === undefined, 'credential_exists', 'this authenticator is enrolled already');
    insert.run(row);
    dropSignatures.run();
  });
  return enrol.immediate;
}

/** JSON that this store wrote itself: anything else in its place is damage. */
function parseStored<T extends z.ZodMiniType>(schema: T, text: string, what: string): z.infer<T> {
  try {
    return parseAs(schema, JSON.parse(text), what);
  } catch (cause) {
    throw new TwinlockError('storage_corrupt', `the stored ${what} cannot be read`, {}, { cause });
  }
}
