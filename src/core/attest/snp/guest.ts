import { toHex } from '../../bytes.ts';
import type { Findings } from '../kit/findings.ts';
import type { AttestationReport } from './parse.ts';
import type { SnpImage, SnpReferenceValues } from './reference-values.ts';
import { bitOf, POLICY_BIT, registerText } from './register.ts';
import type { SnpRule } from './rules.ts';

/**
 * The guest policy's bits that no reference values can allow: with debugging the host reads the guest's memory,
 * with a migration agent another machine does.
 */
export function checkPolicyBits(findings: Findings<SnpRule>, { policy }: AttestationReport): void {
  const isSane = bitOf(policy, POLICY_BIT.one) === 1 && policy >> POLICY_BIT.reserved === 0n;
  findings.rule('snp.policy-reserved', 'bit 17 set, bits 26 to 63 clear', registerText(policy), isSane);
  findings.same('snp.debug', '0', String(bitOf(policy, POLICY_BIT.debug)));
  findings.same('snp.migration', '0', String(bitOf(policy, POLICY_BIT.migration)));
}

/** What the guest is, and how its platform is configured, compared with reference values. */
export function checkGuest(findings: Findings<SnpRule>, report: AttestationReport, values: SnpReferenceValues): void {
  findings.among('snp.policy', values.policies, registerText(report.policy));
  findings.among('snp.vmpl', values.vmpls.map(String), String(report.vmpl));
  checkImage(findings, report, values.images);
  findings.atLeast('snp.guest-svn', values.minGuestSvn, report.guestSvn);
  checkPlatformInfo(findings, report, values.platformInfo);
  checkMitigations(findings, report, values.mitigations);
  checkChipList(findings, report, values.chips);
}

function checkImage(findings: Findings<SnpRule>, report: AttestationReport, images: readonly SnpImage[]): void {
  const got = {
    measurement: toHex(report.measurement),
    hostData: toHex(report.hostData),
    idKeyDigest: toHex(report.idKeyDigest),
    authorKeyDigest: toHex(report.authorKeyDigest),
  };
  const image = images.find(
    (one) =>
      one.measurement === got.measurement &&
      isAsked(one.hostData, got.hostData) &&
      isAsked(one.idKeyDigest, got.idKeyDigest) &&
      isAsked(one.authorKeyDigest, got.authorKeyDigest),
  );
  const expected = images.length === 0 ? 'none is allowed' : images.map(({ name }) => name).join(', ');
  const parts = [`measurement ${got.measurement}`, `host data ${got.hostData}`, `id key ${got.idKeyDigest}`];
  const unknown = [...parts, `author key ${got.authorKeyDigest}`].join(', ');
  findings.rule('snp.image', expected, image?.name ?? unknown, image !== undefined);
}

function isAsked(expected: string | null, got: string): boolean {
  return expected === null || expected === got;
}

function checkPlatformInfo(
  findings: Findings<SnpRule>,
  { platformInfo }: AttestationReport,
  { set, clear }: SnpReferenceValues['platformInfo'],
): void {
  const isSet = (platformInfo & registerOf(set)) === registerOf(set);
  const isClear = (platformInfo & registerOf(clear)) === 0n;
  findings.rule('snp.platform-info', `set ${set}, clear ${clear}`, registerText(platformInfo), isSet && isClear);
}

/** Both: what was mitigated when the guest was launched, and what is now. */
function checkMitigations(
  findings: Findings<SnpRule>,
  { mitigations }: AttestationReport,
  asked: SnpReferenceValues['mitigations'],
): void {
  const got =
    mitigations === null
      ? 'not reported'
      : `launch ${registerText(mitigations.launch)}, current ${registerText(mitigations.current)}`;
  if (asked === null) {
    findings.rule('snp.mitigations', 'not compared', got, true);
    return;
  }
  const bits = registerOf(asked);
  const isMitigated =
    mitigations !== null && (mitigations.launch & bits) === bits && (mitigations.current & bits) === bits;
  findings.rule('snp.mitigations', `set ${asked}`, got, isMitigated);
}

function checkChipList(
  findings: Findings<SnpRule>,
  { chipId }: AttestationReport,
  chips: SnpReferenceValues['chips'],
): void {
  if (chips === null) findings.rule('snp.chip-list', 'not compared', toHex(chipId), true);
  else findings.among('snp.chip-list', chips, toHex(chipId));
}

function registerOf(text: string): bigint {
  return BigInt(`0x${text}`);
}
