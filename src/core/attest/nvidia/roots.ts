import { equal, fromBase64 } from '../../bytes.ts';

/** The roots that NVIDIA certifies its GPUs and NVSwitches under, in DER. */
export const NVIDIA_VENDOR_ROOTS: readonly Uint8Array[] = [
  // CN=NVIDIA Device Identity CA, P-384, serial 2d3670b1ca100411c1fec0e82a065b54
  fromBase64(
    'MIICCzCCAZCgAwIBAgIQLTZwscoQBBHB/sDoKgZbVDAKBggqhkjOPQQDAzA1MSIwIAYDVQQDDBlOVklESUEgRGV2aWNlIElkZW50' +
      'aXR5IENBMQ8wDQYDVQQKDAZOVklESUEwIBcNMjExMTA1MDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMDUxIjAgBgNVBAMMGU5WSURJ' +
      'QSBEZXZpY2UgSWRlbnRpdHkgQ0ExDzANBgNVBAoMBk5WSURJQTB2MBAGByqGSM49AgEGBSuBBAAiA2IABA5MFKM7+KViZljbQSlg' +
      'fky/RRnEQScW9NDZF8SXgAW96r6u/Ve8ZggtcYpPi2BS4VFu6KfEIrhN6FcHG7WP05W+oM+hxj7nyA1r1jkB2Ry70YfThX3Ba1zO' +
      'ryOP+MJ9vaNjMGEwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFFeF/4PyY8xlfWi3Olv0jUrL+0lf' +
      'MB8GA1UdIwQYMBaAFFeF/4PyY8xlfWi3Olv0jUrL+0lfMAoGCCqGSM49BAMDA2kAMGYCMQCPeFM3TASsKQVaT+8S0sO9u97PVGCp' +
      'E9d/I42IT7k3UUOLSR/qvJynVOD1vQKVXf0CMQC+EY55WYoDBvs2wPAH1Gw4LbcwUN8QCff8bFmV4ZxjCRr4WXTLFHBKjbfneGSB' +
      'WwA=',
  ),
];

/** Returns whether `der` equals a root of the vendor byte for byte. Production vaults pin no other roots. */
export function isNvidiaVendorRoot(der: Uint8Array): boolean {
  return NVIDIA_VENDOR_ROOTS.some((root) => equal(root, der));
}
