import * as z from 'zod/mini';

/** PCRs of a PC client. */
export const PCRS_MAX = 24;

/** A PCR and its value: 32 bytes of the SHA-256 bank, 48 of the SHA-384 bank, in lower-case hexadecimal. */
const pcr = z.strictObject({
  index: z.int().check(z.gte(0), z.lt(PCRS_MAX)),
  value: z
    .string()
    .check(z.regex(/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/, 'expected 64 or 96 lower-case hexadecimal digits')),
});
export type Pcr = z.infer<typeof pcr>;

/** PCRs of one bank, 1 to 24. */
export const pcrsOfOneBank = z.array(pcr).check(
  z.minLength(1),
  z.maxLength(PCRS_MAX),
  z.refine((all) => all.every(({ value }) => value.length === all[0]?.value.length), 'expected PCRs of one bank'),
);

/** The hash that extends a bank of PCRs. */
export type PcrBank = 'sha256' | 'sha384';

/** The bank that PCRs of one bank are of, by the length of their values. */
export function bankOf([first]: readonly Pcr[]): PcrBank {
  return first?.value.length === 96 ? 'sha384' : 'sha256';
}
