import * as z from 'zod/mini';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { instantText, parseInstantText } from '../../x509/time.ts';
import { TCB_COMPONENTS } from './pck.ts';
import { type EnclaveLevel, LEVEL_STATUSES, type PlatformLevel } from './tcb.ts';

/** Intel publishes up to 20 levels and up to 40 advisories of one. */
const MAX_LEVELS = 64;
const MAX_ADVISORIES = 256;
const MAX_MODULES = 64;

const svn = z.int().check(z.gte(0), z.lte(0xff));
const svn16 = z.int().check(z.gte(0), z.lte(0xffff));
const instant = z.pipe(z.string().check(z.maxLength(32)), z.transform(parseInstantText));
const components = z.pipe(
  z.array(z.object({ svn })).check(z.length(TCB_COMPONENTS)),
  z.transform((list) => list.map((component) => component.svn)),
);
const level = {
  tcbDate: instant,
  tcbStatus: z.enum(LEVEL_STATUSES),
  advisoryIDs: z._default(z.array(z.string().check(z.maxLength(64))).check(z.maxLength(MAX_ADVISORIES)), []),
};
const platformLevels = z.array(
  z.pipe(
    z.object({
      ...level,
      tcb: z.object({ sgxtcbcomponents: components, pcesvn: svn16, tdxtcbcomponents: components }),
    }),
    z.transform(
      ({ tcb, tcbDate, tcbStatus, advisoryIDs }): PlatformLevel => ({
        status: tcbStatus,
        dateMs: tcbDate,
        advisories: advisoryIDs,
        sgxComponents: tcb.sgxtcbcomponents,
        pceSvn: tcb.pcesvn,
        tdxComponents: tcb.tdxtcbcomponents,
      }),
    ),
  ),
);
const enclaveLevels = z.array(
  z.pipe(
    z.object({ ...level, tcb: z.object({ isvsvn: svn16 }) }),
    z.transform(
      ({ tcb, tcbDate, tcbStatus, advisoryIDs }): EnclaveLevel => ({
        status: tcbStatus,
        dateMs: tcbDate,
        advisories: advisoryIDs,
        isvSvn: tcb.isvsvn,
      }),
    ),
  ),
);

/** Intel writes hexadecimal in either case; here it is lower. */
function hexBytes(length: number) {
  return z.pipe(
    z.string().check(z.regex(new RegExp(`^[0-9a-fA-F]{${2 * length}}$`), `expected ${length} bytes in hexadecimal`)),
    z.transform((text) => text.toLowerCase()),
  );
}

const dated = {
  issueDate: instant,
  nextUpdate: instant,
  tcbEvaluationDataNumber: z.int().check(z.gte(0)),
};
const module = { mrsigner: hexBytes(48), attributes: hexBytes(8), attributesMask: hexBytes(8) };

/** Intel adds members without a new version: those that no rule is about are let through. */
const tcbInfo = z.object({
  id: z.literal('TDX'),
  version: z.literal(3),
  ...dated,
  fmspc: hexBytes(6),
  pceId: hexBytes(2),
  tcbType: z.literal(0),
  tdxModule: z.object(module),
  tdxModuleIdentities: z._default(
    z
      .array(
        z.object({
          ...module,
          id: z.string().check(z.maxLength(16)),
          tcbLevels: enclaveLevels.check(z.maxLength(MAX_LEVELS)),
        }),
      )
      .check(z.maxLength(MAX_MODULES)),
    [],
  ),
  tcbLevels: platformLevels.check(z.maxLength(MAX_LEVELS)),
});
export type TcbInfo = z.infer<typeof tcbInfo>;

const qeIdentity = z.object({
  id: z.literal('TD_QE'),
  version: z.literal(2),
  ...dated,
  miscselect: hexBytes(4),
  miscselectMask: hexBytes(4),
  attributes: hexBytes(16),
  attributesMask: hexBytes(16),
  mrsigner: hexBytes(32),
  isvprodid: svn16,
  tcbLevels: enclaveLevels.check(z.maxLength(MAX_LEVELS)),
});
export type QeIdentity = z.infer<typeof qeIdentity>;

/** Parses the TCB info of a platform family, version 3, of TDX. Throws `malformed`. */
export function parseTcbInfo(text: string): TcbInfo {
  return parseAs(tcbInfo, parseJson(text), 'TCB info');
}

/** Parses the identity of the TD quoting enclave, version 2. Throws `malformed`. */
export function parseQeIdentity(text: string): QeIdentity {
  return parseAs(qeIdentity, parseJson(text), 'QE identity');
}

/** What both documents say of when they hold. */
export type Dated = Pick<TcbInfo, 'issueDate' | 'nextUpdate'>;

/** When a document may be used: from its issue until the next one is due, and `graceMs` longer. */
export interface Window {
  readonly instantMs: number;
  readonly graceMs: number;
}

/** The dates of a document that is current. Throws `endorsement_stale`, saying since when. */
export function requireCurrent({ issueDate, nextUpdate }: Dated, { instantMs, graceMs }: Window, what: string): string {
  const [issued, due] = [instantText(issueDate), instantText(nextUpdate)];
  must(issueDate <= instantMs, 'endorsement_stale', `${what} was issued later, at ${issued}`);
  const late = `${what} is out of date since ${due}${graceMs === 0 ? '' : `, by more than ${graceMs} ms`}`;
  must(instantMs <= nextUpdate + graceMs, 'endorsement_stale', late);
  return `${issued} to ${due}`;
}
