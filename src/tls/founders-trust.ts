import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, getCACertificates, TLSSocket } from 'node:tls';
import { must } from '../core/errors.ts';
import { certificatesIn, soleDigest } from '../platform/certificates.ts';
import { inputError, readOperatorFile } from '../platform/files/operator-file.ts';
import type { Context } from '../vault/context.ts';
import type { Founding } from '../vault/ports.ts';
import { MAX_FOUNDER_BYTES } from '../wire/founder-file.ts';
import type { TlsFiles } from './files.ts';

/** The rest of a founder's file has its room too, and JSON writes the end of a line with two characters. */
const MAX_CA_LENGTH = MAX_FOUNDER_BYTES / 2;

/**
 * What founders are to trust, out of the operator's file: its certificates in PEM, and nothing else that is in it.
 * Throws as `certificatesIn` and the file system, `malformed` where no certificate can vouch for another, and
 * `too_large` where a founder's file would be.
 */
export function readFoundersCa(path: string): string {
  const named = `--ca ${path}`;
  const certificates = certificatesIn(Buffer.from(readNamed(path, named)).toString('utf8'), named);
  must(
    certificates.some((certificate) => certificate.ca || isSelfSigned(certificate)),
    'malformed',
    `${named}: expected the certificate of the authority that issued the vault’s, or one that is self-signed`,
  );
  const pem = certificates.map((certificate) => certificate.toString()).join('');
  must(
    pem.length <= MAX_CA_LENGTH,
    'too_large',
    `${named}: expected at most ${MAX_CA_LENGTH} bytes of certificates, got ${pem.length}: name those alone that the founders need`,
  );
  return pem;
}

function readNamed(path: string, named: string): Uint8Array {
  try {
    return readOperatorFile(path);
  } catch (error) {
    throw inputError(error, named);
  }
}

const isSelfSigned = (certificate: X509Certificate) =>
  certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);

/**
 * What the operator is to know while the vault waits for its founders: that their consoles will not connect to what is
 * served. Null where they will, and once the vault is founded.
 */
export async function foundersWarning(
  { recorder, founding: store }: Pick<Context, 'recorder' | 'founding'>,
  tls: TlsFiles,
): Promise<string | null> {
  const founding = recorder.state === null ? await store.founding() : null;
  if (founding === null) return null;
  const reason = await refusalOf(tls, founding);
  if (reason === null) return null;
  const { url, ca } = founding;
  const digest = ca === null ? null : soleDigest(certificatesIn(ca, 'founding.ca'));
  const held =
    ca === null ? 'no certificate (init --public-ca)' : digest === null ? 'others' : `another, SHA-256 ${digest}`;
  return `the founders’ consoles will not connect to ${url}: they refuse the certificate that is served (${reason}), and their files hold ${held}: serve one that they trust (--tls-cert, --tls-key), or run twinlockd init again in another folder with --ca FILE, --public-ca or --host; a founder can also give twinlock console --invitation FILE --ca FILE`;
}

/**
 * The name by which a client that trusts `ca`, besides what every machine does, refuses the certificate; null where it
 * takes it.
 */
export async function refusalOf(tls: TlsFiles, { url, ca }: Pick<Founding, 'url' | 'ca'>): Promise<string | null> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const [ours, theirs] = duplexPair();
  const server = new TLSSocket(ours, { isServer: true, secureContext: createSecureContext(tls) });
  const client = connect({
    socket: theirs,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ca: [...getCACertificates('default'), ...(ca === null ? [] : [ca])],
  });
  const { promise, resolve } = Promise.withResolvers<string | null>();
  client.on('secureConnect', () => resolve(null));
  client.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  // The server also gets the error when the client refuses.
  server.on('error', () => undefined);
  try {
    return await promise;
  } finally {
    client.destroy();
    server.destroy();
  }
}
