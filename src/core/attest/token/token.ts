import * as z from 'zod/mini';
import { parseAs } from '../../schema.ts';
import { instantText } from '../../x509/time.ts';
import type { Findings } from '../kit/findings.ts';
import type { PlatformInput } from '../kit/platform.ts';
import { type CompactJws, signedWith, tokenText } from './jws.ts';
import type { ServiceReferenceValues } from './reference-values.ts';
import type { ServiceKeys } from './service-keys.ts';

/** Services give 5 minutes (Trust Authority) to an hour (NRAS); no host needs more than a day. */
const LIFETIME_MAX_MS = 24 * 3_600_000;
/** How far ahead of the vault's clock a service's may be. */
const AHEAD_MAX_MS = 60_000;
/** The end of the year 9999: four digits, and milliseconds that stay whole. */
const SECONDS_MAX = 253_402_300_799;

const seconds = z.int().check(z.gte(0), z.lte(SECONDS_MAX));
const registeredClaims = z.object({ iss: tokenText, iat: seconds, nbf: seconds, exp: seconds });

/** Checked of every token with reference values and without. */
export const TOKEN_RULES = ['algorithm', 'key', 'signature', 'issuer', 'time'] as const;
/** Checked of every token with reference values. */
export const TRUST_RULE = 'key-trusted';
export type TokenRule = (typeof TOKEN_RULES)[number] | typeof TRUST_RULE;

/** What a token is checked with. */
export type TokenMeasure = Pick<PlatformInput<unknown, ServiceReferenceValues>, 'referenceValues' | 'instantMs'>;

/**
 * Checks what holds for every token of a service: the algorithm, a key of its key set, the signature, the issuer,
 * the time. Without reference values the rules cannot say whose key set it is: the reader is shown the key, and
 * decides whether it is the service's. Throws `malformed` for registered claims that are not as RFC 7519 says.
 */
export async function checkToken<P extends string>(
  findings: Findings<`${P}.${TokenRule}`>,
  prefix: P,
  keys: ServiceKeys,
  token: CompactJws,
  { referenceValues, instantMs }: TokenMeasure,
): Promise<void> {
  const registered = parseAs(registeredClaims, token.payload, prefix);
  const { algorithm, issuer } = keys.service;
  const { kid } = token;
  findings.same(`${prefix}.algorithm`, algorithm, token.algorithm);
  const key = await findings.attempt(`${prefix}.key`, `the key ${kid}`, async () => {
    const value = await keys.find(kid);
    return { got: value.fingerprint, value };
  });
  if (key !== null) {
    findings.claim(`${prefix}.key`, key.fingerprint);
    if (referenceValues !== null) {
      await findings.attempt(`${prefix}.${TRUST_RULE}`, 'a listed key or one under a pinned anchor', async () => {
        const got = await keys.trust(kid);
        return { got, value: got };
      });
    }
    // Under another algorithm the same key would say something else: that signature is not even looked at.
    if (token.algorithm === algorithm) {
      await findings.signature(`${prefix}.signature`, () => signedWith(token, key, `${prefix} token`));
    }
  }
  findings.same(`${prefix}.issuer`, referenceValues?.issuer ?? issuer, registered.iss);
  checkTime(findings, prefix, registered, { instantMs, graceMs: referenceValues?.graceMs ?? 0 });
}

/** A leeway for beginnings, so that a service's clock may be ahead of the vault's; the end is for policy to put off. */
function checkTime<P extends string>(
  findings: Findings<`${P}.time`>,
  prefix: P,
  { iat, nbf, exp }: z.infer<typeof registeredClaims>,
  { instantMs, graceMs }: { readonly instantMs: number; readonly graceMs: number },
): void {
  const [issuedMs, fromMs, untilMs] = [iat * 1000, nbf * 1000, exp * 1000];
  const isNow = fromMs <= instantMs + AHEAD_MAX_MS && instantMs < untilMs + graceMs;
  const isSane = issuedMs <= instantMs + AHEAD_MAX_MS && issuedMs < untilMs && untilMs - issuedMs <= LIFETIME_MAX_MS;
  const leeway = `a minute ahead at most${graceMs === 0 ? '' : `, ${graceMs} ms after its end`}`;
  const expected = `issued before, valid at ${instantText(instantMs)} (${leeway}), for at most a day`;
  const got = `issued ${instantText(issuedMs)}, valid from ${instantText(fromMs)} until ${instantText(untilMs)}`;
  findings.rule(`${prefix}.time`, expected, got, isNow && isSane);
}
