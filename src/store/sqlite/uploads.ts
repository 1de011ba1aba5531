import type { Database } from 'better-sqlite3';
import type { Hex } from '../../core/bytes.ts';
import { must } from '../../core/errors.ts';
import type { Upload, UploadStore } from '../../vault/ports.ts';
import { inStore } from '../failure.ts';

type UploadColumns = Omit<Upload, 'files' | 'segments'>;

/** The deposits under way, in SQLite. Every call is one durable transaction. */
export function sqliteUploads(database: Database): UploadStore {
  const COLUMNS = 'SELECT id, depositor, model, version, expires FROM uploads';
  const one = database.prepare<[Hex], UploadColumns>(`${COLUMNS} WHERE id = ?`);
  const all = database.prepare<[], UploadColumns>(`${COLUMNS} ORDER BY id`);
  const files = database.prepare<[Hex], { bytes: number; segments: number }>(
    'SELECT plain_bytes AS bytes, segments FROM upload_files WHERE upload = ? ORDER BY file',
  );
  const drop = database.prepare('DELETE FROM uploads WHERE id = ?');
  const open = opener(database);
  const advance = advancer(database);
  const withFiles = (columns: UploadColumns): Upload => {
    const rows = files.all(columns.id);
    return { ...columns, files: rows.map(({ bytes }) => bytes), segments: rows.map(({ segments }) => segments) };
  };

  return {
    open: async (upload) => inStore(() => open(upload)),
    upload: async (id) =>
      inStore(() => {
        const columns = one.get(id);
        return columns === undefined ? null : withFiles(columns);
      }),
    advance: async (id, file, segments) => inStore(() => advance(id, file, segments)),
    uploads: async () => inStore(() => all.all().map(withFiles)),
    drop: async (id) =>
      inStore(() => {
        drop.run(id);
      }),
  };
}

function opener(database: Database): (upload: Upload) => void {
  const addUpload = database.prepare(
    `INSERT INTO uploads (id, depositor, model, version, expires)
     VALUES (@id, @depositor, @model, @version, @expires)`,
  );
  const addFile = database.prepare(
    'INSERT INTO upload_files (upload, file, plain_bytes, segments) VALUES (?, ?, ?, ?)',
  );
  const open = database.transaction(({ files, segments, ...columns }: Upload) => {
    addUpload.run(columns);
    for (const [file, bytes] of files.entries()) addFile.run(columns.id, file, bytes, segments[file]);
  });
  return open.immediate;
}

/** Throws `upload_unknown`, and `upload_conflict` where more has been acknowledged: that is never taken back. */
function advancer(database: Database): (id: Hex, file: number, segments: number) => void {
  const read = database.prepare<[Hex, number], { segments: number }>(
    'SELECT segments FROM upload_files WHERE upload = ? AND file = ?',
  );
  const set = database.prepare('UPDATE upload_files SET segments = ? WHERE upload = ? AND file = ?');
  const advance = database.transaction((id: Hex, file: number, segments: number) => {
    const row = read.get(id, file);
    must(row !== undefined, 'upload_unknown', 'no such upload, or it has no such file');
    must(segments >= row.segments, 'upload_conflict', `expected at least ${row.segments} segments, got ${segments}`);
    set.run(segments, id, file);
  });
  return advance.immediate;
}
