import { bytes, bytesUpTo, type ClaimForms, decimal, like, truth } from '../kit/claim-form.ts';
import { PCRS_MAX } from '../kit/pcr.ts';

const PCRS: ClaimForms = Object.fromEntries(
  Array.from({ length: PCRS_MAX }, (_, index) => [`tpm.pcr-${index}`, bytes(32, 48)]),
);

/** Every claim that an appraisal may make of this platform; a paravisor's hardware report makes its own. */
export const TPM_CLAIMS: ClaimForms = {
  /** SHA-256 of the key: the point of the curve, uncompressed, or DER SubjectPublicKeyInfo. */
  'tpm.ak': bytes(32),
  /** The hash's id and the digest of the public area; not of a paravisor's key, which comes without. */
  'tpm.ak-name': bytes(34, 50),
  'tpm.ak-attributes': like(/[A-Za-z]+(?: [A-Za-z]+)*/, 'fixedTPM restricted sign'),
  /** SHA-256 of the AK certificate and of the anchor it ends at, in DER. */
  'tpm.ak-certificate': bytes(32),
  'tpm.ak-anchor': bytes(32),
  'tpm.qualified-signer': bytesUpTo(66),
  'tpm.extra-data': bytesUpTo(64),
  /** Milliseconds. */
  'tpm.clock': decimal,
  'tpm.reset-count': decimal,
  'tpm.restart-count': decimal,
  'tpm.safe': truth,
  'tpm.firmware': bytes(8),
  'tpm.pcr-digest': bytes(32, 48),
  ...PCRS,
  /** SHA-256 of the paravisor's runtime JSON, and what it says of the machine. */
  'tpm.runtime': bytes(32),
  'tpm.console-enabled': truth,
  'tpm.secure-boot': truth,
  'tpm.machine': like(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f'),
};
