import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TpmReport } from '../../src/core/attest/tpm/report.ts';
import { pcrsOfValues } from '../../src/core/attest/tpm/signature-forms.ts';
import { equal, type Hex, toHex } from '../../src/core/bytes.ts';
import { derOfPem } from '../../src/core/x509/pem.ts';

/**
 * An emulated TPM 2.0 with an attestation key that an authority has certified after an activation, as an operator
 * would do it with tpm2-tools. Its EK certificate is of an authority made on the spot: good for tests only.
 */

const run = promisify(execFile);
const EMULATOR = 'swtpm';
const NEEDED = [EMULATOR, 'swtpm_setup', 'swtpm_localca', 'tpm2_quote', 'tpm2_activatecredential', 'openssl'];
/** TCG EK Credential Profile 2.5, section 2.2.1.4: the EK certificate of the RSA 2048 template. */
const EK_CERTIFICATE_INDEX = '0x01c00002';
const START_ATTEMPTS = 100;
const ATTEMPT_MS = 50;

/** Whether everything is installed that `startSwtpm` runs. */
export function hasSwtpm(): boolean {
  return NEEDED.every((name) => pathOf(name) !== null);
}

/** Where a program is; null where it is not installed. */
function pathOf(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface SwtpmQuote {
  /** TPMS_ATTEST and TPMT_SIGNATURE. */
  readonly attest: Uint8Array;
  readonly signature: Uint8Array;
  readonly pcrs: TpmReport['pcrs'];
}

export interface Swtpm {
  /** What TPM2TOOLS_TCTI must be to reach it. */
  readonly tcti: string;
  /** DER. */
  readonly ekCertificate: Uint8Array;
  /** The path of the AK's context, as `tpm2_quote -c` takes it. */
  readonly akContext: string;
  /** TPM2B_PUBLIC, and the path of a file of it. */
  readonly akPublic: Uint8Array;
  readonly akPublicPath: string;
  /** DER, leaf first, without the anchor. */
  readonly akCertificateChain: readonly Uint8Array[];
  /** The path of a PEM file of the chain. */
  readonly akCertificatePath: string;
  /** The authority's certificate in DER. */
  readonly anchor: Uint8Array;
  /** Extends PCR `index` of the SHA-256 bank by 32 bytes. */
  extend(index: number, digest: Hex): Promise<void>;
  quote(nonce: Hex, pcrs: readonly number[]): Promise<SwtpmQuote>;
  stop(): Promise<void>;
}

/**
 * Starts a TPM that keeps everything in `folder`, on free ports of the loopback. Takes some seconds. Throws the
 * failed tool's own words; the TPM is then stopped.
 */
export async function startSwtpm(folder: string): Promise<Swtpm> {
  await manufacture(folder);
  const { process: tpm, tcti } = await launch(folder);
  try {
    return await certify(folder, tcti, () => stopped(tpm));
  } catch (error) {
    await stopped(tpm);
    throw error;
  }
}

/** The TPM's state, with EK certificates of an authority of its own. */
async function manufacture(folder: string): Promise<void> {
  for (const name of ['state', 'ca', 'out']) await mkdir(join(folder, name), { recursive: true });
  const file = (name: string, lines: readonly string[]) => writeFile(join(folder, name), `${lines.join('\n')}\n`);
  await file('localca.conf', [
    `statedir = ${folder}/ca`,
    `signingkey = ${folder}/ca/signkey.pem`,
    `issuercert = ${folder}/ca/issuercert.pem`,
    `certserial = ${folder}/ca/certserial`,
  ]);
  await file('localca.options', ['--platform-manufacturer Test', '--platform-version 1.0', '--platform-model swtpm']);
  await file('setup.conf', [
    `create_certs_tool = ${pathOf('swtpm_localca')}`,
    `create_certs_tool_config = ${folder}/localca.conf`,
    `create_certs_tool_options = ${folder}/localca.options`,
    'active_pcr_banks = sha256',
  ]);
  const certificates = ['--create-ek-cert', '--create-platform-cert', '--pcr-banks', 'sha256', '--overwrite'];
  const state = ['--tpm2', '--tpmstate', `dir://${folder}/state`, '--config', `${folder}/setup.conf`];
  await tool('swtpm_setup', [...state, ...certificates]);
}

async function launch(folder: string): Promise<{ process: ChildProcess; tcti: string }> {
  const port = await twoFreePorts();
  const address = (at: number) => `type=tcp,port=${at},bindaddr=127.0.0.1`;
  const ports = ['--server', address(port), '--ctrl', address(port + 1)];
  const state = ['--tpm2', '--tpmstate', `dir=${folder}/state`, '--pid', `file=${folder}/pid`];
  const tpm = spawn(EMULATOR, ['socket', ...state, ...ports, '--flags', 'not-need-init,startup-clear'], {
    stdio: 'ignore',
  });
  for (let attempt = 0; attempt < START_ATTEMPTS && tpm.exitCode === null; attempt++) {
    // Written once the sockets listen; a connection to try them would be taken for the one that it serves.
    if (existsSync(`${folder}/pid`)) return { process: tpm, tcti: `swtpm:host=127.0.0.1,port=${port}` };
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_MS));
  }
  await stopped(tpm);
  throw new Error('the emulated TPM did not start');
}

async function stopped(tpm: ChildProcess): Promise<void> {
  if (tpm.exitCode !== null || tpm.signalCode !== null) return;
  const exit = once(tpm, 'exit');
  tpm.kill();
  await exit;
}

