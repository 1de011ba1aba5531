import { verify } from '@phala/dcap-qvl';

export const OTHER_DCAP = 'a DCAP library of npm';

/** Verifies a quote as one would without us; throws where it is refused. `collateral` is the vendor tools' JSON. */
export function verifyQuote(quote: Uint8Array, collateral: string, instantMs: number): void {
  verify(quote, JSON.parse(collateral), instantMs / 1000);
}
