import * as z from 'zod/mini';
import { binary } from '../../schema.ts';
import { pcrImages } from '../kit/pcr-image.ts';
import { optionalMembers } from '../kit/table.ts';
import { HARDWARE } from '../paravisor/hardware.ts';

const AK_NAMES_MAX = 4096;

const akName = z
  .string()
  .check(
    z.regex(
      /^(?:000b[0-9a-f]{64}|000c[0-9a-f]{96})$/,
      'expected an AK name in hexadecimal: 000b and 32 bytes, or 000c and 48 bytes',
    ),
  );
/** The value that `akPurposes` lists for a certificate without a purpose. */
export const NO_PURPOSE = 'none';
const PURPOSES_MAX = 8;
const LIST_OF_PURPOSES =
  'expected a list of the purposes that an AK certificate may have, such as ["2.23.133.8.3"], or ["none"] for none';
const purpose = z
  .string()
  .check(
    z.maxLength(64),
    z.regex(
      /^(?:none|[0-2](?:\.(?:0|[1-9][0-9]{0,9})){1,15})$/,
      'expected none, or an object identifier such as 2.23.133.8.3',
    ),
  );
const firmware = z.string().check(z.regex(/^[0-9a-f]{16}$/, 'expected 8 bytes in lower-case hexadecimal'));

/**
 * The reference values for a TPM. An empty list refuses every host. There is no vendor's root for attestation keys: the
 * quorum pins who may certify them.
 */
export const tpmReferenceValues = z.strictObject({
  platform: z.literal('tpm'),
  /** Whether boot state is enough by itself: a TPM says nothing about encrypted memory. */
  alone: z.boolean(),
  /** Authorities that certify attestation keys, in DER: roots or intermediates. */
  anchors: z.array(binary(1, 8192)).check(z.maxLength(16)),
  /**
   * The purposes that an AK certificate may have. It must have one: object identifiers in dotted decimal, or
   * `none` for a certificate without any. `none` takes every certificate without a purpose that the authorities ever
   * issued, for any key.
   */
  akPurposes: z.array(purpose, LIST_OF_PURPOSES).check(
    z.maxLength(PURPOSES_MAX),
    z.refine((all) => new Set(all).size === all.length, 'expected each purpose once'),
  ),
  /** Names of attestation keys that custodians activated themselves, against the EK certificate. */
  activated: z.array(akName).check(z.maxLength(AK_NAMES_MAX)),
  images: pcrImages,
  /** Versions of the TPM's firmware, as quotes have them; null: not compared. */
  firmware: z.nullable(z.array(firmware).check(z.maxLength(256))),
  /**
   * For the report of the hardware under a paravisor: what the paravisor itself measures, while what runs above it is in
   * the PCRs. Null, or no member for its platform, refuses it.
   */
  paravisor: z.nullable(z.strictObject(optionalMembers(HARDWARE, 'values'))),
});
export type TpmReferenceValues = z.infer<typeof tpmReferenceValues>;
