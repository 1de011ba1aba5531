import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { must } from '../../../src/core/errors.ts';

/** The purpose of a request, as the browser states it (Fetch Metadata: `Sec-Fetch-Dest`). */
export type Destination = 'document' | 'script' | 'image' | 'empty';

interface FileKind {
  readonly type: string;
  readonly destination: Destination;
}

/** The files that are served. Style sheets are missing here: they are written into the document. */
const KINDS: Readonly<Record<string, FileKind>> = {
  '.html': { type: 'text/html; charset=utf-8', destination: 'document' },
  '.js': { type: 'text/javascript; charset=utf-8', destination: 'script' },
  '.svg': { type: 'image/svg+xml', destination: 'image' },
};

interface BundleFile extends FileKind {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The built page, in memory, so that the served bytes are the hashed bytes. */
export interface Bundle {
  /** By path, `/` and `/assets/…`. */
  readonly files: ReadonlyMap<string, BundleFile>;
  /** sha384-… of every script, base64. */
  readonly scripts: readonly string[];
  /** sha384-… of every style sheet in the document, base64. */
  readonly styles: readonly string[];
}

/**
 * Reads the built page. Writes the digest of each script and each whole style sheet into the document: a policy can allow
 * a sheet by its digest only where it is in the document. A browser then accepts only these bytes. Throws
 * `not_found` where the page has not been built, and `malformed` for a style sheet that a document cannot hold.
 */
export function loadBundle(dir: string): Bundle {
  const files = new Map<string, BundleFile>();
  for (const name of filesIn(dir)) {
    const kind = KINDS[extname(name)];
    if (kind !== undefined) files.set(`/${name}`, { ...kind, bytes: readBytes(join(dir, name)) });
  }
  const index = files.get('/index.html');
  must(index !== undefined, 'not_found', `there is no console in ${dir}: build it with npm run build`);
  const styles: string[] = [];
  const html = withStyles(withIntegrity(new TextDecoder().decode(index.bytes), files), dir, styles);
  files.delete('/index.html');
  files.set('/', { ...index, bytes: new TextEncoder().encode(html) });
  const scripts = [...files.values()].filter(({ destination }) => destination === 'script');
  return { files, scripts: scripts.map(({ bytes }) => integrityOf(bytes)), styles };
}

function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(path));
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

/** Adds the digests of the scripts. The document is our own build's, so its references have one form. */
function withIntegrity(html: string, files: ReadonlyMap<string, BundleFile>): string {
  return html.replace(/ src="(\/assets\/[^"]+)"/g, (reference, path) => {
    const file = files.get(path);
    must(file !== undefined, 'not_found', `the console's document names ${path}, which was not built`);
    return `${reference} integrity="${integrityOf(file.bytes)}"`;
  });
}

/** Writes the style sheets into the document; appends their digests to `styles`, in the order of the document. */
function withStyles(html: string, dir: string, styles: string[]): string {
  return html.replace(/<link rel="stylesheet"[^>]* href="(\/assets\/[^"/]+\.css)">/g, (_, path: string) => {
    const bytes = readBytes(join(dir, path));
    const css = new TextDecoder().decode(bytes);
    // A document ends a sheet at the first `</`, and reads these two characters as others: the digest would be wrong.
    must(!/<\/|[\r\0]/.test(css), 'malformed', `${path}: expected a style sheet without </ and carriage returns`);
    styles.push(integrityOf(bytes));
    return `<style>${css}</style>`;
  });
}

function integrityOf(bytes: Uint8Array): string {
  return `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
}
