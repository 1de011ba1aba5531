import {
  bytes,
  type ClaimForm,
  type ClaimForms,
  decimal,
  like,
  listed,
  oneOf,
  orAbsent,
  printable,
  serial,
} from '../kit/claim-form.ts';
import { DRIVER_VERSION, VBIOS_VERSION } from '../kit/gpu.ts';
import { CHIP_NAME } from './chip.ts';
import { ARCHITECTURES } from './device.ts';

/** The claims of an appraisal about each device, in their order. */
const DEVICE_CLAIMS = {
  chip: like(CHIP_NAME, 'GH100'),
  architecture: oneOf(...ARCHITECTURES, 'unknown'),
  /** Serial numbers of the first two certificates: of the attestation key, and of the device for life. */
  leaf: serial,
  device: serial,
  driver: orAbsent(like(DRIVER_VERSION, '550.144.03')),
  vbios: orAbsent(like(VBIOS_VERSION, '96.00.5E.00.01')),
  project: orAbsent(printable),
  'project-sku': orAbsent(printable),
  'chip-sku': orAbsent(printable),
  nvdec0: orAbsent(bytes(1)),
  ppcie: orAbsent(bytes(1)),
  'feature-flag': orAbsent(bytes(2)),
  fwid: orAbsent(bytes(48)),
  /** The NVSwitches that a GPU is linked to. */
  links: orAbsent(listed(/[0-9a-f]{16}/, '2d7dec9de1936e66')),
  nonce: bytes(32),
  measurements: bytes(32),
  'trailing-bytes': decimal,
} as const satisfies Record<string, ClaimForm>;
export type DeviceClaim = keyof typeof DEVICE_CLAIMS;

/** Every claim that an appraisal may make of a device, without the device's place. */
export const NVIDIA_CLAIMS: ClaimForms = Object.fromEntries(
  Object.entries(DEVICE_CLAIMS).map(([claim, form]) => [`nvidia.${claim}`, form]),
);
