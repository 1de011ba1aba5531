import { fromHex, toHex } from '../../bytes.ts';
import { instantText } from '../../x509/time.ts';
import { TCB_STATUSES } from '../kit/td.ts';
import type { TdxClaimer } from './claims.ts';
import type { QeIdentity, TcbInfo } from './collateral.ts';
import type { QeReport, TdReport, TdxQuote } from './parse.ts';
import type { Pck } from './pck.ts';
import type { TdxReferenceValues } from './reference-values.ts';
import type { TdxFindings } from './rules.ts';
import { enclaveLevel, type Level, moduleId, platformLevel, statusSinceLaunch, worstStatus } from './tcb.ts';
import type { Collateral } from './trust.ts';

/** Enough where reference values do not say which statuses are: every one that Intel has not revoked. */
const NOT_REVOKED = TCB_STATUSES.filter((status) => status !== 'Revoked');

interface Measured {
  readonly quote: TdxQuote;
  readonly pck: Pck;
}

/**
 * Which TCB levels platform, TDX module and quoting enclave reach, by verified collateral (DCAP: TCB level
 * selection). A rule is not reached where its document does not hold, and no status where a level is missing.
 */
export function checkLevels(
  findings: TdxFindings,
  claim: TdxClaimer,
  { quote, pck }: Measured,
  { tcbInfo, qeIdentity }: Collateral,
  values: TdxReferenceValues | null,
): void {
  const platform = tcbInfo === null ? null : checkPlatform(findings, claim, quote.body, pck, tcbInfo);
  const module = tcbInfo === null ? null : checkModule(findings, claim, quote.body, tcbInfo);
  const qe = qeIdentity === null ? null : checkQe(findings, claim, quote.qeReport, qeIdentity);
  if (platform !== null && module !== null && qe !== null) {
    const levels = [platform, ...module, qe];
    const current = tcbInfo === null ? null : currentLevels(quote.body, pck, tcbInfo);
    const status = statusSinceLaunch(statusOf(levels), current && statusOf([...current, qe]));
    claim('tdx.tcb.status', status);
    const date = instantText(Math.min(...levels.map((level) => level.dateMs)));
    claim('tdx.tcb.date', date);
    const floor = values?.minTcbDate;
    if (floor !== undefined) findings.rule('tdx.tcb-date', `from ${floor}`, date, date >= floor);
    const advisories = new Set(levels.flatMap((level) => level.advisories));
    claim('tdx.tcb.advisories', advisories.size === 0 ? 'none' : [...advisories].sort().join(' '));
    findings.among('tdx.tcb-status', values?.tcbStatuses ?? NOT_REVOKED, status);
  }
  if (tcbInfo === null || qeIdentity === null) return;
  const evaluations = [tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber];
  claim('tdx.tcb.info-evaluation', String(tcbInfo.tcbEvaluationDataNumber));
  claim('tdx.tcb.qe-evaluation', String(qeIdentity.tcbEvaluationDataNumber));
  if (values === null) return;
  findings.atLeast('tdx.tcb-evaluation', values.minTcbEvaluationDataNumber, Math.min(...evaluations));
}

function statusOf(levels: readonly Level[]) {
  return worstStatus(levels.map(({ status }) => status));
}

/** What platform and module reach now, where the report says (TDX 1.5); null where that is no level. */
function currentLevels({ teeTcbSvn2 }: TdReport, pck: Pck, info: TcbInfo): readonly Level[] | null {
  const platform = teeTcbSvn2 === null ? null : platformLevel(info.tcbLevels, pck, teeTcbSvn2);
  if (platform === null || teeTcbSvn2 === null) return null;
  if (moduleId(teeTcbSvn2) === null) return [platform];
  const module = moduleLevel(moduleOf(info, teeTcbSvn2), teeTcbSvn2);
  return module === null ? null : [platform, module];
}

type ModuleIdentity = TcbInfo['tdxModuleIdentities'][number];

/** The identity of a module that has a version of its own. */
function moduleOf(info: TcbInfo, teeTcbSvn: Uint8Array): ModuleIdentity | undefined {
  return info.tdxModuleIdentities.find(({ id }) => id.toUpperCase() === moduleId(teeTcbSvn));
}

function moduleLevel(identity: ModuleIdentity | undefined, teeTcbSvn: Uint8Array): Level | null {
  return enclaveLevel(identity?.tcbLevels ?? [], teeTcbSvn[0] ?? 0);
}

function checkPlatform(
  findings: TdxFindings,
  claim: TdxClaimer,
  body: TdReport,
  pck: Pck,
  info: TcbInfo,
): Level | null {
  findings.same('tdx.fmspc', info.fmspc, pck.fmspc);
  findings.same('tdx.pceid', info.pceId, pck.pceId);
  const level = platformLevel(info.tcbLevels, pck, body.teeTcbSvn);
  findings.rule('tdx.tcb-level', 'a level that the platform reaches', levelText(level), level !== null);
  if (level === null) return null;
  claim('tdx.tcb.platform-status', level.status);
  claim('tdx.tcb.platform-date', instantText(level.dateMs));
  return level;
}

/** The module's level, none where the platform's level says it all; null where it has none. */
function checkModule(findings: TdxFindings, claim: TdxClaimer, body: TdReport, info: TcbInfo): readonly Level[] | null {
  const id = moduleId(body.teeTcbSvn);
  const versioned = moduleOf(info, body.teeTcbSvn);
  const identity = id === null ? info.tdxModule : versioned;
  const isSame =
    identity !== undefined &&
    toHex(body.mrSignerSeam) === identity.mrsigner &&
    masked(body.seamAttributes, identity.attributesMask) === identity.attributes;
  const name = id ?? 'a module without an id';
  findings.rule('tdx.module', `signer and attributes of ${name}`, moduleText(identity !== undefined, isSame), isSame);
  claim('tdx.tcb.module', id ?? 'none');
  if (id === null) {
    findings.rule('tdx.module-level', 'a level of its own from version 1', 'version 0, of the platform level', true);
    return [];
  }
  const level = moduleLevel(versioned, body.teeTcbSvn);
  findings.rule('tdx.module-level', `a level of ${id}`, levelText(level), level !== null);
  if (level === null) return null;
  claim('tdx.tcb.module-status', level.status);
  return [level];
}

function moduleText(isKnown: boolean, isSame: boolean): string {
  if (isSame) return 'the same';
  return isKnown ? 'others' : 'no such module in the TCB info';
}

function checkQe(findings: TdxFindings, claim: TdxClaimer, report: QeReport, identity: QeIdentity): Level | null {
  const expected = [identity.miscselect, identity.attributes, identity.mrsigner, identity.isvprodid].join(' ');
  const got = [
    masked(report.miscSelect, identity.miscselectMask),
    masked(report.attributes, identity.attributesMask),
    toHex(report.mrSigner),
    report.isvProdId,
  ].join(' ');
  findings.same('tdx.qe-enclave', expected, got);
  const level = enclaveLevel(identity.tcbLevels, report.isvSvn);
  findings.rule('tdx.qe-level', 'a level that the quoting enclave reaches', levelText(level), level !== null);
  if (level === null) return null;
  claim('tdx.tcb.qe-status', level.status);
  return level;
}

function levelText(level: Level | null): string {
  return level === null ? 'none' : `${level.status}, of ${instantText(level.dateMs)}`;
}

/** Hexadecimal of the bits that the mask, in hexadecimal and as long, lets through. */
function masked(bytes: Uint8Array, mask: string): string {
  const bits = fromHex(mask);
  return toHex(bytes.map((byte, i) => byte & (bits[i] ?? 0)));
}
