import { TwinlockError } from '../../src/core/errors.ts';
import { quoted } from '../../src/core/quoted.ts';

/** The platform's messages about a certificate, each with a remedy. */
const CERTIFICATE_FAILURES: readonly (readonly [reason: RegExp, what: string, toDo: string])[] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'names other hosts than this one',
    'use a name that twinlockd init --host was given, and see that --ca FILE is of this vault',
  ],
  [
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    "is not valid at this time by this machine's clock",
    'see whether this clock is right, else the operator has to renew it',
  ],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_\w+)$/,
    'is not trusted',
    'give --ca FILE: the tls.crt that twinlockd init wrote, or the authority that issued what the vault is served with',
  ],
];

/** The meanings of the system's failure codes, each with a remedy. */
const MEANINGS: readonly (readonly [reason: RegExp, what: string, toDo: string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there', 'see whether twinlockd runs there, then try again'],
  [
    /^(?:ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/,
    'that machine does not answer',
    'see whether it is up and whether a firewall is between, then try again',
  ],
  [/^(?:ENOTFOUND|EAI_\w+)$/, 'that name has no address here', 'see whether --vault spells it right'],
  [
    /^ERR_SSL_/,
    'what answers there does not speak TLS as a vault does',
    'see whether --vault names the port of twinlockd',
  ],
];
const ELSE = ['the connection failed', 'see whether twinlockd runs there, then try again'] as const;
/** Longer lists of names in a certificate are cut: it is attacker-controlled. */
const MAX_NAMES_LENGTH = 300;

/** Why `fetch` has not reached a vault: `usage` where its certificate is to blame, else `unavailable`. */
export function unreached(cause: unknown, baseUrl: string): TwinlockError {
  const reason = reasonOf(cause);
  for (const [reasons, what, toDo] of CERTIFICATE_FAILURES) {
    if (!reasons.test(reason)) continue;
    const message = `the certificate of ${baseUrl} ${what}${namesIn(cause)} (${reason}): ${toDo}`;
    return new TwinlockError('usage', message, {}, { cause });
  }
  const [what, toDo] = MEANINGS.find(([reasons]) => reasons.test(reason))?.slice(1) ?? ELSE;
  const message = `cannot reach the vault at ${baseUrl}: ${what} (${reason}): ${toDo}`;
  return new TwinlockError('unavailable', message, {}, { cause });
}

/** The names in a certificate that has another one, in quotation marks of ours; empty where none are known. */
function namesIn(error: unknown): string {
  const { cert } = ((error as { cause?: unknown }).cause ?? {}) as { cert?: { subjectaltname?: unknown } };
  if (typeof cert?.subjectaltname !== 'string') return '';
  const names = cert.subjectaltname.replaceAll(/(?:DNS|IP Address):/g, '').replaceAll(/[^\x20-\x7e]/g, '?');
  return `: it names ${quoted(names.length > MAX_NAMES_LENGTH ? `${names.slice(0, MAX_NAMES_LENGTH)}…` : names)}`;
}

/** The system's name for a failure, which fetch hides in a cause; by a proxy, one cause deeper. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; cause?: { code?: unknown; message?: unknown } } };
  const refusal = /^Proxy response \((\d{3})\)/.exec(String(cause?.cause?.message))?.[1];
  if (refusal !== undefined) return `the proxy answered with status ${refusal}`;
  const code = [cause?.code, cause?.cause?.code].find((candidate) => typeof candidate === 'string');
  if (code !== undefined) return code as string;
  return error instanceof Error ? error.message : 'unknown reason';
}
