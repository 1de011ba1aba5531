import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubjectFlags } from '../../../client/cli/subject-flags.ts';
import { fromBase64, fromHex, toHex, utf8 } from '../../../src/core/bytes.ts';
import { vectorPath } from '../../vectors.ts';

/** The rows of the vectors' SOURCES.md, as an operator would name their files on the command line. */
export interface VectorRow {
  readonly name: string;
  /** Files below the folder of vectors; a row of which one is absent is kept back for others. */
  readonly needs: readonly string[];
  /** `folder` is where files can be put that a row takes out of another. */
  readonly flags: (folder: string) => SubjectFlags;
  readonly at: string;
  /** The rules that fail without reference values; null for what cannot be parsed. */
  readonly failed: readonly string[] | null;
}

export const isThere = ({ needs }: VectorRow): boolean => needs.every((path) => existsSync(vectorPath(path)));

/** `tdxQuote` as it is typed. */
export const dashed = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const text = (path: string): string => readFileSync(vectorPath(path), 'utf8');

function written(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name.replaceAll('/', '-'));
  writeFileSync(path, bytes);
  return path;
}

interface SnpRow {
  readonly ca: string;
  readonly at: string;
  readonly failed?: readonly string[];
  readonly vek?: string;
  readonly nonce?: string;
}

function snp(name: string, { ca, at, failed = [], vek = `${name}.vcek.der`, nonce }: SnpRow): VectorRow {
  const needs = [`snp/${name}.report.bin`, `snp/${vek}`, `snp/${ca}`];
  const [snpReport = '', vekPath = '', caPath = ''] = needs.map((path) => vectorPath(path));
  const flags = { snpReport, vek: vekPath, ca: caPath, ...(nonce === undefined ? {} : { nonce }) };
  return {
    name: `${name}, ${vek}, ${ca}${nonce === undefined ? '' : ', nonce'}`,
    needs,
    flags: () => flags,
    at,
    failed,
  };
}

/** Of a certificate that is no VEK at all: what rests on one is not reached. */
const NO_VEK = ['snp.vek', 'snp.product', 'snp.chain', 'snp.signature', 'snp.chip', 'snp.tcb', 'snp.crl'];
const UNCHAINED = ['snp.chain', 'snp.signature', 'snp.chip', 'snp.tcb', 'snp.crl'];
const MILAN = { ca: 'ca-milan.pem', at: '2023-06-01' };
const VLEK = { ca: 'ca-milan-vlek.pem', vek: 'milan-v3-vlek-vmpl1.vlek.der' };

const SNP_ROWS: readonly VectorRow[] = [
  snp('milan-v2-debug', { ...MILAN, failed: ['snp.debug'] }),
  snp('milan-v2', MILAN),
  snp('milan-v2-idblock', MILAN),
  snp('milan-v3-vlek-vmpl1', { ...VLEK, at: '2025-06-01' }),
  snp('milan-v3-vlek-vmpl1', { ...VLEK, ca: 'ca-milan.pem', at: '2025-06-01', failed: ['snp.chain', 'snp.crl'] }),
  snp('milan-v3-vlek-vmpl1', { ...VLEK, at: '2026-06-01', failed: ['snp.chain', 'snp.crl'] }),
  snp('milan-v5-nodata', { ca: 'ca-milan.pem', at: '2026-01-15' }),
  snp('milan-v5-nodata', { ca: 'ca-milan.pem', at: '2026-01-15', nonce: '5a'.repeat(32), failed: ['snp.report-data'] }),
  snp('milan-v5-x25519-vmpl1', { ca: 'ca-milan.pem', at: '2026-01-15' }),
  snp('genoa-v3-hpke', { ca: 'ca-genoa.pem', at: '2026-07-01' }),
  snp('milan-v2', { ...MILAN, vek: 'bad-milan-vcek-signature.der', failed: UNCHAINED }),
  snp('milan-v2', { ...MILAN, vek: 'bad-milan-vcek-hwid-der-wrapped.der', failed: NO_VEK }),
];

interface TdxRow {
  readonly collateral: string;
  readonly at: string;
  readonly failed?: readonly string[] | null;
}

function tdx(name: string, { collateral, at, failed = [] }: TdxRow): VectorRow {
  const quote = name.includes('/') ? `${name}.quote.bin` : `tdx/${name}.quote.bin`;
  const flags = { tdxQuote: vectorPath(quote), collateral: vectorPath(collateral) };
  return { name: `${name} at ${at}`, needs: [quote, collateral], flags: () => flags, at, failed };
}

