import { bytes, type ClaimForms, decimal, instant, like, naming, orAbsent, printable } from '../kit/claim-form.ts';
import { DRIVER_VERSION, VBIOS_VERSION } from '../kit/gpu.ts';

const measurement = orAbsent(bytes(48));

/** Every claim that an appraisal may make of Trust Authority's token. */
export const TRUST_AUTHORITY_CLAIMS: ClaimForms = {
  'ita.key': bytes(32),
  'ita.attester-type': printable,
  'ita.tcb-status': printable,
  'ita.tcb-date': orAbsent(instant),
  'ita.platform': naming('platform', /^absent$/, orAbsent(bytes(16))),
  'ita.attributes': orAbsent(bytes(8)),
  'ita.xfam': orAbsent(bytes(8)),
  'ita.mrtd': measurement,
  'ita.mrconfigid': measurement,
  'ita.mrowner': measurement,
  'ita.mrownerconfig': measurement,
  'ita.rtmr0': measurement,
  'ita.rtmr1': measurement,
  'ita.rtmr2': measurement,
  'ita.rtmr3': measurement,
};

/** Every claim that an appraisal may make of NRAS's tokens; a device's without its number. */
export const NRAS_CLAIMS: ClaimForms = {
  'nras.key': bytes(32),
  'nras.claims-version': like(/[0-9]{1,3}\.[0-9]{1,3}/, '3.0'),
  'nras.ueid': orAbsent(decimal),
  'nras.hwmodel': printable,
  'nras.driver': orAbsent(like(DRIVER_VERSION, '550.144.03')),
  'nras.vbios': orAbsent(like(VBIOS_VERSION, '96.00.5E.00.01')),
};
