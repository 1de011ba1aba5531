import { toHex } from '../../bytes.ts';
import {
  bit,
  bytes,
  bytesOrBeginning,
  type ClaimForms,
  decimal,
  like,
  naming,
  oneOf,
  printable,
} from '../kit/claim-form.ts';
import type { AttestationReport, FirmwareVersion } from './parse.ts';
import { bitOf, POLICY_BIT, registerText, signingKeyText } from './register.ts';
import { componentsOf, SNP_PRODUCTS, type SnpProduct, type Tcb } from './tcb.ts';
import { VEK_PRODUCT_NAME, type Vek } from './vek.ts';

const TCBS = ['current', 'reported', 'committed', 'launch'] as const;
const COMPONENTS = ['fmc', 'bl', 'tee', 'snp', 'ucode'] as const;

const register = bytes(8);
const firmware = like(/[0-9]{1,3}\.[0-9]{1,3} build [0-9]{1,3}/, '1.55 build 24');

/** Every claim that an appraisal may make of this platform; of the FMC only for Turin and Venice. */
export const SNP_CLAIMS: ClaimForms = {
  'snp.version': decimal,
  'snp.guest-svn': decimal,
  'snp.policy': register,
  'snp.policy-abi': like(/[0-9]{1,3}\.[0-9]{1,3}/, '0.31'),
  'snp.smt': bit,
  'snp.migrate-ma': bit,
  'snp.debug': bit,
  'snp.single-socket': bit,
  'snp.vmpl': decimal,
  'snp.sig-algo': decimal,
  'snp.signing-key': oneOf('vcek', 'vlek'),
  'snp.author-key-enabled': bit,
  'snp.chip-key-masked': bit,
  'snp.platform-info': register,
  'snp.family-id': bytes(16),
  'snp.image-id': bytes(16),
  'snp.measurement': bytes(48),
  'snp.report-data': bytes(64),
  'snp.host-data': bytes(32),
  'snp.id-key-digest': bytes(48),
  'snp.author-key-digest': bytes(48),
  'snp.report-id': bytes(32),
  'snp.report-id-ma': bytes(32),
  'snp.cpuid.family': decimal,
  'snp.cpuid.model': decimal,
  'snp.cpuid.stepping': decimal,
  /** A Turin or Venice has 8 bytes, then zeros; a cloud may hide it from the guests for which a VLEK signs. */
  'snp.chip-id': naming('chip', /^0*$/, bytesOrBeginning(64, 8)),
  'snp.current-fw': firmware,
  'snp.committed-fw': firmware,
  'snp.launch-mit-vector': register,
  'snp.current-mit-vector': register,
  'snp.product': oneOf(...SNP_PRODUCTS),
  ...Object.fromEntries(TCBS.flatMap((tcb) => COMPONENTS.map((component) => [`snp.${tcb}-tcb.${component}`, decimal]))),
  'snp.vek.product': like(VEK_PRODUCT_NAME, 'Milan-B0'),
  'snp.vek.csp-id': printable,
  ...Object.fromEntries(COMPONENTS.map((component) => [`snp.vek.tcb.${component}`, decimal])),
};

type SnpClaimer = (name: string, value: string) => void;

/** Claims what the report says, before its signature is checked. */
export function claimReport(claim: SnpClaimer, report: AttestationReport): void {
  const { policy, cpuid, mitigations } = report;
  claim('snp.version', String(report.version));
  claim('snp.guest-svn', String(report.guestSvn));
  claim('snp.policy', registerText(policy));
  claim('snp.policy-abi', `${(policy >> 8n) & 0xffn}.${policy & 0xffn}`);
  claim('snp.smt', String(bitOf(policy, POLICY_BIT.smt)));
  claim('snp.migrate-ma', String(bitOf(policy, POLICY_BIT.migration)));
  claim('snp.debug', String(bitOf(policy, POLICY_BIT.debug)));
  claim('snp.single-socket', String(bitOf(policy, POLICY_BIT.singleSocket)));
  claim('snp.vmpl', String(report.vmpl));
  claim('snp.sig-algo', String(report.signatureAlgorithm));
  claim('snp.signing-key', signingKeyText(report.signingKey));
  claim('snp.author-key-enabled', String(Number(report.authorKeyEnabled)));
  claim('snp.chip-key-masked', String(Number(report.chipKeyMasked)));
  claim('snp.platform-info', registerText(report.platformInfo));
  claim('snp.family-id', toHex(report.familyId));
  claim('snp.image-id', toHex(report.imageId));
  claim('snp.measurement', toHex(report.measurement));
  claim('snp.report-data', toHex(report.reportData));
  claim('snp.host-data', toHex(report.hostData));
  claim('snp.id-key-digest', toHex(report.idKeyDigest));
  claim('snp.author-key-digest', toHex(report.authorKeyDigest));
  claim('snp.report-id', toHex(report.reportId));
  claim('snp.report-id-ma', toHex(report.reportIdMa));
  if (cpuid !== null) {
    claim('snp.cpuid.family', String(cpuid.family));
    claim('snp.cpuid.model', String(cpuid.model));
    claim('snp.cpuid.stepping', String(cpuid.stepping));
  }
  claim('snp.chip-id', toHex(report.chipId));
  claim('snp.current-fw', firmwareText(report.currentFirmware));
  claim('snp.committed-fw', firmwareText(report.committedFirmware));
  if (mitigations === null) return;
  claim('snp.launch-mit-vector', registerText(mitigations.launch));
  claim('snp.current-mit-vector', registerText(mitigations.current));
}

/** The four TCB versions of a report, decoded as those of its product. */
export type Tcbs = Readonly<Record<(typeof TCBS)[number], Tcb>>;

export function claimProduct(claim: SnpClaimer, product: SnpProduct, tcbs: Tcbs): void {
  claim('snp.product', product);
  for (const name of TCBS) claimTcb(claim, `snp.${name}-tcb`, tcbs[name]);
}

/** Claims the fields of the certificate of the signing key. */
export function claimVek(claim: SnpClaimer, { productName, cspId, tcb }: Vek): void {
  claim('snp.vek.product', productName);
  if (cspId !== null) claim('snp.vek.csp-id', cspId);
  claimTcb(claim, 'snp.vek.tcb', tcb);
}

function claimTcb(claim: SnpClaimer, prefix: string, tcb: Tcb): void {
  for (const [name, svn] of componentsOf(tcb)) claim(`${prefix}.${name}`, String(svn));
}

function firmwareText({ major, minor, build }: FirmwareVersion): string {
  return `${major}.${minor} build ${build}`;
}
