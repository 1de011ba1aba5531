/** What makes a report genuine, and its guest one that hides its memory: checked under every policy. */
export const AUTHENTICITY_RULES = [
  'snp.version',
  'snp.sig-algo',
  'snp.signer',
  'snp.policy-reserved',
  'snp.debug',
  'snp.migration',
  'snp.vek',
  'snp.product',
  'snp.chain',
  'snp.crl',
  'snp.signature',
  'snp.tcb',
  'snp.chip',
] as const;

/** What compares the guest and its platform with reference values. */
export const REFERENCE_RULES = [
  'snp.rollback',
  'snp.policy',
  'snp.vmpl',
  'snp.image',
  'snp.guest-svn',
  'snp.platform-info',
  'snp.mitigations',
  'snp.chip-list',
] as const;

/** Every rule of a report. */
export const SNP_RULES = [...AUTHENTICITY_RULES, ...REFERENCE_RULES, 'snp.report-data'] as const;
export type SnpRule = (typeof SNP_RULES)[number];
