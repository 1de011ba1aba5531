import type { Database } from 'better-sqlite3';
import type { Hex } from '../../core/bytes.ts';
import { must } from '../../core/errors.ts';
import type { Upload, UploadStore } from '../../vault/ports.ts';
import { inStore } from '../failure.ts';

const OTHER_TURN = 'another process of the depositor has taken this upload over: leave it to that one';

type UploadColumns = Omit<Upload, 'files' | 'segments'>;

/** The deposits under way, in SQLite. Every call is one durable transaction. */
export function sqliteUploads(database: Database): UploadStore {
  const COLUMNS = 'SELECT id, depositor, opener, model, version, turn, opened, expires FROM uploads';
  const one = database.prepare<[Hex], UploadColumns>(`${COLUMNS} WHERE id = ?`);
  const all = database.prepare<[], UploadColumns>(`${COLUMNS} ORDER BY id`);
  const files = database.prepare<[Hex], { bytes: number; segments: number }>(
    'SELECT plain_bytes AS bytes, segments FROM upload_files WHERE upload = ? ORDER BY file',
  );
  const drop = database.prepare('DELETE FROM uploads WHERE id = ?');
  const open = opener(database);
  const advance = advancer(database);
  const advancePacked = packAdvancer(database);
  const restart = restarter(database);
  const takeTurn = database.prepare<[Hex], { turn: number }>(
    'UPDATE uploads SET turn = turn + 1 WHERE id = ? RETURNING turn',
  );
  const withFiles = (columns: UploadColumns): Upload => {
    const rows = files.all(columns.id);
    return { ...columns, files: rows.map(({ bytes }) => bytes), segments: rows.map(({ segments }) => segments) };
  };

  return {
    open: async (upload, replaced) => inStore(() => open(upload, replaced ?? null)),
    upload: async (id) =>
      inStore(() => {
        const columns = one.get(id);
        return columns === undefined ? null : withFiles(columns);
      }),
    advance: async (id, turn, file, segments) => inStore(() => advance(id, turn, file, segments)),
    advancePacked: async (id, turn, files) => inStore(() => advancePacked(id, turn, files)),
    takeTurn: async (id) =>
      inStore(() => {
        const row = takeTurn.get(id);
        must(row !== undefined, 'upload_unknown', 'no such upload');
        return row.turn;
      }),
    restart: async (id, turn, file, plainBytes, moved) => inStore(() => restart(id, turn, file, plainBytes, moved)),
    uploads: async () => inStore(() => all.all().map(withFiles)),
    drop: async (id) =>
      inStore(() => {
        drop.run(id);
      }),
  };
}

function opener(database: Database): (upload: Upload, replaced: Hex | null) => void {
  const addUpload = database.prepare(
    `INSERT INTO uploads (id, depositor, opener, model, version, turn, opened, expires)
     VALUES (@id, @depositor, @opener, @model, @version, @turn, @opened, @expires)`,
  );
  const addFile = database.prepare(
    'INSERT INTO upload_files (upload, file, plain_bytes, segments) VALUES (?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM uploads WHERE id = ?');
  const open = database.transaction(({ files, segments, ...columns }: Upload, replaced: Hex | null) => {
    remove.run(replaced);
    addUpload.run(columns);
    for (const [file, bytes] of files.entries()) addFile.run(columns.id, file, bytes, segments[file]);
  });
  return open.immediate;
}

/** Throws `upload_unknown`, and `upload_conflict` where more has been acknowledged: that is never taken back. */
function advancer(database: Database): (id: Hex, turn: number, file: number, segments: number) => void {
  const requireTurn = turnChecker(database);
  const set = database.prepare('UPDATE upload_files SET segments = ? WHERE upload = ? AND file = ?');
  const advance = database.transaction((id: Hex, turn: number, file: number, segments: number) => {
    const before = requireTurn(id, turn, file);
    must(segments >= before, 'upload_conflict', `expected at least ${before} segments, got ${segments}`);
    set.run(segments, id, file);
  });
  return advance.immediate;
}

/** Throws as `advancer`. */
function packAdvancer(database: Database): (id: Hex, turn: number, files: readonly number[]) => void {
  const requireTurn = turnChecker(database);
  const set = database.prepare('UPDATE upload_files SET segments = 1 WHERE upload = ? AND file = ?');
  const advance = database.transaction((id: Hex, turn: number, files: readonly number[]) => {
    requireTurn(id, turn, files[0] ?? 0);
    for (const file of files) {
      must(set.run(id, file).changes === 1, 'upload_unknown', `the upload has no file ${file}`);
    }
  });
  return advance.immediate;
}

function restarter(
  database: Database,
): (id: Hex, turn: number, file: number, plainBytes: number, moved: readonly number[]) => void {
  const requireTurn = turnChecker(database);
  const set = database.prepare('UPDATE upload_files SET segments = 0, plain_bytes = ? WHERE upload = ? AND file = ?');
  const forget = database.prepare('UPDATE upload_files SET segments = 0 WHERE upload = ? AND file = ?');
  const next = database.prepare('UPDATE uploads SET turn = turn + 1 WHERE id = ?');
  const restart = database.transaction(
    (id: Hex, turn: number, file: number, plainBytes: number, moved: readonly number[]) => {
      requireTurn(id, turn, file);
      next.run(id);
      set.run(plainBytes, id, file);
      for (const other of moved) forget.run(id, other);
    },
  );
  return restart.immediate;
}

/** Returns the segments of a file in this turn. Throws `upload_unknown`, and `upload_conflict` in another turn. */
function turnChecker(database: Database): (id: Hex, turn: number, file: number) => number {
  const read = database.prepare<[Hex, number], { segments: number; turn: number }>(
    'SELECT segments, turn FROM upload_files JOIN uploads ON id = upload WHERE upload = ? AND file = ?',
  );
  return (id, turn, file) => {
    const row = read.get(id, file);
    must(row !== undefined, 'upload_unknown', 'no such upload, or it has no such file');
    must(row.turn === turn, 'upload_conflict', OTHER_TURN);
    return row.segments;
  };
}
