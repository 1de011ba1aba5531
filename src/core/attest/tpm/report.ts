import * as z from 'zod/mini';
import { binary } from '../../schema.ts';
import { pcrsOfOneBank } from '../kit/pcr.ts';
import { hardwareReport } from '../paravisor/hardware.ts';

/** TPM2B_PUBLIC: two bytes of length, then TPMT_PUBLIC. */
const publicArea = binary(2, 1024);

/** The proof that the attestation key is a genuine TPM's. */
const identity = z.discriminatedUnion('kind', [
  /** An AK certificate and its issuers, leaf first, in DER. */
  z.strictObject({
    kind: z.literal('certificate'),
    key: publicArea,
    chain: z.array(binary(1, 4096)).check(z.minLength(1), z.maxLength(4)),
  }),
  /** Custodians activated this key against its EK certificate, and the reference values name it. */
  z.strictObject({ kind: z.literal('activated'), key: publicArea }),
  /** A paravisor's: the hash of its runtime JSON, which names the key, is in a hardware report (Azure). */
  z.strictObject({
    kind: z.literal('runtime'),
    runtime: binary(2, 16_384),
    hardware: hardwareReport,
  }),
  /** Nothing: a key in DER SubjectPublicKeyInfo that only says so itself. Always refused, by a rule that says why. */
  z.strictObject({ kind: z.literal('self-asserted'), key: binary(1, 1024) }),
]);
export type TpmIdentity = z.infer<typeof identity>;
export type TpmIdentityOf<Kind extends TpmIdentity['kind']> = Extract<TpmIdentity, { kind: Kind }>;

/** A TPM 2.0 quote (TPM2_Quote): TPMS_ATTEST, TPMT_SIGNATURE, the quoted PCRs by index, the key. */
export const tpmReport = z.strictObject({
  platform: z.literal('tpm'),
  attest: binary(1, 2048),
  signature: binary(1, 1024),
  /** In ascending order. */
  pcrs: pcrsOfOneBank,
  identity,
});
export type TpmReport = z.infer<typeof tpmReport>;
