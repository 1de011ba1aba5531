import { fromBase64url, toHex } from '../../src/core/bytes.ts';
import { pem } from '../core/x509/certificate-kit.ts';
import type { WholeTdxEndorsements } from '../platforms/tdx.ts';

const hex = (text: string): string => toHex(fromBase64url(text));
const chain = (certificates: readonly string[]): string =>
  certificates.map((one) => pem('CERTIFICATE', fromBase64url(one))).join('');

/** As Intel's tools write it. */
export function collateralMembers(given: WholeTdxEndorsements) {
  return {
    tcb_info: given.tcbInfo,
    tcb_info_signature: hex(given.tcbInfoSignature),
    tcb_info_issuer_chain: chain(given.tcbInfoChain),
    qe_identity: given.qeIdentity,
    qe_identity_signature: hex(given.qeIdentitySignature),
    qe_identity_issuer_chain: chain(given.qeIdentityChain),
    pck_crl: hex(given.pckCrl),
    root_ca_crl: hex(given.rootCaCrl),
  };
}

export function collateralJson(given: WholeTdxEndorsements): string {
  return JSON.stringify(collateralMembers(given));
}
