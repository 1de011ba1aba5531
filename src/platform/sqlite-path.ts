import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { must } from '../core/errors.ts';

/** SQLite takes 512 (`mxPathname`), and a journal's name is 8 longer than its database's. */
const MAX_BYTES = 504;

/**
 * Throws `invalid_name`, calling the file `shown`, where its path is longer than SQLite takes, which goes by the one
 * without links and says no more than that it cannot open the file. The file need not be there, nor the folders above it.
 */
export function requireSqlitePath(file: string, shown: string = file): void {
  const bytes = Buffer.byteLength(withoutLinks(resolve(file)));
  must(
    bytes <= MAX_BYTES,
    'invalid_name',
    `${shown}: expected a path of at most ${MAX_BYTES} bytes where its links lead, got ${bytes}: name a folder with a shorter path`,
  );
}

function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === dirname(path) ? path : join(withoutLinks(dirname(path)), basename(path));
  }
}
