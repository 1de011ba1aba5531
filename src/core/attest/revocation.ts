import * as z from 'zod/mini';
import type { ClaimForm } from './kit/claim-form.ts';
import type { RuleResult } from './kit/rule-result.ts';
import { DEVICES, PLATFORMS } from './platforms.ts';

/** Every claim that may be revoked, a device's without its place. */
const FORMS: ReadonlyMap<string, ClaimForm> = new Map(
  [...Object.values(PLATFORMS), ...Object.values(DEVICES)].flatMap(({ claims }) => Object.entries<ClaimForm>(claims)),
);
/** The longest text of a revoked value or of the rule about it, in UTF-16 code units. */
const TEXT_MAX = 2048;

/**
 * One entry refuses a whole family, even where another rule allows it: a product, a driver, an FMSPC, one chip. Its value
 * is of the claim's form, so that a mistake in it is `malformed` and not a revocation of nothing.
 */
export const revocation = z
  .strictObject({
    claim: z.string().check(z.refine((name: string) => FORMS.has(name), 'expected the name of a claim')),
    value: z.string().check(z.maxLength(TEXT_MAX)),
  })
  .check(
    z.refine(({ claim, value }) => FORMS.get(claim)?.allows(value) === true, {
      path: ['value'],
      error: ({ input }) => `expected ${FORMS.get((input as Revocation).claim)?.expected ?? 'the value of a claim'}`,
    }),
  );
export type Revocation = z.infer<typeof revocation>;

/**
 * The rule `composite.revoked`: nothing that is revoked is claimed, and where one machine is revoked, the evidence
 * says which it is of.
 */
export function revokedRule(
  claims: Readonly<Record<string, string>>,
  revoked: readonly Revocation[],
): RuleResult & { readonly rule: 'composite.revoked' } {
  const names = Map.groupBy(Object.keys(claims), familyOf);
  const found = revoked.flatMap(({ claim, value }) =>
    (names.get(claim) ?? []).flatMap((name) => objection(name, claims[name] ?? '', value, FORMS.get(claim)) ?? []),
  );
  const got = found.length === 0 ? 'nothing' : [...new Set(found)].join(', ').slice(0, TEXT_MAX).toWellFormed();
  return { rule: 'composite.revoked', expected: 'nothing that is revoked', got, pass: found.length === 0 };
}

function objection(name: string, claimed: string, value: string, form: ClaimForm | undefined): string | null {
  if (form?.hidden?.claimed.test(claimed)) return `the ${form.hidden.what} is hidden`;
  const isRevoked = form?.matches(claimed.toLowerCase(), value.toLowerCase());
  return isRevoked ? `${name} ${claimed}` : null;
}

/** A device's claim without the device's place: `nvidia.gpu-0.driver` is of the family `nvidia.driver`. */
function familyOf(claim: string): string {
  return claim.replace(/\.(?:gpu|switch)-[0-9]+\./, '.');
}
