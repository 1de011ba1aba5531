import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { type Endorsements, NO_ENDORSEMENTS } from '../../src/core/attest/endorsements.ts';
import type { Evidence } from '../../src/core/attest/evidence.ts';
import { appraiseSnp } from '../../src/core/attest/snp/appraise.ts';
import { SNP_VENDOR_ROOTS } from '../../src/core/attest/snp/roots.ts';
import { appraiseTdx } from '../../src/core/attest/tdx/appraise.ts';
import { TDX_VENDOR_ROOTS } from '../../src/core/attest/tdx/roots.ts';
import { fromBase64url, fromUtf8, toBase64, toBase64url, toHex, utf8 } from '../../src/core/bytes.ts';
import { openEndorser } from '../../src/endorse/endorser.ts';
import type { Sources } from '../../src/endorse/find.ts';
import { missingMirror, parseMirror } from '../../src/endorse/mirror.ts';
import { verifyNode } from '../../src/platform/verify-node.ts';
import { pem } from '../core/x509/certificate-kit.ts';
import { SNP_INSTANT_MS, snpCase } from '../platforms/snp.ts';
import { makeTdx, TCB_INFO, TDX_REFERENCE_VALUES } from '../platforms/tdx.ts';
import { nrasTokens, TOKEN_ENDORSEMENTS } from '../platforms/token.ts';
import { collateralJson, collateralMembers } from './collateral-file.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });
const CASE = snpCase();
const SNP = CASE.endorsements.snp;
const TDX = makeTdx();
const CHIP = toHex(fromBase64url(CASE.report.report).subarray(0x1a0, 0x1e0));
const VCEK_FILE = `snp/Milan/${CHIP}/4-1-24-217.der`;

const evidence = (report: Evidence['report'], gpu: Evidence['gpu'] = null) => ({ report, gpu }) as Evidence;
const der = (text: string) => fromBase64url(text);

function withKeyId(token: string, kid: string): string {
  const [header = '', ...rest] = token.split('.');
  const parsed = JSON.parse(fromUtf8(der(header))) as object;
  return [toBase64url(utf8(JSON.stringify({ ...parsed, kid }))), ...rest].join('.');
}

let folder: string;
let cache: string;
beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'twinlock-endorse-'));
  [folder, cache] = [join(root, 'folder'), join(root, 'cache')];
});
afterEach(() => rm(dirname(folder), { recursive: true }));

const sources = (changes: Partial<Sources> = {}): Sources => ({
  folder,
  cache,
  mirrors: {},
  now: () => SNP_INSTANT_MS,
  monotonic: () => 0,
  ...changes,
});
const endorse = (what: Evidence, offered: Endorsements = NO_ENDORSEMENTS, changes: Partial<Sources> = {}) =>
  openEndorser(sources(changes)).endorse(what, offered);

async function put(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), bytes);
}

