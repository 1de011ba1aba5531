import { equal, fromHex } from '../bytes.ts';
import { TwinlockError } from '../errors.ts';
import type { SignatureAlgorithm } from '../signature/claim.ts';
import type { KeyFamily } from '../signature/key-family.ts';

/** SHA-384, MGF1 with SHA-384, a salt of 48 bytes; without and with the trailer field, of the same meaning. */
const PSS_SHA384 =
  'a00f300d06096086480165030402020500a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130';

/**
 * AlgorithmIdentifiers of signatures (RFC 5758, RFC 8410, RFC 4055), whole, in DER. One spelling of each
 * algorithm's parameters is accepted, and of PS384 two: half of the certificates of AMD write out the trailer
 * field, whose default DER would leave out.
 */
const SIGNATURES: readonly (readonly [SignatureAlgorithm, Uint8Array])[] = [
  ['Ed25519', fromHex('300506032b6570')],
  ['ES256', fromHex('300a06082a8648ce3d040302')],
  ['ES384', fromHex('300a06082a8648ce3d040303')],
  ['RS256', fromHex('300d06092a864886f70d01010b0500')],
  ['RS384', fromHex('300d06092a864886f70d01010c0500')],
  ['RS512', fromHex('300d06092a864886f70d01010d0500')],
  [
    'PS256',
    fromHex(
      '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
    ),
  ],
  ['PS384', fromHex(`304106092a864886f70d01010a3034${PSS_SHA384}`)],
  ['PS384', fromHex(`304606092a864886f70d01010a3039${PSS_SHA384}a303020101`)],
];

/** AlgorithmIdentifiers of public keys (RFC 8410, RFC 5480, RFC 3279 section 2.3.1). */
const KEYS: readonly (readonly [KeyFamily, Uint8Array])[] = [
  ['Ed25519', fromHex('300506032b6570')],
  ['P-256', fromHex('301306072a8648ce3d020106082a8648ce3d030107')],
  ['P-384', fromHex('301006072a8648ce3d020106052b81040022')],
  ['RSA', fromHex('300d06092a864886f70d0101010500')],
];

/** The signature algorithm that an AlgorithmIdentifier names. Throws `unsupported_algorithm`. */
export function signatureAlgorithmOf(identifier: Uint8Array): SignatureAlgorithm {
  return named(identifier, SIGNATURES, 'signature algorithm');
}

/** The family of keys that an AlgorithmIdentifier names. Throws `unsupported_algorithm`. */
export function certifiedFamilyOf(identifier: Uint8Array): KeyFamily {
  return named(identifier, KEYS, 'public key algorithm');
}

function named<Name>(identifier: Uint8Array, table: readonly (readonly [Name, Uint8Array])[], what: string): Name {
  const row = table.find(([, der]) => equal(der, identifier));
  if (row !== undefined) return row[0];
  throw new TwinlockError('unsupported_algorithm', `the ${what} is not one that is accepted`);
}