/** A port of the loopback whose successor is free too: tools reach the control channel there. */
async function twoFreePorts(): Promise<number> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const first = await listen(0);
    const { port } = first.address() as { port: number };
    const second = await listen(port + 1).catch(() => null);
    await Promise.all([first, second].map((server) => server?.close()));
    if (second !== null) return port;
  }
  throw new Error('expected two free ports in a row');
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function tool(name: string, args: readonly string[], environment: object = {}): Promise<void> {
  await run(name, [...args], { env: { ...process.env, ...environment } });
}

/** Makes the AK, proves to an authority that it is in the TPM of the EK certificate, and has it certified. */
async function certify(folder: string, tcti: string, stop: () => Promise<void>): Promise<Swtpm> {
  const out = (name: string) => join(folder, 'out', name);
  const tpm2 = (name: string, ...args: string[]) => tool(`tpm2_${name}`, args, { TPM2TOOLS_TCTI: tcti });
  const read = async (name: string) => new Uint8Array(await readFile(out(name)));
  // Without a resource manager the TPM has three slots for keys, and every load takes one.
  const loading = async (name: string, ...args: string[]) => {
    await tpm2(name, ...args);
    await tpm2('flushcontext', '-t');
  };
  await tpm2('nvread', EK_CERTIFICATE_INDEX, '-o', out('ek.der'));
  await loading('createek', '-c', out('ek.ctx'), '-G', 'rsa', '-u', out('ek.pub'));
  const scheme = ['-G', 'ecc', '-g', 'sha256', '-s', 'ecdsa'];
  const files = ['-u', out('ak.pub'), '-f', 'tss', '-n', out('ak.name'), '-r', out('ak.priv')];
  await loading('createak', '-C', out('ek.ctx'), '-c', out('ak.ctx'), ...scheme, ...files);
  await loading('readpublic', '-c', out('ak.ctx'), '-f', 'pem', '-o', out('ak.pem'));
  await activate(out, tpm2);
  const anchor = await issue(out);
  const [leaf = new Uint8Array(0)] = derOfPem(await readFile(out('ak-cert.pem'), 'utf8'), 'CERTIFICATE');
  return {
    tcti,
    ekCertificate: await read('ek.der'),
    akContext: out('ak.ctx'),
    akPublic: await read('ak.pub'),
    akPublicPath: out('ak.pub'),
    akCertificateChain: [leaf],
    akCertificatePath: out('ak-cert.pem'),
    anchor,
    extend: (index, digest) => tpm2('pcrextend', `${index}:sha256=${digest}`),
    quote: async (nonce, pcrs) => {
      const files = ['-m', out('quote.msg'), '-s', out('quote.sig'), '-o', out('quote.pcrs'), '-F', 'values'];
      await loading(
        'quote',
        '-c',
        out('ak.ctx'),
        '-l',
        `sha256:${pcrs.join(',')}`,
        '-q',
        nonce,
        '-g',
        'sha256',
        ...files,
      );
      const [attest, signature] = [await read('quote.msg'), await read('quote.sig')];
      return { attest, signature, pcrs: pcrsOfValues(await read('quote.pcrs'), pcrs) };
    },
    stop,
  };
}

type Tpm2 = (name: string, ...args: string[]) => Promise<void>;

/** The authority's part needs the key in the EK certificate and the AK's name; only that TPM gets the secret out. */
async function activate(out: (name: string) => string, tpm2: Tpm2): Promise<void> {
  await tool('openssl', ['x509', '-inform', 'der', '-in', out('ek.der'), '-noout', '-pubkey', '-out', out('ek.pem')]);
  await tool('openssl', ['rand', '-out', out('secret'), '32']);
  const name = toHex(await readFile(out('ak.name')));
  const challenge = ['-s', out('secret'), '-n', name, '-o', out('credential')];
  await tool('tpm2_makecredential', ['-T', 'none', '-u', out('ek.pem'), '-G', 'rsa', ...challenge]);
  await tpm2('startauthsession', '--policy-session', '-S', out('session'));
  await tpm2('policysecret', '-S', out('session'), '-c', 'e');
  const keys = ['-c', out('ak.ctx'), '-C', out('ek.ctx'), '-P', `session:${out('session')}`];
  await tpm2('activatecredential', ...keys, '-i', out('credential'), '-o', out('answer'));
  await tpm2('flushcontext', out('session'));
  await tpm2('flushcontext', '-t');
  const isSame = equal(await readFile(out('secret')), await readFile(out('answer')));
  if (!isSame) throw new Error('the activation gave another secret');
}

/** The AK authority's certificate in DER; the AK's is written to `ak-cert.pem`. */
async function issue(out: (name: string) => string): Promise<Uint8Array> {
  const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];
  const authority = ['-keyout', out('akca.key'), '-out', out('akca.pem')];
  await tool('openssl', ['req', '-x509', ...p256, '-days', '3650', '-subj', '/CN=Test AK CA', ...authority]);
  await tool('openssl', [
    'req',
    '-new',
    ...p256,
    '-subj',
    '/CN=Test AK',
    '-keyout',
    out('any.key'),
    '-out',
    out('any.csr'),
  ]);
  const usage = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=2.23.133.8.3',
  ];
  await writeFile(out('ak.ext'), `${usage.join('\n')}\n`);
  const signer = ['-CA', out('akca.pem'), '-CAkey', out('akca.key'), '-set_serial', '1', '-days', '3650', '-sha256'];
  const key = ['-force_pubkey', out('ak.pem'), '-extfile', out('ak.ext')];
  await tool('openssl', ['x509', '-req', '-in', out('any.csr'), ...key, ...signer, '-out', out('ak-cert.pem')]);
  const [anchor = new Uint8Array(0)] = derOfPem(await readFile(out('akca.pem'), 'utf8'), 'CERTIFICATE');
  return anchor;
}