const C_50806F = { collateral: 'tdx/collateral-50806f000000-2025-09.json', at: '2025-09-30' };
const C_00806F = { collateral: 'tdx/collateral-00806f050000-2025-09.json', at: '2025-09-30' };
const C_90C06F = { collateral: 'tdx/collateral-90c06f000000-2026-02.json', at: '2026-02-20' };
const COMBINED = { collateral: 'combined/tdx-h100.collateral.json', at: '2026-06-29T03:00:00Z' };
const UP_TO_DATE = 'tdx/v4-uptodate.collateral.json';
const NO_LEVEL = ['tdx.tcb-level', 'tdx.tcb-status'];

const TDX_ROWS: readonly VectorRow[] = [
  tdx('v4-uptodate', { collateral: UP_TO_DATE, at: '2025-06-20' }),
  tdx('v4-uptodate', {
    collateral: UP_TO_DATE,
    at: '2025-09-20',
    failed: ['tdx.pck-crl', 'tdx.tcb-info-dates', 'tdx.qe-identity-dates'],
  }),
  tdx('v4-mrconfigid-rtmr3', { collateral: 'tdx/v4-mrconfigid-rtmr3.collateral.json', at: '2025-09-03' }),
  tdx('v4-debug', { ...C_50806F, failed: ['tdx.debug'] }),
  tdx('v4-pks-trailing', { ...C_50806F, failed: NO_LEVEL }),
  tdx('v4-gcp-module-skip', C_00806F),
  tdx('v4-azure-outofdate', C_00806F),
  tdx('v5-td15-uptodate', C_90C06F),
  tdx('v5-td15-uptodate', COMBINED),
  tdx('v5-td15-nomatch', { ...C_90C06F, failed: NO_LEVEL }),
  tdx('v5-td15-servicetd', { ...C_90C06F, failed: [...NO_LEVEL, 'tdx.service-td'] }),
  tdx('sgx-v3', { collateral: 'tdx/sgx-v3.collateral.json', at: '2025-06-20', failed: null }),
  tdx('combined/tdx-h100', COMBINED),
  {
    name: 'v4-gcp-nonce',
    needs: ['tdx/v4-gcp-nonce.json', C_00806F.collateral],
    flags: (folder) => ({
      tdxQuote: written(folder, 'gcp', fromBase64(JSON.parse(text('tdx/v4-gcp-nonce.json')).tdx.quote)),
      collateral: vectorPath(C_00806F.collateral),
    }),
    at: C_00806F.at,
    failed: [],
  },
];

const GPU_AT = '2026-07-01';
const NONCE = '931d8dd0add203ac3d8b4fbde75e115278eefcdceac5b87671a748f32364dfcb';

function gpu(name: string, nonce: string | null, failed: readonly string[] = [], chain = name): VectorRow {
  const needs = [`nvidia/${name}.spdm.bin`, `nvidia/${chain}.chain.pem`];
  const [spdm = '', pem = ''] = needs.map((path) => vectorPath(path));
  const flags = { spdm: [spdm], chain: [pem], ...(nonce === null ? {} : { nonce }) };
  return { name: `${name}, nonce ${nonce}`, needs, flags: () => flags, at: GPU_AT, failed };
}

interface Collected {
  readonly certificate: string;
  readonly evidence: string;
  readonly nonce: string;
}

/** NVIDIA's collector writes message and chain in base64. */
function deviceFlags(folder: string, name: string, collected: readonly Collected[]): SubjectFlags {
  const each = (what: 'evidence' | 'certificate') =>
    collected.map((one, i) => written(folder, `${name}.${i}.${what}`, fromBase64(one[what])));
  return { spdm: each('evidence'), chain: each('certificate'), nonce: collected[0]?.nonce ?? '' };
}

function collected(name: string): VectorRow {
  const path = `nvidia/${name}.evidence.json`;
  const flags = (folder: string) => deviceFlags(folder, name, JSON.parse(text(path)));
  return { name, needs: [path], flags, at: GPU_AT, failed: [] };
}

const TDX_H100_DATA = 'b90f44cac33d13e2356be6fedb25326c9b039cff66f7d2afc5c7218566dd82ff'.padEnd(128, '0');

const GPU_ROWS: readonly VectorRow[] = [
  gpu('h100-550.90.07', NONCE),
  gpu('h100-535.86.09', '27a328247bf7935c993341cf587be6f05986ccce4fe7ba2c54100bd616a58f66'),
  gpu('h100-535.86.09', NONCE, ['nvidia.gpu-0.nonce']),
  gpu('h100-570.124.03', NONCE),
  gpu('h100-580.95.05-trailing-byte', null),
  gpu('b100-575.32', NONCE),
  gpu('ls10-switch', NONCE),
  gpu('bad-signature', null, ['nvidia.gpu-0.signature', 'nvidia.gpu-0.fwid'], 'h100-535.86.09'),
  collected('h100-cert-hold'),
  collected('h100x4-ppcie'),
  {
    name: 'tdx-h100, the quote with its GPU',
    needs: ['combined/tdx-h100.attestation.json', 'combined/tdx-h100.quote.bin', COMBINED.collateral],
    flags: (folder) => {
      const { evidences } = JSON.parse(text('combined/tdx-h100.attestation.json')).gpu;
      const { nonce, ...devices } = deviceFlags(folder, 'combined', evidences);
      // The quote binds the nonce with keys that are not ours: it is shown apart.
      const quote = { tdxQuote: vectorPath('combined/tdx-h100.quote.bin'), reportData: TDX_H100_DATA };
      return { ...devices, ...quote, nonce: nonce ?? '', collateral: vectorPath(COMBINED.collateral) };
    },
    at: COMBINED.at,
    failed: [],
  },
];

