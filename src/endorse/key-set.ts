import type { KeySet } from '../core/attest/token/endorsements.ts';
import { findKey } from '../core/attest/token/jwks.ts';
import { parseCompactJws } from '../core/attest/token/jws.ts';
import { fromUtf8 } from '../core/bytes.ts';
import { orNull } from './attempt.ts';
import type { Wanted } from './wanted.ts';

const SERVICE = {
  nras: { vendor: 'nvidia', path: '.well-known/jwks.json', algorithm: 'ES384' },
  'intel-trust-authority': { vendor: 'intel-trust-authority', path: 'certs', algorithm: 'PS384' },
} as const;

/** The key set that has the key of this token; a set that has not is of another day. */
export function wantedKeySet(service: KeySet['service'], token: string): Wanted<string> {
  const { vendor, path, algorithm } = SERVICE[service];
  const { kid } = parseCompactJws(token, 'token');
  return {
    what: `the key set of ${service} with the token's key`,
    file: `tokens/${service}.jwks.json`,
    fetch: (get) => (get.has(vendor) ? get(vendor, path).then(({ bytes }) => bytes) : null),
    parse(bytes) {
      const text = orNull(() => fromUtf8(bytes));
      return text !== null && orNull(() => findKey(text, kid, algorithm)) !== null ? text : null;
    },
    // A set has no date of its own: while it has the key, it will do.
    endsMs: () => Number.POSITIVE_INFINITY,
  };
}
