/** Every claim that an appraisal may make of a device, without the device's place. */
export const NVIDIA_CLAIMS: readonly string[] = [];
