const PCRS = Array.from({ length: 24 }, (_, index) => `tpm.pcr-${index}`);

/** Every claim that an appraisal may make of this platform; a paravisor's hardware report makes its own. */
export const TPM_CLAIMS: readonly string[] = [
  /** SHA-256 of the key: the point of P-256, uncompressed, or DER SubjectPublicKeyInfo. */
  'tpm.ak',
  /** 000b ‖ SHA-256 of the public area; not of a paravisor's key, which comes without. */
  'tpm.ak-name',
  'tpm.ak-attributes',
  /** SHA-256 of the AK certificate and of the anchor it ends at, in DER. */
  'tpm.ak-certificate',
  'tpm.ak-anchor',
  'tpm.qualified-signer',
  'tpm.extra-data',
  /** Milliseconds. */
  'tpm.clock',
  'tpm.reset-count',
  'tpm.restart-count',
  'tpm.safe',
  'tpm.firmware',
  'tpm.pcr-digest',
  ...PCRS,
  /** SHA-256 of the paravisor's runtime JSON, and what it says of the machine. */
  'tpm.runtime',
  'tpm.console-enabled',
  'tpm.secure-boot',
  'tpm.machine',
];
