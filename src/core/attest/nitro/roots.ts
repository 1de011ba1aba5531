import { equal, fromBase64 } from '../../bytes.ts';

/** The roots that AWS certifies the Nitro hypervisors of its commercial regions under, in DER. */
export const NITRO_VENDOR_ROOTS: readonly Uint8Array[] = [
  // CN=aws.nitro-enclaves (G1), P-384, until 2049-10-28. SHA-256 of the DER, as AWS publishes it:
  // 641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b
  fromBase64(
    'MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTELMAkGA1UEBhMCVVMxDzANBgNVBAoMBkFtYXpvbjEM' +
      'MAoGA1UECwwDQVdTMRswGQYDVQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcNNDkxMDI4MTQyODA1WjBJMQsw' +
      'CQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQLDANBV1MxGzAZBgNVBAMMEmF3cy5uaXRyby1lbmNsYXZlczB2MBAGByqG' +
      'SM49AgEGBSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy2YlES1BR5TSksfbb48C8WBoyt7F2Bw7eEtaaP+ohG2bnUs99' +
      '0d0JX28TcPQXCEPZ3BABIeTPYwEoCWZEh8l5YoQwTcU/9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUkCW1DdkFR+eWw5b6' +
      'cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGGMAoGCCqGSM49BAMDA2kAMGYCMQCjfy+Rocm9Xue4YnwWmNJVA44fA0P5W2OpYow9OYCVRaEe' +
      'vL8uO1XYru5xtMPWrfMCMQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPLb+6NIwLz3/Y=',
  ),
];

/** Returns whether `der` equals a root of the vendor byte for byte. Production vaults pin no other roots. */
export function isNitroVendorRoot(der: Uint8Array): boolean {
  return NITRO_VENDOR_ROOTS.some((root) => equal(root, der));
}
