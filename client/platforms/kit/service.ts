import type { Endorsements } from '../../../src/core/attest/endorsements.ts';
import type { ServiceEndorsed } from '../../../src/core/attest/token/endorsements.ts';
import { findKey, parseKeySet, type ServiceKey } from '../../../src/core/attest/token/jwks.ts';
import { ABSENT, parseCompactJws, type TokenAlgorithm } from '../../../src/core/attest/token/jws.ts';
import type { ServiceReferenceValues } from '../../../src/core/attest/token/reference-values.ts';
import { fromBase64, toBase64url } from '../../../src/core/bytes.ts';
import { TwinlockError } from '../../../src/core/errors.ts';
import { union } from './host.ts';

/** What a token states, as a list of one; none where the claim is absent. */
export function stated(value: string): string[] {
  return value === ABSENT ? [] : [value];
}

interface Service {
  readonly name: keyof ServiceEndorsed;
  readonly algorithm: TokenAlgorithm;
}

/** Who signed the tokens: the last certificate of the key's chain, or the key itself where it has none above it. */
export function withService(
  before: ServiceReferenceValues | null,
  service: Service,
  tokens: readonly string[],
  endorsements: Endorsements,
): ServiceReferenceValues {
  const parsed = tokens.map((token) => parseCompactJws(token, service.name));
  const keys = parsed.flatMap(({ kid }) => keyOf(endorsements, service, kid));
  const anchors = keys.flatMap(({ chain: [, ...issuers] }) => issuers.slice(-1));
  const bare = keys.filter(({ chain }) => chain.length < 2);
  return {
    issuer: before?.issuer ?? String(parsed[0]?.payload['iss']),
    anchors: union(
      before?.anchors,
      anchors.map((anchor) => toBase64url(fromBase64(anchor))),
    ),
    keys: union(
      before?.keys,
      bare.map(({ fingerprint }) => fingerprint),
    ),
    graceMs: before?.graceMs ?? 0,
  };
}

/** None, where the key set has it not: the rules then say why. */
function keyOf(endorsements: Endorsements, { name, algorithm }: Service, kid: string): ServiceKey[] {
  const keySet = endorsements[name];
  if (keySet === undefined) return [];
  try {
    return [findKey(parseKeySet(keySet), kid, algorithm)];
  } catch (error) {
    if (error instanceof TwinlockError) return [];
    throw error;
  }
}
