import * as z from 'zod/mini';
import { thingName } from '../../name/name.ts';
import { distinctNames } from './distinct-names.ts';

/** The values that a committee may expect of a trust domain (TD), by its quote or by a service's token about it. */

/** Intel's statuses of a TD, from best to worst: its TCB levels together, or that an older module launched it. */
export const TCB_STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'TDRelaunchAdvised',
  'TDRelaunchAdvisedConfigurationNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
] as const;
export type TcbStatus = (typeof TCB_STATUSES)[number];

export const hex = (bytes: number) =>
  z
    .string()
    .check(z.regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${bytes} bytes in lower-case hexadecimal`));
export const measurement = hex(48);

/** An instant in UTC to the second. Of two, the later is the greater as text. */
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
      // A platform puts what runs on top of the system into one of the two. With neither, anything may run.
      ({ rtmr3, mrConfigId }) => rtmr3 !== null || mrConfigId !== null,
      'expected rtmr3 or mrConfigId, zeros where it is not used',
    ),
  );
export type TdImage = z.infer<typeof image>;

const statuses = z.enum(TCB_STATUSES.filter((status) => status !== 'Revoked'));

/** The members of reference values that say what a TD must be. An empty list refuses every host. */
export const tdValues = {
  images: z.array(image).check(z.maxLength(256), distinctNames),
  /** TD_ATTRIBUTES, 8 bytes as the report has them. */
  attributes: z.array(hex(8)).check(z.maxLength(64)),
  /** XFAM, 8 bytes as the report has them. */
  xfams: z.array(hex(8)).check(z.maxLength(64)),
  /** The TCB statuses that are allowed; `Revoked` never is. */
  tcbStatuses: z.array(statuses).check(z.maxLength(TCB_STATUSES.length)),
  /** The earliest date of the TCB that passes; left out: any date. */
  minTcbDate: z.optional(instant),
};