describe('without a mirror, endorsements', () => {
  it('are what came with the evidence, where it is right', async () => {
    expect(await endorse(evidence(CASE.report), CASE.endorsements)).toEqual(CASE.endorsements);
  });

  it('come out of the folder, each piece where it is missing', async () => {
    await put(VCEK_FILE, der(SNP.vek));
    await put('snp/Milan/vcek-chain.pem', pem('CERTIFICATE', der(SNP.ask)));
    const found = await endorse(evidence(CASE.report));
    expect(found.snp).toEqual({ vek: SNP.vek, ask: SNP.ask, crl: null });
    expect(await readdir(dirname(folder))).toEqual(['folder']);
  });

  const asvk = snpCase({ signer: 'vlek' }).endorsements.snp.ask;
  it.each([
    ['ARK, ASK', [SNP_VENDOR_ROOTS.Milan, der(SNP.ask)]],
    ['VEK, ASK, ARK', [der(SNP.vek), der(SNP.ask), SNP_VENDOR_ROOTS.Milan]],
    ['ASVK, ASK, ARK', [der(asvk), der(SNP.ask), SNP_VENDOR_ROOTS.Milan]],
    ['ARK, ASVK, VEK, ASK', [SNP_VENDOR_ROOTS.Milan, der(asvk), der(SNP.vek), der(SNP.ask)]],
  ])('come out of the folder with its chain in the order %s too', async (_, chain) => {
    await put(VCEK_FILE, der(SNP.vek));
    await put('snp/Milan/vcek-chain.pem', chain.map((one) => pem('CERTIFICATE', one)).join(''));
    expect((await endorse(evidence(CASE.report))).snp).toEqual({ vek: SNP.vek, ask: SNP.ask, crl: null });
  });

  it('come out of the folder in any form, and from text that begins with the digit that DER begins with', async () => {
    await put(VCEK_FILE, `0 is where it begins\n${pem('CERTIFICATE', der(SNP.vek))}`);
    await put('snp/Milan/vcek-chain.pem', toBase64(der(SNP.ask)));
    await put('snp/Milan/vcek.crl', toHex(der(SNP.crl ?? '')));
    expect((await endorse(evidence(CASE.report))).snp).toEqual(SNP);
  });

  it('come out of the folder where a host offers a certificate of older firmware', async () => {
    await put(VCEK_FILE, der(SNP.vek));
    const old = snpCase({ vekExtensions: { '3.8': Uint8Array.of(2, 1, 1) } }).endorsements.snp;
    if (old === null) throw new Error('the kit makes SNP endorsements');
    expect(old.vek).not.toBe(SNP.vek);
    const found = await endorse(evidence(CASE.report), { ...NO_ENDORSEMENTS, snp: { ...SNP, vek: old.vek } });
    expect(found.snp?.vek).toBe(SNP.vek);
  });

  it('are nothing where no source has any, and the appraisal says what is missing', async () => {
    expect(await endorse(evidence(CASE.report))).toEqual(NO_ENDORSEMENTS);
    expect(await endorse(evidence(TDX.report))).toEqual(NO_ENDORSEMENTS);
  });

  it('that are not what their file says are passed over', async () => {
    await put(VCEK_FILE, der(SNP.ask));
    await put('snp/Milan/vcek-chain.pem', 'no certificate');
    expect((await endorse(evidence(CASE.report))).snp).toBeUndefined();
  });

  it('of a TD come out of the folder, and stale ones where there are no better', async () => {
    await put(`tdx/${String(TCB_INFO.fmspc).toLowerCase()}-platform.json`, collateralJson(TDX.endorsements));
    expect((await endorse(evidence(TDX.report))).tdx).toEqual(TDX.endorsements);
    const late = { now: () => Date.UTC(2099, 0, 1) };
    expect((await endorse(evidence(TDX.report), NO_ENDORSEMENTS, late)).tdx).toEqual(TDX.endorsements);
  });

  it('of a TD come out of a file without the root’s list, all but that', async () => {
    const { root_ca_crl: _, ...rest } = collateralMembers(TDX.endorsements);
    await put(`tdx/${String(TCB_INFO.fmspc).toLowerCase()}-platform.json`, JSON.stringify(rest));
    expect((await endorse(evidence(TDX.report))).tdx).toEqual({ ...TDX.endorsements, rootCaCrl: null });
  });

  it('of another platform than the evidence is of are left out', async () => {
    const all = { ...CASE.endorsements, tdx: TDX.endorsements, nras: TOKEN_ENDORSEMENTS.nras };
    expect(await endorse(evidence(CASE.report), all)).toEqual(CASE.endorsements);
  });

  it('refuse a file that is too large', async () => {
    await put(VCEK_FILE, new Uint8Array(600 * 1024));
    await expect(endorse(evidence(CASE.report))).rejects.toThrow(code('too_large'));
  });
});

test('an operator who names Intel’s own service alone is told which mirror is missing', () => {
  const own = parseMirror('intel=https://api.trustedservices.intel.com');
  const certificates = parseMirror('intel-certificates=https://certificates.trustedservices.intel.com');
  expect(missingMirror(own)).toContain('--endorsement-mirror intel-certificates=');
  expect(missingMirror({ ...own, ...certificates })).toBeNull();
  expect(missingMirror(parseMirror('intel=https://pccs.internal:8081'))).toBeNull();
  expect(missingMirror({})).toBeNull();
});

