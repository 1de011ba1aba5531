import { toHex } from '../../bytes.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { instantText } from '../../x509/time.ts';
import { bytes, type ClaimForms, decimal, instant, like, listed, oneOf, serial, truth } from '../kit/claim-form.ts';
import type { Findings } from '../kit/findings.ts';
import { TCB_STATUSES } from '../kit/td.ts';
import type { TdxQuote } from './parse.ts';
import type { Pck } from './pck.ts';
import { LEVEL_STATUSES } from './tcb.ts';

const measurement = bytes(48);
const svn = like(/[0-9]{1,3}(?:,[0-9]{1,3}){15}/, '7,7,2,2,3,1,0,3,0,0,0,0,0,0,0,0');
const validity = like(/[0-9TZ:-]{20}\.\.[0-9TZ:-]{20}/, '2024-01-01T00:00:00Z..2031-01-01T00:00:00Z');
const status = oneOf(...LEVEL_STATUSES);

/** Every claim that an appraisal may make of this platform. */
export const TDX_CLAIMS = {
  'tdx.version': decimal,
  'tdx.key-type': decimal,
  'tdx.tee-type': like(/0x[0-9a-f]{1,8}/, '0x81'),
  'tdx.body-type': decimal,
  'tdx.trailing-bytes': decimal,
  // the TD's report
  'tdx.tee-tcb-svn': bytes(16),
  'tdx.mr-seam': measurement,
  'tdx.mr-signer-seam': measurement,
  'tdx.seam-attributes': bytes(8),
  'tdx.td-attributes': bytes(8),
  'tdx.xfam': bytes(8),
  'tdx.mr-td': measurement,
  'tdx.mr-config-id': measurement,
  'tdx.mr-owner': measurement,
  'tdx.mr-owner-config': measurement,
  'tdx.rtmr0': measurement,
  'tdx.rtmr1': measurement,
  'tdx.rtmr2': measurement,
  'tdx.rtmr3': measurement,
  'tdx.report-data': bytes(64),
  'tdx.tee-tcb-svn2': bytes(16),
  'tdx.mr-service-td': measurement,
  // the quoting enclave
  'tdx.qe.vendor': bytes(16),
  'tdx.qe.mrenclave': bytes(32),
  'tdx.qe.mrsigner': bytes(32),
  'tdx.qe.isvprodid': decimal,
  'tdx.qe.isvsvn': decimal,
  // the PCK certificate
  'tdx.pck.authority': oneOf('processor', 'platform'),
  'tdx.pck.serial': serial,
  'tdx.pck.validity': validity,
  'tdx.pck.ppid': bytes(16),
  'tdx.pck.svn': svn,
  'tdx.pck.pcesvn': decimal,
  'tdx.pck.cpusvn': bytes(16),
  'tdx.pck.pceid': bytes(2),
  'tdx.pck.fmspc': bytes(6),
  'tdx.pck.sgx-type': decimal,
  'tdx.pck.platform-instance': bytes(16),
  'tdx.pck.dynamic-platform': truth,
  'tdx.pck.cached-keys': truth,
  'tdx.pck.smt-enabled': truth,
  // the collateral
  'tdx.tcb.platform-status': status,
  'tdx.tcb.platform-date': instant,
  'tdx.tcb.module': like(/TDX_[0-9A-F]{2}|none/, 'TDX_01'),
  'tdx.tcb.module-status': status,
  'tdx.tcb.qe-status': status,
  'tdx.tcb.status': oneOf(...TCB_STATUSES),
  'tdx.tcb.date': instant,
  'tdx.tcb.advisories': listed(/INTEL-SA-[0-9]{5}/, 'INTEL-SA-00837'),
  'tdx.tcb.info-evaluation': decimal,
  'tdx.tcb.qe-evaluation': decimal,
} as const satisfies ClaimForms;

/** A name that is not in the list cannot be claimed, and one that cannot be claimed cannot be revoked. */
type TdxClaim = keyof typeof TDX_CLAIMS;
export type TdxClaimer = (name: TdxClaim, value: string) => void;

