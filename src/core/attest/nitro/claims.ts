import { bytes, bytesUpTo, type ClaimForms, decimal, like, orAbsent } from '../kit/claim-form.ts';
import { PCRS_MAX } from '../kit/pcr.ts';
import { MODULE_ID } from './document.ts';

const PCRS: ClaimForms = Object.fromEntries(
  Array.from({ length: PCRS_MAX }, (_, index) => [`nitro.pcr-${index}`, bytes(48)]),
);
const CHOSEN = orAbsent(bytesUpTo(1024));

/** Every claim that an appraisal may make of this platform. */
export const NITRO_CLAIMS: ClaimForms = {
  'nitro.module-id': like(MODULE_ID, 'i-0123456789abcdef0-tpm0000000000000000'),
  /** Milliseconds since 1970. */
  'nitro.timestamp': decimal,
  ...PCRS,
  'nitro.public-key': CHOSEN,
  'nitro.user-data': CHOSEN,
  'nitro.nonce': CHOSEN,
  /** SHA-256 in DER of the certificate of the key that signed, and of the root that its chain ends at. */
  'nitro.certificate': bytes(32),
  'nitro.root': bytes(32),
};
