import { z } from 'zod';
import { canonicalBytes, parseCanonical } from '../core/canonical.ts';
import { TwinlockError } from '../core/errors.ts';
import { bearerToken, digest, humanName } from './fields.ts';

/** A certificate has about 1 kB. */
export const MAX_FOUNDER_BYTES = 64 * 1024;

const founderFile = z.strictObject({
  v: z.literal(1),
  kind: z.literal('twinlock-founder'),
  /** Address of the vault: `https://host:port`. */
  vault: z.url({ protocol: /^https$/ }),
  /** Certificates in PEM that vouch for the vault's; null where an authority does that every machine trusts. */
  ca: z.string().max(MAX_FOUNDER_BYTES).nullable(),
  /** The founder's. */
  name: humanName,
  invitation: bearerToken,
  /** SHA-256 of what hosts must show, as the operator gave it to init. */
  referenceValues: digest,
});
/**
 * The file that `twinlockd init` writes for each founder and `twinlock console --invitation` reads
 * (src/store/FORMAT.md).
 */
export type FounderFile = z.infer<typeof founderFile>;

export function founderFileBytes(file: Omit<FounderFile, 'v' | 'kind'>): Uint8Array {
  return canonicalBytes({ v: 1, kind: 'twinlock-founder', ...file });
}

/**
 * Throws `malformed` and `not_canonical`, which name `what`. The file holds a secret: no error repeats a part of it.
 */
export function parseFounderFile(bytes: Uint8Array, what: string): FounderFile {
  try {
    const result = founderFile.safeParse(parseCanonical(bytes, MAX_FOUNDER_BYTES));
    if (result.success) return result.data;
  } catch (cause) {
    if (!(cause instanceof TwinlockError)) throw cause;
    const message = `${what}: expected a founder’s file as twinlockd init wrote it, unchanged`;
    throw new TwinlockError(cause.code, message, {}, { cause });
  }
  throw new TwinlockError('malformed', `${what}: expected a founder’s file as twinlockd init wrote it`);
}
