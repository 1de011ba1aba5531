import { fromUtf8 } from '../../bytes.ts';
import { parsedOrNull, type Wanted } from '../kit/wanted.ts';
import type { ServiceName } from './endorsements.ts';
import { findKey, parseKeySet } from './jwks.ts';
import { parseCompactJws } from './jws.ts';

const SERVICE = {
  nras: { vendor: 'nvidia', path: '.well-known/jwks.json', algorithm: 'ES384' },
  'intel-trust-authority': { vendor: 'intel-trust-authority', path: 'certs', algorithm: 'PS384' },
} as const;

/** The key set that has the key of this token; a set that has not is of another day. */
export function wantedKeySet(service: ServiceName, token: string): Wanted<string> {
  const { vendor, path, algorithm } = SERVICE[service];
  const { kid } = parseCompactJws(token, 'token');
  const file = `tokens/${service}.jwks.json`;
  return {
    what: `the key set of ${service} with the token's key`,
    files: [file],
    // A host may make up a key id in its token: then its own question fails, and no other host's.
    question: `${file} ${kid}`,
    // Reference values say which keys count, so a key set that has lost a key revokes nothing.
    isReissued: false,
    asks: [{ vendor, path }],
    fileOf: ({ bytes }) => bytes,
    parse(bytes) {
      const text = parsedOrNull(() => fromUtf8(bytes));
      return text !== null && parsedOrNull(() => findKey(parseKeySet(text), kid, algorithm)) !== null ? text : null;
    },
    // A set has no date of its own: while it has the key, it will do.
    dates: () => ({ edition: 0, issuedMs: 0, endsMs: Number.POSITIVE_INFINITY }),
  };
}