export function claimer(findings: Findings<string>): TdxClaimer {
  return (name, value) => findings.claim(name, value);
}

/** The claims of the quote: bytes in hexadecimal as they are stored, numbers in decimal. */
export function claimQuote(claim: TdxClaimer, quote: TdxQuote): void {
  const { body, qeReport } = quote;
  claim('tdx.version', String(quote.version));
  claim('tdx.key-type', String(quote.keyType));
  claim('tdx.tee-type', teeTypeText(quote.teeType));
  claim('tdx.body-type', String(quote.bodyType));
  claim('tdx.trailing-bytes', String(quote.trailingBytes));
  claim('tdx.tee-tcb-svn', toHex(body.teeTcbSvn));
  claim('tdx.mr-seam', toHex(body.mrSeam));
  claim('tdx.mr-signer-seam', toHex(body.mrSignerSeam));
  claim('tdx.seam-attributes', toHex(body.seamAttributes));
  claim('tdx.td-attributes', toHex(body.tdAttributes));
  claim('tdx.xfam', toHex(body.xfam));
  claim('tdx.mr-td', toHex(body.mrTd));
  claim('tdx.mr-config-id', toHex(body.mrConfigId));
  claim('tdx.mr-owner', toHex(body.mrOwner));
  claim('tdx.mr-owner-config', toHex(body.mrOwnerConfig));
  claim('tdx.rtmr0', toHex(body.rtmr0));
  claim('tdx.rtmr1', toHex(body.rtmr1));
  claim('tdx.rtmr2', toHex(body.rtmr2));
  claim('tdx.rtmr3', toHex(body.rtmr3));
  claim('tdx.report-data', toHex(body.reportData));
  if (body.teeTcbSvn2 !== null) claim('tdx.tee-tcb-svn2', toHex(body.teeTcbSvn2));
  if (body.mrServiceTd !== null) claim('tdx.mr-service-td', toHex(body.mrServiceTd));
  claim('tdx.qe.vendor', toHex(quote.qeVendor));
  claim('tdx.qe.mrenclave', toHex(qeReport.mrEnclave));
  claim('tdx.qe.mrsigner', toHex(qeReport.mrSigner));
  claim('tdx.qe.isvprodid', String(qeReport.isvProdId));
  claim('tdx.qe.isvsvn', String(qeReport.isvSvn));
}

export function claimPck(claim: TdxClaimer, pck: Pck): void {
  const { certificate, platformInstance, configuration } = pck;
  claim('tdx.pck.authority', pck.authority);
  claim('tdx.pck.serial', serialText(certificate));
  claim('tdx.pck.validity', `${instantText(certificate.notBeforeMs)}..${instantText(certificate.notAfterMs)}`);
  claim('tdx.pck.ppid', pck.ppid);
  claim('tdx.pck.svn', pck.components.join(','));
  claim('tdx.pck.pcesvn', String(pck.pceSvn));
  claim('tdx.pck.cpusvn', pck.cpuSvn);
  claim('tdx.pck.pceid', pck.pceId);
  claim('tdx.pck.fmspc', pck.fmspc);
  claim('tdx.pck.sgx-type', String(pck.sgxType));
  if (platformInstance !== null) claim('tdx.pck.platform-instance', platformInstance);
  if (configuration === null) return;
  claim('tdx.pck.dynamic-platform', String(configuration.dynamicPlatform));
  claim('tdx.pck.cached-keys', String(configuration.cachedKeys));
  claim('tdx.pck.smt-enabled', String(configuration.smtEnabled));
}

/** Without the zero that DER puts before a high bit: as revocation lists are read out. */
function serialText({ serial }: Certificate): string {
  return serial.replace(/^00(?=[0-9a-f])/, '');
}

/** As `0x81`. */
export function teeTypeText(teeType: number): string {
  return `0x${teeType.toString(16)}`;
}
