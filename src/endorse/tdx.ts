import { parseQeIdentity, parseTcbInfo } from '../core/attest/tdx/collateral.ts';
import { tdxEndorsementsOfPcs } from '../core/attest/tdx/collateral-json.ts';
import type { TdxEndorsements } from '../core/attest/tdx/endorsements.ts';
import type { TdxNeeds } from '../core/attest/tdx/needs.ts';
import { fromBase64url, fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import { must } from '../core/errors.ts';
import { parseCrl } from '../core/x509/crl.ts';
import { orNull } from './attempt.ts';
import type { Answer, Get, Wanted } from './wanted.ts';

/** A caching service answers the list in hexadecimal, as text; DER begins with the byte 30, which is no `3`. */
const HEX_TEXT = /^30[0-9a-fA-F]+\s*$/;

/** TCB collateral for a platform family, in the JSON that Intel's tools write (see tdxEndorsementsOfPcs). */
export function wantedCollateral({ fmspc, ca }: TdxNeeds): Wanted<TdxEndorsements> {
  return {
    what: `the TCB collateral of FMSPC ${fmspc}`,
    file: `tdx/${fmspc}-${ca}.json`,
    fetch: (get) => (get.has('intel') ? fetchCollateral(get, { fmspc, ca }) : null),
    parse(bytes) {
      const found = orNull(() => tdxEndorsementsOfPcs(fromUtf8(bytes)));
      return found === null || orNull(() => parseTcbInfo(found.tcbInfo))?.fmspc !== fmspc ? null : found;
    },
    endsMs: collateralEndsMs,
  };
}

/** The first of its parts to go out of date. */
export function collateralEndsMs({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }: TdxEndorsements): number {
  const ends = orNull(() => [
    parseTcbInfo(tcbInfo).nextUpdate,
    parseQeIdentity(qeIdentity).nextUpdate,
    parseCrl(fromBase64url(pckCrl)).nextUpdateMs,
    parseCrl(fromBase64url(rootCaCrl)).nextUpdateMs,
  ]);
  return ends === null ? Number.NEGATIVE_INFINITY : Math.min(...ends);
}

/** Four answers of Intel's Provisioning Certification Service, version 4, or of a caching service like it. */
async function fetchCollateral(get: Get, { fmspc, ca }: TdxNeeds): Promise<Uint8Array> {
  const [tcb, qe, pckCrl, rootCaCrl] = await Promise.all([
    get('intel', `tdx/certification/v4/tcb?fmspc=${fmspc}`),
    get('intel', 'tdx/certification/v4/qe/identity'),
    get('intel', `sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`),
    get('intel', 'sgx/certification/v4/rootcacrl'),
  ]);
  const tcbInfo = signedMember(tcb, 'tcbInfo');
  const qeIdentity = signedMember(qe, 'enclaveIdentity');
  const collateral = {
    tcb_info_issuer_chain: chainHeader(tcb, 'TCB-Info-Issuer-Chain'),
    tcb_info: tcbInfo.text,
    tcb_info_signature: tcbInfo.signature,
    qe_identity_issuer_chain: chainHeader(qe, 'SGX-Enclave-Identity-Issuer-Chain'),
    qe_identity: qeIdentity.text,
    qe_identity_signature: qeIdentity.signature,
    pck_crl: hexOf(pckCrl.bytes),
    root_ca_crl: hexOf(rootCaCrl.bytes),
  };
  return utf8(JSON.stringify(collateral));
}

/** The signature is over the member's exact text, so it is cut out and never parsed and written again. */
function signedMember({ bytes }: Answer, member: string): { text: string; signature: string } {
  const match = new RegExp(`^\\{"${member}":(\\{.*\\}),"signature":"([0-9a-fA-F]{128})"\\}\\s*$`, 's').exec(
    fromUtf8(bytes),
  );
  must(match !== null, 'unavailable', `the mirror's answer has no ${member} with its signature`);
  const [, text = '', signature = ''] = match;
  return { text, signature };
}

/** PEM, percent-encoded. */
function chainHeader(answer: Answer, name: string): string {
  const value = answer.header(name);
  must(value !== null && /^[\x21-\x7e]*$/.test(value), 'unavailable', `the mirror's answer has no header ${name}`);
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // what is not encoded as said will not parse as PEM
  }
}

function hexOf(bytes: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(bytes);
  return HEX_TEXT.test(text) ? text.trim() : toHex(bytes);
}