const TOKEN_ROWS: readonly VectorRow[] = [
  ...['2026-06-29T02:30:00Z', '2026-06-29T04:00:00Z', '2026-06-29T04:08:03Z'].map((at, i) => ({
    name: `tdx-h100, NRAS at ${at}`,
    needs: ['combined/tdx-h100.nras-eat.json', 'combined/tdx-h100.nras-jwks.json'],
    flags: () => ({
      jwt: vectorPath('combined/tdx-h100.nras-eat.json'),
      jwks: vectorPath('combined/tdx-h100.nras-jwks.json'),
      nonce: '080c405ce6789e1761445180029523df3ae49576043f7f0868413a38e5e9a84e',
    }),
    at,
    failed: i === 0 ? [] : ['nras.time', 'nras.gpu-0.time'],
  })),
  {
    name: 'nras-v3-eat, whose key set is not public',
    needs: ['nvidia/nras-v3-eat-no-jwks.json', 'combined/tdx-h100.nras-jwks.json'],
    flags: () => ({
      jwt: vectorPath('nvidia/nras-v3-eat-no-jwks.json'),
      jwks: vectorPath('combined/tdx-h100.nras-jwks.json'),
    }),
    at: '2025-06-11T00:31:00Z',
    failed: ['nras.key', 'nras.gpu-0.key', 'nras.signature', 'nras.gpu-0.signature'],
  },
  ...[
    ['ita-dev.jwt', []],
    ['bad-ita-dev-hs384.jwt', ['ita.algorithm', 'ita.signature']],
  ].map(([file, failed]) => ({
    name: String(file),
    needs: [`jwt/${file}`, 'jwt/ita-dev.jwks.json'],
    flags: () => ({ jwt: vectorPath(`jwt/${file}`), jwks: vectorPath('jwt/ita-dev.jwks.json') }),
    at: '2023-12-21T05:31:40Z',
    failed: failed as string[],
  })),
];

const TPM_AT = '2026-12-01';

const TPM_ROWS: readonly VectorRow[] = [
  {
    name: 'swtpm, by its AK certificate',
    needs: ['swtpm-quote.tpms_attest', 'swtpm-quote.tpmt_signature', 'swtpm-quote.pcrvalues', 'swtpm-ak.cert.pem'].map(
      (file) => `tpm/${file}`,
    ),
    flags: () => ({
      tpmAttest: vectorPath('tpm/swtpm-quote.tpms_attest'),
      tpmSignature: vectorPath('tpm/swtpm-quote.tpmt_signature'),
      tpmPcrs: vectorPath('tpm/swtpm-quote.pcrvalues'),
      ak: vectorPath('tpm/swtpm-ak.tpm2b_public'),
      akChain: vectorPath('tpm/swtpm-ak.cert.pem'),
      nonce: text('tpm/swtpm-nonce.hex').trim(),
    }),
    at: TPM_AT,
    // No vendor has a root for it: reference values pin its authority.
    failed: ['tpm.key-certified'],
  },
  {
    name: 'swtpm, signature in DER',
    needs: ['swtpm-quote-der.tpms_attest', 'swtpm-quote-der.ecdsa-der', 'swtpm-quote.pcrvalues'].map(
      (file) => `tpm/${file}`,
    ),
    flags: () => ({
      tpmAttest: vectorPath('tpm/swtpm-quote-der.tpms_attest'),
      tpmSignature: vectorPath('tpm/swtpm-quote-der.ecdsa-der'),
      tpmPcrs: vectorPath('tpm/swtpm-quote.pcrvalues'),
      ak: vectorPath('tpm/swtpm-ak.tpm2b_public'),
      akChain: vectorPath('tpm/swtpm-ak.cert.pem'),
    }),
    at: TPM_AT,
    failed: ['tpm.key-certified'],
  },
  {
    name: 'swtpm, RSA without a certificate',
    needs: ['tpms_attest', 'rsassa', 'pcrvalues'].map((end) => `tpm/swtpm-quote-rsa.${end}`),
    flags: () => ({
      tpmAttest: vectorPath('tpm/swtpm-quote-rsa.tpms_attest'),
      tpmSignature: vectorPath('tpm/swtpm-quote-rsa.rsassa'),
      tpmPcrs: vectorPath('tpm/swtpm-quote-rsa.pcrvalues'),
      ak: vectorPath('tpm/swtpm-ak-rsa.pub.pem'),
    }),
    at: TPM_AT,
    failed: ['tpm.key-certified', 'tpm.key-attributes'],
  },
  {
    name: 'bare-ak-no-cert',
    needs: ['tpm/bare-ak-no-cert.json'],
    flags: (folder) => {
      const { ak_public, tpm_quote } = JSON.parse(text('tpm/bare-ak-no-cert.json'));
      const pem = `-----BEGIN PUBLIC KEY-----\n${ak_public.replace(/.{64}/g, '$&\n')}\n-----END PUBLIC KEY-----\n`;
      return {
        tpmAttest: written(folder, 'bare-attest', fromBase64(tpm_quote.message)),
        tpmSignature: written(folder, 'bare-signature', fromBase64(tpm_quote.signature)),
        tpmPcrs: written(folder, 'bare-pcrs', fromHex(tpm_quote.pcrs.join(''))),
        ak: written(folder, 'bare-ak', utf8(pem)),
      };
    },
    at: TPM_AT,
    failed: ['tpm.key-certified', 'tpm.key-attributes'],
  },
];

