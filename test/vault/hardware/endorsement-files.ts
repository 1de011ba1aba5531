import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fromBase64url, type Hex, toHex } from '../../../src/core/bytes.ts';
import { pem } from '../../core/x509/certificate-kit.ts';
import { makeTdxEndorsements, TCB_INFO } from '../../platforms/tdx.ts';
import { snpAt } from './hosts.ts';

/** What vendors say of the kits' chips, as files of an endorsement folder and as answers of their services. */

const der = (text: string | null | undefined): Uint8Array => fromBase64url(text ?? '');

/** Of a chip at the kit's firmware. */
export function snpFiles(chipId: Uint8Array): Readonly<Record<string, Uint8Array | string>> {
  const { snp } = snpAt(new Uint8Array(64), { chipId }).endorsements;
  return {
    [`snp/Milan/${toHex(chipId)}/4-1-24-217.der`]: der(snp?.vek),
    'snp/Milan/vcek-chain.pem': pem('CERTIFICATE', der(snp?.ask)),
    'snp/Milan/vcek.crl': der(snp?.crl),
  };
}

/** Of the kit's TDX platform. */
export function collateralFiles(): Readonly<Record<string, string>> {
  const given = makeTdxEndorsements();
  const chain = (certificates: readonly string[]) => certificates.map((one) => pem('CERTIFICATE', der(one))).join('');
  const collateral = {
    tcb_info_issuer_chain: chain(given.tcbInfoChain),
    tcb_info: given.tcbInfo,
    tcb_info_signature: toHex(der(given.tcbInfoSignature)),
    qe_identity_issuer_chain: chain(given.qeIdentityChain),
    qe_identity: given.qeIdentity,
    qe_identity_signature: toHex(der(given.qeIdentitySignature)),
    pck_crl: toHex(der(given.pckCrl)),
    root_ca_crl: toHex(der(given.rootCaCrl)),
  };
  return { [`tdx/${TCB_INFO.fmspc.toLowerCase()}-platform.json`]: JSON.stringify(collateral) };
}

export function putFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [file, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), bytes);
  }
}

interface Answer {
  readonly body: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** AMD's service for this chip, below `/amd`. */
export function amdAnswers(chipId: Uint8Array): Readonly<Record<string, Answer>> {
  const [vek, chain, crl] = Object.values(snpFiles(chipId)) as [Uint8Array, string, Uint8Array];
  return {
    [`/amd/vcek/v1/Milan/${toHex(chipId)}?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=217`]: { body: vek },
    '/amd/vcek/v1/Milan/cert_chain': { body: chain },
    '/amd/vcek/v1/Milan/crl': { body: crl },
  };
}

/** Intel's service for the kit's platform, below `/intel`. */
export function intelAnswers(): Readonly<Record<string, Answer>> {
  const given = makeTdxEndorsements();
  const chain = (certificates: readonly string[]) =>
    encodeURIComponent(certificates.map((one) => pem('CERTIFICATE', der(one))).join(''));
  const signed = (member: string, text: string, signature: string): string =>
    `{"${member}":${text},"signature":"${toHex(der(signature))}"}`;
  const fmspc: Hex = TCB_INFO.fmspc.toLowerCase();
  return {
    [`/intel/tdx/certification/v4/tcb?fmspc=${fmspc}`]: {
      body: signed('tcbInfo', given.tcbInfo, given.tcbInfoSignature),
      headers: { 'tcb-info-issuer-chain': chain(given.tcbInfoChain) },
    },
    '/intel/tdx/certification/v4/qe/identity': {
      body: signed('enclaveIdentity', given.qeIdentity, given.qeIdentitySignature),
      headers: { 'sgx-enclave-identity-issuer-chain': chain(given.qeIdentityChain) },
    },
    '/intel/sgx/certification/v4/pckcrl?ca=platform&encoding=der': { body: der(given.pckCrl) },
    '/intel/sgx/certification/v4/rootcacrl': { body: toHex(der(given.rootCaCrl)) },
  };
}

/** A mirror of the vendors' services on loopback. */
export interface Mirror {
  readonly url: string;
  /** What it was asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

export async function startMirror(answers: Readonly<Record<string, Answer>>): Promise<Mirror> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers[path];
    response.writeHead(answer === undefined ? 404 : 200, answer?.headers ?? {});
    response.end(answer?.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
