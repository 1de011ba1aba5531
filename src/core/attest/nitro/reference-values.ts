import * as z from 'zod/mini';
import { binary } from '../../schema.ts';
import { bankOf } from '../kit/pcr.ts';
import { pcrImages } from '../kit/pcr-image.ts';
import { MODULE_ID, MODULE_ID_MAX } from './document.ts';

/** The reference values for an AWS instance. An empty list refuses every host. */
export const nitroReferenceValues = z.strictObject({
  platform: z.literal('nitro'),
  /** Root certificates in DER. The document's chain must end at one of them. */
  roots: z.array(binary(1, 8192)).check(z.maxLength(4)),
  images: pcrImages.check(
    z.refine((all) => all.every(({ pcrs }) => bankOf(pcrs) === 'sha384'), 'expected PCRs of the SHA-384 bank'),
  ),
  /** The instances that are allowed, each with its TPM; null: every one that AWS runs, in any account. */
  modules: z.nullable(
    z
      .array(
        z.string().check(z.maxLength(MODULE_ID_MAX), z.regex(MODULE_ID, 'expected a module id such as i-0a1b-tpm0')),
      )
      .check(z.maxLength(4096)),
  ),
});
export type NitroReferenceValues = z.infer<typeof nitroReferenceValues>;