interface Azure {
  readonly hcl: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: Uint8Array;
  readonly vcek: Uint8Array | null;
  readonly tdQuote: Uint8Array | null;
}

function azureFiles(file: string): Azure {
  const json = JSON.parse(text(`azure-vtpm/${file}`));
  const unpadded = (base64url: string | undefined) =>
    base64url === undefined ? null : new Uint8Array(Buffer.from(base64url, 'base64url'));
  if (!Array.isArray(json.report)) {
    const { message, signature, pcrs } = json.tpm_quote;
    const quote = { message: fromHex(message), signature: fromHex(signature), pcrs: fromHex(pcrs.join('')) };
    const hcl = unpadded(json.hcl_report) ?? new Uint8Array();
    return { hcl, ...quote, vcek: unpadded(json.vcek), tdQuote: unpadded(json.td_quote) };
  }
  const { message, signature, pcrs } = json.quote;
  const quote = { message: Uint8Array.from(message), signature: Uint8Array.from(signature) };
  return {
    hcl: Uint8Array.from(json.report),
    ...quote,
    pcrs: Uint8Array.from(pcrs.flat()),
    vcek: utf8(json.vcek),
    tdQuote: null,
  };
}

interface AzureRow {
  readonly ca: string | null;
  readonly nonce: string;
  readonly at: string;
}

function azure(file: string, { ca, nonce, at }: AzureRow): VectorRow {
  const path = `azure-vtpm/${file}`;
  const endorsed = ca ?? C_00806F.collateral;
  const flags = (folder: string) => {
    const { hcl, message, signature, pcrs, vcek, tdQuote } = azureFiles(file);
    const put = (name: string, bytes: Uint8Array) => written(folder, `${file}.${name}`, bytes);
    return {
      hcl: put('hcl', hcl),
      tpmAttest: put('attest', message),
      tpmSignature: put('signature', signature),
      tpmPcrs: put('pcrs', pcrs),
      nonce,
      ...(ca === null || vcek === null ? {} : { vek: put('vek', vcek), ca: vectorPath(ca) }),
      ...(tdQuote === null ? {} : { tdxQuote: put('quote', tdQuote), collateral: vectorPath(endorsed) }),
    };
  };
  return { name: path, needs: [path, endorsed], flags, at, failed: [] };
}

const CHALLENGE = toHex(utf8('challenge'));
const GENOA_NONCE = '0218488bae25d2509232bf676f1a66a30d7372add909109b36016ef136f2938ca05475f8b46094de6b64270ea35d950f';

export const VECTOR_ROWS: readonly VectorRow[] = [
  ...SNP_ROWS,
  azure('snp-genoa-v0.json', { ca: 'snp/ca-genoa.pem', nonce: GENOA_NONCE, at: '2025-06-01' }),
  azure('snp-milan-v1.json', { ca: 'snp/ca-milan.pem', nonce: CHALLENGE, at: '2025-06-01' }),
  azure('snp-milan-v2-userdata.json', {
    ca: 'snp/ca-milan.pem',
    nonce: '982f5c6e45df0ed3f10b6f60b02f0c8390e281300f3805e2279c16168cd6ae9aa398f647caa2338748cd0fd9f5f819ef',
    at: '2025-06-01',
  }),
  azure('tdx-v1.json', { ca: null, nonce: CHALLENGE, at: C_00806F.at }),
  ...TDX_ROWS,
  ...GPU_ROWS,
  ...TOKEN_ROWS,
  ...TPM_ROWS,
];
