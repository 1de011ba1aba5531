import type * as z from 'zod/mini';
import { must } from '../core/errors.ts';
import { parseAs } from '../core/schema.ts';
import { principalInvitation } from '../core/statement/statement.ts';

export type PrincipalInvitation = z.infer<typeof principalInvitation>;

/**
 * What custodians enrol of a machine's key: the content of FILE.json. `what` names it in an error. Throws `malformed`;
 * for the key's secret half too, in words of its own and without it, since people mistake one file for the other.
 */
export function parsePrincipalInvitation(value: unknown, what: string): PrincipalInvitation {
  must(
    !isSecretHalf(value),
    'malformed',
    `${what}: expected FILE.json, got FILE, the secret half of the key, which only its machine may have: if it was sent or copied anywhere, treat it as exposed, and make another key with twinlock key create`,
  );
  return parseAs(principalInvitation, value, what);
}

/** As `twinlock key create` writes it (client/FORMAT.md), or a text like it. */
function isSecretHalf(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'seed');
}
