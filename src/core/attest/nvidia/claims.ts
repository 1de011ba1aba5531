/** What an appraisal says of every device, in the order of the claims. */
const DEVICE_CLAIMS = [
  'chip',
  'architecture',
  'leaf',
  'device',
  'driver',
  'vbios',
  'project',
  'project-sku',
  'chip-sku',
  'nvdec0',
  'ppcie',
  'feature-flag',
  'fwid',
  'nonce',
  'measurements',
  'trailing-bytes',
] as const;
export type DeviceClaim = (typeof DEVICE_CLAIMS)[number];

/** Every claim that an appraisal may make of a device, without the device's place. */
export const NVIDIA_CLAIMS: readonly string[] = DEVICE_CLAIMS.map((claim) => `nvidia.${claim}`);
