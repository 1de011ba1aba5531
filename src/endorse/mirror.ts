import type { MirrorAnswer } from '../core/attest/kit/wanted.ts';
import { must, TwinlockError } from '../core/errors.ts';
import { portTrouble } from '../sockets/blocked-ports.ts';
import { isLoopback } from '../sockets/loopback.ts';
import { ALL_NEEDS } from './needs.ts';

const TIMEOUT_MS = 10_000;
/** Intel's longest list of revoked certificates is a few KiB, NVIDIA's key set 80. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Where the vendors' services, or an operator's mirrors of them, answer. A vendor without one is never asked. */
export type Mirrors = Readonly<Record<string, URL>>;
/** Vendors whose services a mirror stands for. */
export const VENDORS: readonly string[] = [...new Set(ALL_NEEDS.flatMap(({ vendors }) => vendors))];

/**
 * Parses `vendor=URL`. Throws `usage` for a vendor that is not known, for a URL that is not https (http is for
 * loopback alone) and for one with a password, which no error repeats. Nothing that a mirror serves is trusted beyond
 * the vendors' signatures; TLS keeps others from learning which machines there are.
 */
export function parseMirror(text: string): Mirrors {
  const [, vendor = '', address = ''] = /^([a-z-]+)=(.+)$/.exec(text) ?? [];
  const known = VENDORS.join(', ');
  must(
    VENDORS.includes(vendor),
    'usage',
    `--endorsement-mirror: expected vendor=URL with a vendor of ${known}, got ${vendor || 'none'}`,
  );
  const what = `--endorsement-mirror ${vendor}`;
  const url = URL.parse(address.endsWith('/') ? address : `${address}/`);
  const hasSecret = url !== null && (url.username !== '' || url.password !== '');
  must(!hasSecret, 'usage', `${what}: expected a URL without user and password`);
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  must(url !== null && isSecure, 'usage', `${what}: expected an https URL, got ${url?.origin ?? 'none'}`);
  const trouble = portTrouble(url);
  must(trouble === null, 'usage', `${what}: ${trouble}`);
  must(url.search === '' && url.hash === '', 'usage', `${what}: expected a URL without query and fragment`);
  return { [vendor]: url };
}

/** The warning for an operator whose mirrors cannot answer everything; null if they can. */
export function missingMirror(mirrors: Mirrors): string | null {
  const hosts = Object.fromEntries(Object.entries(mirrors).map(([vendor, url]) => [vendor, url.hostname]));
  return ALL_NEEDS.map((needs) => needs.missingMirror(hosts)).find((missing) => missing !== null) ?? null;
}

const NOT_FOUND = 404;

/** Whether a mirror answered, with this error, that it has no such thing; one that is silent may have it yet. */
export function saysNone(error: unknown): error is TwinlockError {
  return error instanceof TwinlockError && error.detail['status'] === NOT_FOUND;
}

/** Asks for `path`, below the mirror's own URL. Throws `unavailable` where it gives no usable answer in time. */
export async function askMirror(base: URL, path: string): Promise<MirrorAnswer> {
  const url = new URL(path, base);
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const bytes = await bounded(response, url);
    must(response.ok, 'unavailable', `${url} answered ${response.status}`, { status: response.status });
    return { bytes, header: (name) => response.headers.get(name) };
  } catch (error) {
    if (error instanceof TwinlockError) throw error;
    throw new TwinlockError('unavailable', `${url} does not answer`, {}, { cause: error });
  }
}

/** The answer's body; more than is reasonable is not read. */
async function bounded(response: Response, url: URL): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    must(length <= MAX_ANSWER_BYTES, 'unavailable', `${url} answered more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
