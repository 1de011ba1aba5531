import { fromBase64url, type Hex } from '../../bytes.ts';
import { parseTdxQuote } from './parse.ts';
import { type PckAuthority, parsePck } from './pck.ts';
import type { TdxReport } from './report.ts';

/** The collateral that a quote needs: the TCB info of a platform family, and the list of one PCK authority. */
export interface TdxNeeds {
  /** 6 bytes. */
  readonly fmspc: Hex;
  readonly ca: PckAuthority;
}

/** Returns what an attacker-controlled quote needs. Checks no signature. Throws as `parseTdxQuote` and `parsePck`. */
export function tdxNeeds({ quote }: TdxReport): TdxNeeds {
  const { fmspc, authority } = parsePck(parseTdxQuote(fromBase64url(quote)).pck);
  return { fmspc, ca: authority };
}
