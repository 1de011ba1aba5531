import { toHex } from '../../bytes.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { instantText } from '../../x509/time.ts';
import type { Findings } from '../findings.ts';
import type { TdxQuote } from './parse.ts';
import type { Pck } from './pck.ts';

/** Every claim that an appraisal may make of this platform. */
export const TDX_CLAIMS = [
  'tdx.version',
  'tdx.key-type',
  'tdx.tee-type',
  'tdx.body-type',
  'tdx.trailing-bytes',
  // the TD's report
  'tdx.tee-tcb-svn',
  'tdx.mr-seam',
  'tdx.mr-signer-seam',
  'tdx.seam-attributes',
  'tdx.td-attributes',
  'tdx.xfam',
  'tdx.mr-td',
  'tdx.mr-config-id',
  'tdx.mr-owner',
  'tdx.mr-owner-config',
  'tdx.rtmr0',
  'tdx.rtmr1',
  'tdx.rtmr2',
  'tdx.rtmr3',
  'tdx.report-data',
  'tdx.tee-tcb-svn2',
  'tdx.mr-service-td',
  // the quoting enclave
  'tdx.qe.vendor',
  'tdx.qe.mrenclave',
  'tdx.qe.mrsigner',
  'tdx.qe.isvprodid',
  'tdx.qe.isvsvn',
  // the PCK certificate
  'tdx.pck.authority',
  'tdx.pck.serial',
  'tdx.pck.validity',
  'tdx.pck.ppid',
  'tdx.pck.svn',
  'tdx.pck.pcesvn',
  'tdx.pck.cpusvn',
  'tdx.pck.pceid',
  'tdx.pck.fmspc',
  'tdx.pck.sgx-type',
  'tdx.pck.platform-instance',
  'tdx.pck.dynamic-platform',
  'tdx.pck.cached-keys',
  'tdx.pck.smt-enabled',
  // the collateral
  'tdx.tcb.platform-status',
  'tdx.tcb.platform-date',
  'tdx.tcb.module',
  'tdx.tcb.module-status',
  'tdx.tcb.qe-status',
  'tdx.tcb.status',
  'tdx.tcb.advisories',
  'tdx.tcb.info-evaluation',
  'tdx.tcb.qe-evaluation',
] as const;

/** A name that is not in the list cannot be claimed, and one that cannot be claimed cannot be revoked. */
type TdxClaim = (typeof TDX_CLAIMS)[number];
export type Claim = (name: TdxClaim, value: string) => void;

export function claimer(findings: Findings<string>): Claim {
  return (name, value) => findings.claim(name, value);
}

/** What the quote says, as measured: hexadecimal as it is stored, numbers in decimal. */
export function claimQuote(claim: Claim, quote: TdxQuote): void {
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

export function claimPck(claim: Claim, pck: Pck): void {
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