describe('a mirror', () => {
  const asked: string[] = [];
  interface Answer {
    readonly body: Uint8Array | string;
    readonly headers?: Record<string, string>;
    readonly status?: number;
    readonly lateMs?: number;
  }
  let answers: Record<string, Answer> = {};
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const answer = answers[request.url ?? ''];
      response.writeHead(answer?.status ?? (answer === undefined ? 404 : 200), answer?.headers ?? {});
      setTimeout(() => response.end(answer?.body ?? ''), answer?.lateMs ?? 0);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked.length = 0;
    answers = {};
  });

  const vcekPath = `/vcek/v1/Milan/${CHIP}?blSPL=04&teeSPL=01&snpSPL=24&ucodeSPL=217`;
  const amd = () => ({
    [vcekPath]: { body: der(SNP.vek) },
    '/vcek/v1/Milan/cert_chain': { body: pem('CERTIFICATE', der(SNP.ask)) },
    '/vcek/v1/Milan/crl': { body: der(SNP.crl ?? '') },
  });

  it('of AMD is asked as its service is, once, and its answers are kept', async () => {
    answers = amd();
    const mirrors = parseMirror(`amd=${url}`);
    expect((await endorse(evidence(CASE.report), NO_ENDORSEMENTS, { mirrors })).snp).toEqual(SNP);
    expect(asked.sort()).toEqual(Object.keys(answers).sort());
    expect((await endorse(evidence(CASE.report))).snp).toEqual(SNP);
    expect(asked).toHaveLength(3);
  });

  it('of AMD that has no such chip of one product is asked for the other, where the report does not say which', async () => {
    const { report, endorsements } = snpCase({ product: 'Genoa', report: { version: 2 } });
    const [path] = Object.keys(amd());
    const genoa = path?.replace('Milan', 'Genoa') ?? '';
    answers = {
      [genoa]: { body: der(endorsements.snp?.vek ?? '') },
      '/vcek/v1/Genoa/cert_chain': { body: pem('CERTIFICATE', der(endorsements.snp?.ask ?? '')) },
      '/vcek/v1/Genoa/crl': { body: der(endorsements.snp?.crl ?? '') },
    };
    const mirrors = parseMirror(`amd=${url}`);
    expect(await endorse(evidence(report), NO_ENDORSEMENTS, { mirrors })).toEqual(endorsements);
  });

  it('of AMD that has no list of what was revoked gives the rest, and the appraisal names the list alone', async () => {
    const { [vcekPath]: vcek, '/vcek/v1/Milan/cert_chain': chain } = amd();
    answers = { [vcekPath]: vcek, '/vcek/v1/Milan/cert_chain': chain } as typeof answers;
    const endorsements = await endorse(evidence(CASE.report), NO_ENDORSEMENTS, { mirrors: parseMirror(`amd=${url}`) });
    expect(endorsements.snp).toEqual({ ...SNP, crl: null });
    const failed = async (crl: 'required' | 'unchecked') => {
      const { report, referenceValues: values } = CASE;
      const terms = { expectedData: null, instantMs: SNP_INSTANT_MS, verify: verifyNode };
      const { rules } = await appraiseSnp({ report, endorsements, referenceValues: { ...values, crl }, ...terms });
      return rules.filter(({ pass }) => !pass);
    };
    expect(await failed('unchecked')).toEqual([]);
    expect(await failed('required')).toEqual([
      expect.objectContaining({ rule: 'snp.crl', got: expect.stringMatching(/^endorsement_missing: /) }),
    ]);
  });

  it.each([
    ['the chip', 0, { vek: null }, 'snp.vek'],
    ['the ASK', 1, { ask: null }, 'snp.chain'],
  ])('of AMD that has all but the certificate of %s gives the rest, and the appraisal names it', async (...row) => {
    const [, part, missing, rule] = row;
    answers = Object.fromEntries(Object.entries(amd()).filter((_, i) => i !== part));
    const mirrors = parseMirror(`amd=${url}`);
    const endorsements = await endorse(evidence(CASE.report), NO_ENDORSEMENTS, { mirrors });
    expect(endorsements.snp).toEqual({ ...SNP, ...missing });
    const terms = { expectedData: null, instantMs: SNP_INSTANT_MS, verify: verifyNode };
    const { rules } = await appraiseSnp({ ...CASE, endorsements, ...terms });
    expect(rules.find((one) => one.rule === rule)?.got).toMatch(/^endorsement_missing: no certificate of /);
    // What the host brought of it is completed, and nothing of the mirror's is lost with what is wrong.
    const offered = { ...NO_ENDORSEMENTS, snp: { vek: SNP.vek, ask: SNP.ask, crl: null } };
    expect((await endorse(evidence(CASE.report), offered, { mirrors })).snp).toEqual(SNP);
  });

  it('that has no certificate of a chip, or no key set, has answered: others may have them', async () => {
    const mirrors = { ...parseMirror(`amd=${url}`), ...parseMirror(`nvidia=${url}`) };
    const gpu = nrasTokens(utf8('n'.repeat(32)));
    expect(await endorse(evidence(CASE.report, gpu), NO_ENDORSEMENTS, { mirrors })).toEqual(NO_ENDORSEMENTS);
    expect(await endorse(evidence(CASE.report, gpu), CASE.endorsements, { mirrors })).toEqual(CASE.endorsements);
  });

  it('is asked once for many hosts at a time', async () => {
    answers = amd();
    const endorser = openEndorser(sources({ mirrors: parseMirror(`amd=${url}/`) }));
    await Promise.all(Array.from({ length: 8 }, () => endorser.endorse(evidence(CASE.report), NO_ENDORSEMENTS)));
    expect(asked).toHaveLength(3);
  });

  /** What Intel's own service answers (PCS version 4), which has no list of what the root revoked. */
  function intel(at = ''): typeof answers {
    const json = collateralMembers(TDX.endorsements);
    const signed = (member: string, text: string, signature: string) =>
      `{"${member}":${text},"signature":"${signature}"}`;
    const fmspc = String(TCB_INFO.fmspc).toLowerCase();
    return {
      [`${at}/tdx/certification/v4/tcb?fmspc=${fmspc}`]: {
        body: signed('tcbInfo', json.tcb_info, json.tcb_info_signature),
        headers: { 'tcb-info-issuer-chain': encodeURIComponent(json.tcb_info_issuer_chain) },
      },
      [`${at}/tdx/certification/v4/qe/identity`]: {
        body: signed('enclaveIdentity', json.qe_identity, json.qe_identity_signature),
        headers: { 'sgx-enclave-identity-issuer-chain': encodeURIComponent(json.qe_identity_issuer_chain) },
      },
      [`${at}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`]: { body: der(TDX.endorsements.pckCrl) },
    };
  }
  const endorseTd = (folderOf: string | null, mirrors: Sources['mirrors']) =>
    endorse(evidence(TDX.report), NO_ENDORSEMENTS, { mirrors, folder: folderOf });

  it('of Intel is asked for four answers, whose signed texts are kept to the byte', async () => {
    const json = collateralMembers(TDX.endorsements);
    answers = { ...intel('/pccs'), '/pccs/sgx/certification/v4/rootcacrl': { body: json.root_ca_crl } };
    const mirrors = parseMirror(`intel=${url}/pccs`);
    expect((await endorse(evidence(TDX.report), NO_ENDORSEMENTS, { mirrors })).tdx).toEqual(TDX.endorsements);
    expect(asked).toHaveLength(4);
  });

  it('of Intel may give a chain as a C string, with a zero at its end, and lists in any form', async () => {
    const json = collateralMembers(TDX.endorsements);
    const ended = (chain: string) => encodeURIComponent(`${chain.trimEnd()}\0`);
    const list = `0 lists before this one\n${pem('X509 CRL', der(TDX.endorsements.pckCrl))}`;
    const [tcbInfo, qeIdentity, pckCrl] = Object.entries(intel());
    answers = Object.fromEntries([
      [tcbInfo?.[0], { ...tcbInfo?.[1], headers: { 'tcb-info-issuer-chain': ended(json.tcb_info_issuer_chain) } }],
      [
        qeIdentity?.[0],
        { ...qeIdentity?.[1], headers: { 'sgx-enclave-identity-issuer-chain': ended(json.qe_identity_issuer_chain) } },
      ],
      [pckCrl?.[0], { body: list }],
      ['/sgx/certification/v4/rootcacrl', { body: toBase64(der(TDX.endorsements.rootCaCrl)) }],
    ]);
    const mirrors = parseMirror(`intel=${url}`);
    expect((await endorseTd(null, mirrors)).tdx).toEqual(TDX.endorsements);
    await put('tdx/pck-platform.crl', list);
    expect((await endorseTd(folder, {})).tdx).toEqual(TDX.endorsements);
  });

  it('that has no list leaves the one that the host brought, malformed too, for the appraisal to name', async () => {
    const offered = { ...NO_ENDORSEMENTS, tdx: { ...TDX.endorsements, pckCrl: 'AAAA', rootCaCrl: 'AAAA' } };
    expect((await endorse(evidence(TDX.report), offered)).tdx).toEqual(offered.tdx);
    answers = intel();
    const found = await endorse(evidence(TDX.report), offered, { mirrors: parseMirror(`intel=${url}`) });
    expect(found.tdx).toEqual({ ...TDX.endorsements, rootCaCrl: 'AAAA' });
  });

  it('that is Intel’s own service has all but the root’s list, and the appraisal names that alone', async () => {
    answers = intel();
    const mirrors = parseMirror(`intel=${url}`);
    const found = await endorseTd(null, mirrors);
    expect(found.tdx).toEqual({ ...TDX.endorsements, rootCaCrl: null });
    expect(asked).toContain('/sgx/certification/v4/rootcacrl');
    const { rules } = await appraiseTdx({
      report: TDX.report,
      expectedData: null,
      endorsements: found,
      referenceValues: TDX_REFERENCE_VALUES,
      instantMs: SNP_INSTANT_MS,
      verify: verifyNode,
    });
    expect(rules.filter(({ pass }) => !pass)).toEqual([
      expect.objectContaining({ rule: 'tdx.root-crl', got: expect.stringMatching(/^endorsement_missing: /) }),
    ]);
  });

  it('of the root’s distribution point, or a file, has the list that Intel’s own service has not', async () => {
    const list = der(TDX.endorsements.rootCaCrl);
    answers = { ...intel(), '/root/IntelSGXRootCA.der': { body: list } };
    const mirrors = { ...parseMirror(`intel=${url}`), ...parseMirror(`intel-certificates=${url}/root`) };
    expect((await endorseTd(null, mirrors)).tdx).toEqual(TDX.endorsements);
    expect(asked).not.toContain('/sgx/certification/v4/rootcacrl');
    await put('tdx/root-ca.crl', list);
    expect((await endorseTd(folder, parseMirror(`intel=${url}`))).tdx).toEqual(TDX.endorsements);
  });

  it('that caches has the list where the mirror of the root’s distribution point has none', async () => {
    const ofCache = { '/sgx/certification/v4/rootcacrl': { body: der(TDX.endorsements.rootCaCrl) } };
    const mirrors = { ...parseMirror(`intel=${url}`), ...parseMirror(`intel-certificates=${url}`) };
    answers = { ...intel(), ...ofCache };
    expect((await endorseTd(null, mirrors)).tdx).toEqual(TDX.endorsements);
    answers = { ...intel(), ...ofCache, '/IntelSGXRootCA.der': { body: '', status: 503 } };
    await rm(cache, { recursive: true });
    await expect(endorseTd(null, mirrors)).rejects.toThrow(code('unavailable'));
  });

  it('of the root’s distribution point is asked for the path that Intel’s root names', () => {
    const names = TDX_VENDOR_ROOTS.map((root) => new TextDecoder('latin1').decode(root));
    expect(names).toEqual([
      expect.stringContaining('https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'),
    ]);
  });

  it.each([
    [0, { tcbInfo: null, tcbInfoSignature: null, tcbInfoChain: null }],
    [1, { qeIdentity: null, qeIdentitySignature: null, qeIdentityChain: null }],
    [2, { pckCrl: null }],
  ])('that has all but one part gives the others: part %d', async (part, missing) => {
    const list = { '/sgx/certification/v4/rootcacrl': { body: der(TDX.endorsements.rootCaCrl) } };
    const parts = Object.entries(intel());
    answers = { ...Object.fromEntries(parts.filter((_, i) => i !== part)), ...list };
    const found = await endorseTd(null, parseMirror(`intel=${url}`));
    expect(found.tdx).toEqual({ ...TDX.endorsements, ...missing });
  });

  it('that fails, as one that has no such thing does not, is said so', async () => {
    answers = { ...intel(), '/sgx/certification/v4/rootcacrl': { body: '', status: 503 } };
    await expect(endorseTd(null, parseMirror(`intel=${url}`))).rejects.toThrow(code('unavailable'));
  });

  it('that fails for one part is said so once the others are kept: nothing writes to the cache after it', async () => {
    const late = {
      '/sgx/certification/v4/pckcrl?ca=platform&encoding=der': { body: der(TDX.endorsements.pckCrl), lateMs: 100 },
    };
    answers = { ...intel(), ...late, '/sgx/certification/v4/rootcacrl': { body: '', status: 503 } };
    await expect(endorseTd(null, parseMirror(`intel=${url}`))).rejects.toThrow(code('unavailable'));
    expect(await readdir(join(cache, 'tdx'))).toContain('pck-platform.crl');
    const chain = { body: pem('CERTIFICATE', der(SNP.ask)), lateMs: 100 };
    answers = {
      ...amd(),
      '/vcek/v1/Milan/cert_chain': chain,
      '/vcek/v1/Milan/crl': { body: '', status: 503 },
    };
    const mirrors = parseMirror(`amd=${url}`);
    await expect(endorse(evidence(CASE.report), NO_ENDORSEMENTS, { mirrors })).rejects.toThrow(code('unavailable'));
    expect(await readdir(join(cache, 'snp/Milan'))).toContain('vcek-chain.pem');
  });

  it('of NVIDIA is asked for a key set where the one at hand has not the key', async () => {
    const keySet = TOKEN_ENDORSEMENTS.nras;
    answers = { '/.well-known/jwks.json': { body: keySet ?? '' } };
    const gpu = nrasTokens(utf8('n'.repeat(32)));
    const old = { ...NO_ENDORSEMENTS, nras: '{"keys":[]}' };
    const found = await endorse(
      evidence(CASE.report, gpu),
      { ...old, snp: SNP },
      { mirrors: parseMirror(`nvidia=${url}`) },
    );
    expect(found.nras).toEqual(keySet);
  });

  it('of NVIDIA answers other hosts, for every key that one of them makes up', async () => {
    const keySet = TOKEN_ENDORSEMENTS.nras;
    answers = { '/.well-known/jwks.json': { body: keySet ?? '' } };
    const gpu = nrasTokens(utf8('n'.repeat(32)));
    const made = { ...gpu, overall: withKeyId(gpu.overall, 'made up') };
    const endorser = openEndorser(sources({ mirrors: parseMirror(`nvidia=${url}`) }));
    const ask = (one: Evidence['gpu']) => endorser.endorse(evidence(CASE.report, one), CASE.endorsements);
    const [bad, good] = await Promise.allSettled([ask(made), ask(gpu)]);
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled']);
    expect((await ask(gpu)).nras).toEqual(keySet);
  });

  it('that does not answer is said so, and not asked again at once', async () => {
    answers = { [vcekPath]: { body: '', status: 503 } };
    const endorser = openEndorser(sources({ mirrors: parseMirror(`amd=${url}`) }));
    for (const _ of [1, 2]) {
      await expect(endorser.endorse(evidence(CASE.report), NO_ENDORSEMENTS)).rejects.toThrow(code('unavailable'));
    }
    expect(asked).toEqual([vcekPath]);
  });

  it.each([
    ['something else', { body: 'nothing of the kind' }],
    ['too much', { body: new Uint8Array(300 * 1024) }],
    ['a redirection', { body: '', status: 302, headers: { location: 'http://127.0.0.1:1/' } }],
  ])('that answers %s is refused', async (_, answer) => {
    answers = { [vcekPath]: answer };
    const mirrors = parseMirror(`amd=${url}`);
    await expect(endorse(evidence(CASE.report), NO_ENDORSEMENTS, { mirrors })).rejects.toThrow(code('unavailable'));
  });

  it('that is silent leaves what is out of date, which the appraisal names', async () => {
    const now = () => Date.UTC(2099, 0, 1);
    const found = await endorse(
      evidence(TDX.report),
      { ...NO_ENDORSEMENTS, tdx: TDX.endorsements },
      {
        now,
        folder: null,
        mirrors: parseMirror(`amd=${url}`),
      },
    );
    expect(found.tdx).toEqual(TDX.endorsements);
  });

  it.each([
    ['http to another machine', 'amd=http://kds.example'],
    ['a vendor that is none', 'acme=https://acme.example'],
    ['no URL', 'amd=kds'],
    ['a query', 'amd=https://kds.example/?a=b'],
    ['a password', 'amd=https://ops:hidden@kds.example'],
    ['a password over http', 'amd=http://ops:hidden@kds.example'],
  ])('of %s is refused', (_, text) => {
    expect(() => parseMirror(text)).toThrow(code('usage'));
    expect(() => parseMirror(text)).not.toThrow(/hidden/);
  });
});
