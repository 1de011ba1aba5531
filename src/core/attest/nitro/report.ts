import * as z from 'zod/mini';
import { binary } from '../../schema.ts';

/** Nine fields: 24 PCRs, six certificates and three texts of the host's, each within its own bound, are 12 KiB. */
const DOCUMENT_BYTES_MAX = 16_384;

/** What AWS's hypervisor signs of an instance's NitroTPM: the attestation document as `nitro-tpm-attest` prints it. */
export const nitroReport = z.strictObject({
  platform: z.literal('nitro'),
  document: binary(1, DOCUMENT_BYTES_MAX),
});
export type NitroReport = z.infer<typeof nitroReport>;
