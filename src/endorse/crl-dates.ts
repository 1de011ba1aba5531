import type { Crl } from '../core/x509/crl.ts';
import type { Dates } from './wanted.ts';

export function crlDates({ thisUpdateMs, nextUpdateMs }: Crl): Dates {
  return { edition: 0, issuedMs: thisUpdateMs, endsMs: nextUpdateMs };
}
