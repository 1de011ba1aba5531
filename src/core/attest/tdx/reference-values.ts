import * as z from 'zod/mini';
import { thingName } from '../../name/name.ts';
import { binary } from '../../schema.ts';
import { distinctNames } from '../kit/distinct-names.ts';
import { TCB_STATUSES } from './tcb.ts';

/** Intel's next update is due after 30 days: collateral that is older has missed two. */
const MAX_GRACE_MS = 30 * 86_400_000;

const hex = (bytes: number) =>
  z
    .string()
    .check(z.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${bytes} bytes in lower-case hexadecimal`));
const measurement = hex(48);
/** Of two instants written so, the later is the greater as text. */
export const INSTANT =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}Z$/;
const instant = z.string().check(z.regex(INSTANT, 'expected an instant such as 2024-03-13T00:00:00Z'));

/** One image, matched as a whole. Null: not compared. */
const image = z
  .strictObject({
    name: thingName,
    mrTd: measurement,
    rtmr0: measurement,
    rtmr1: measurement,
    rtmr2: measurement,
    rtmr3: z.nullable(measurement),
    mrConfigId: z.nullable(measurement),
    mrOwner: z.nullable(measurement),
    mrOwnerConfig: z.nullable(measurement),
  })
  .check(
    z.refine(
      // One of them is where a platform puts what runs on top of the system: with neither, anything may.
      ({ rtmr3, mrConfigId }) => rtmr3 !== null || mrConfigId !== null,
      'expected rtmr3 or mrConfigId, zeros where it is not used',
    ),
  );
export type TdxImage = z.infer<typeof image>;

const statuses = z.enum(TCB_STATUSES.filter((status) => status !== 'Revoked'));

/** What a TD must show. An empty list refuses everybody. */
export const tdxReferenceValues = z.strictObject({
  platform: z.literal('tdx'),
  /** Certificates in DER; PCK certificates and collateral must chain to one of them, both to the same. */
  roots: z.array(binary(1, 8192)).check(z.maxLength(4)),
  images: z.array(image).check(z.maxLength(256), distinctNames),
  /** TD_ATTRIBUTES, 8 bytes as the report has them. */
  attributes: z.array(hex(8)).check(z.maxLength(64)),
  /** XFAM, 8 bytes as the report has them. */
  xfams: z.array(hex(8)).check(z.maxLength(64)),
  /** True: SEPT_VE_DISABLE must be set, or the host can take the guest's pages away unnoticed. False: not asked. */
  septVeDisable: z.boolean(),
  /** What platform, module and quoting enclave may be together; revoked is never allowed. */
  tcbStatuses: z.array(statuses).check(z.maxLength(TCB_STATUSES.length)),
  /** Of TCB info and QE identity both: keeps older collateral, still in date, from being shown again. */
  minTcbEvaluationDataNumber: z.int().check(z.gte(0), z.lte(65_535)),
  /** Of the platform's, the module's and the quoting enclave's levels the oldest; left out: any. */
  minTcbDate: z.optional(instant),
  /**
   * MRSERVICETD, 48 bytes: the hash over the service TDs that may be bound to a TD, and may learn from it all that their
   * protocol gives them. Left out, or an empty list: none may be bound.
   */
  serviceTds: z.optional(z.array(measurement).check(z.maxLength(64))),
  /** PPIDs, 16 bytes; null: any platform that the root vouches for. */
  chips: z.nullable(z.array(hex(16)).check(z.maxLength(4096))),
  /** How long collateral and revocation lists may be used after their next update was due, in milliseconds. */
  graceMs: z.int().check(z.gte(0), z.lte(MAX_GRACE_MS)),
});
export type TdxReferenceValues = z.infer<typeof tdxReferenceValues>;
