import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { must } from '../../../src/core/errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface BundleFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** The page as it was built, held in memory: what is served is what was hashed. */
export interface Bundle {
  /** By path, `/` and `/assets/…`. */
  readonly files: ReadonlyMap<string, BundleFile>;
  /** sha384-… of every script, base64. */
  readonly scripts: readonly string[];
}

/**
 * Reads the built page and writes the digest of each script and style sheet into the document, so that a
 * browser runs these bytes and no others. Throws `not_found` where the page has not been built.
 */
export function loadBundle(dir: string): Bundle {
  const files = new Map<string, BundleFile>();
  for (const name of filesIn(dir)) {
    const type = TYPES[extname(name)];
    if (type !== undefined) files.set(`/${name}`, { bytes: new Uint8Array(readFileSync(join(dir, name))), type });
  }
  const index = files.get('/index.html');
  must(index !== undefined, 'not_found', `there is no console in ${dir}: build it with npm run build`);
  files.delete('/index.html');
  files.set('/', { ...index, bytes: new TextEncoder().encode(withIntegrity(index, files)) });
  const scripts = [...files.values()].filter(({ type }) => type === TYPES['.js']).map(integrityOf);
  return { files, scripts };
}

function filesIn(dir: string): string[] {
  try {
    const found = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return found
      .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
      .map((n) => n.replaceAll('\\', '/'));
  } catch {
    return [];
  }
}

/** The document is our own build's: its references are written in one way. */
function withIntegrity(index: BundleFile, files: ReadonlyMap<string, BundleFile>): string {
  return new TextDecoder().decode(index.bytes).replace(/ (?:src|href)="(\/assets\/[^"]+)"/g, (reference, path) => {
    const file = files.get(path);
    must(file !== undefined, 'not_found', `the console's document names ${path}, which was not built`);
    return `${reference} integrity="${integrityOf(file)}"`;
  });
}

function integrityOf({ bytes }: BundleFile): string {
  return `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
}
