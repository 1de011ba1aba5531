import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { NO_REFERENCE_VALUES } from '../../src/core/attest/reference-values.ts';
import { toBase64url } from '../../src/core/bytes.ts';
import { parseFounderFile } from '../../src/wire/founder-file.ts';
import { MODEL, makeRoot } from '../core/webauthn/attestation-kit.ts';
import { makeAuthority } from '../tls/company.ts';
import { runProgram } from '../world/command-line.ts';
import { startProcess } from '../world/daemon-process.ts';
import { POLICY } from '../world/founding.ts';

const ROOT = join(import.meta.dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');
const UNITS = readdirSync(DEPLOY).filter((name) => name.endsWith('.service'));
const MANIFESTS = readdirSync(DEPLOY).filter((name) => name.endsWith('.yaml'));
const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;
/** Whatever reads YAML here; null where nothing does. */
const parsesYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlock-deploy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!hasSystemd).each(UNITS)('systemd takes %s as it stands (needs systemd-analyze)', (name) => {
  const unit = join(folder, name);
  writeFileSync(unit, read(name).replaceAll('/opt/twinlock', ROOT));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

/** Of a manifest, as Kubernetes reads it. */
function documentsOf(name: string): object[] {
  const script = 'import json,sys,yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  return JSON.parse(execFileSync('python3', ['-c', script], { input: read(name), encoding: 'utf8' })) as object[];
}

test.skipIf(!parsesYaml).each(MANIFESTS)(
  '%s is YAML, of objects that have a kind and a name (needs PyYAML)',
  (name) => {
    for (const document of documentsOf(name)) {
      expect(document).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
      expect(document).toHaveProperty('metadata.name');
    }
  },
);

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly { image: string; args: string[]; securityContext: object; volumeMounts: object[] }[];
  readonly volumes: readonly { name: string; persistentVolumeClaim?: { claimName: string } }[];
}
interface Manifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: { readonly spec: PodSpec };
    readonly volumeClaimTemplates: readonly { metadata: { name: string }; spec: object }[];
  };
}

describe.skipIf(!parsesYaml)('the vault of twinlockd-init.yaml and twinlockd.yaml (needs PyYAML)', () => {
  const [claim, job] = parsesYaml ? (documentsOf('twinlockd-init.yaml') as Manifest[]) : [];
  const [set] = parsesYaml ? (documentsOf('twinlockd.yaml') as Manifest[]) : [];
  const podOf = (manifest: Manifest | undefined) => manifest?.spec.template.spec as PodSpec;
  const containerOf = (manifest: Manifest | undefined) => podOf(manifest).containers[0] as PodSpec['containers'][0];

  test('is made on the volume that the daemon then takes, by the same user of the same image', () => {
    const template = set?.spec.volumeClaimTemplates[0];
    const name = `${template?.metadata.name}-${set?.metadata.name}-0`;
    expect(claim).toMatchObject({ metadata: { name }, spec: template?.spec });
    expect(podOf(job).volumes[0]).toEqual({ name: 'data', persistentVolumeClaim: { claimName: name } });
    expect(podOf(job).securityContext).toEqual(podOf(set).securityContext);
    const [init, serve] = [containerOf(job), containerOf(set)];
    expect([init.image, init.securityContext]).toEqual([serve.image, serve.securityContext]);
    expect(init.volumeMounts).toEqual(expect.arrayContaining(serve.volumeMounts));
  });

  test('is founded once by what the job runs, and served by what the pod runs as the founders’ files say', {
    timeout: 60_000,
  }, async () => {
    const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
    for (const name of ['var', 'tls', 'founding']) mkdirSync(join(folder, name));
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue(['vault.example.org']);
    put('tls/ca.crt', authority.certificate);
    put('tls/tls.crt', cert);
    put('tls/tls.key', key);
    const authenticators = { aaguids: [MODEL], roots: [toBase64url(makeRoot())] };
    put('founding/policy.json', JSON.stringify({ ...POLICY, authenticators, referenceValues: NO_REFERENCE_VALUES }));
    const here = (args: readonly string[]) =>
      args.map((arg) =>
        arg
          .replace('/var/lib/twinlock', join(folder, 'var'))
          .replace('/etc/twinlock', folder)
          .replace(/0\.0\.0\.0:\d+$/, '127.0.0.1:0'),
      );
    const init = () => runProgram('src/main.ts', here(containerOf(job).args), folder);
    const made = await init();
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('vault.example.org')]);
    const again = await init();
    expect([again.code, again.stderr]).toEqual([64, expect.stringMatching(/holds a vault.* \(exists\)\n$/)]);
    expect(readdirSync(join(folder, 'var/founders'))).toHaveLength(3);

    const [command = '', data = '', ...flags] = here(containerOf(set).args);
    expect(command).toBe('serve');
    const daemon = startProcess(data.replace('--data=', ''), 0, flags);
    onTestFinished(() => daemon.kill());
    const { port } = new URL(await daemon.url);
    expect(daemon.output()).not.toContain('consoles will not connect');
    const file = join(folder, 'var/founders/founder-alice.json');
    const { ca, vault } = parseFounderFile(readFileSync(file), file);
    expect(vault).toBe('https://vault.example.org:8443');
    const [answer] = (await once(
      get({
        host: '127.0.0.1',
        port,
        path: '/healthz',
        servername: new URL(vault).hostname,
        ca: ca ?? '',
        agent: false,
      }),
      'response',
    )) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.destroy();
  });
});

test('every flag in the examples of deploy/ is one that the program has', { timeout: 60_000 }, async () => {
  const flagsOf = (text: string) => new Set(text.match(/(?<![\w-])--[a-z][a-z-]+/g) ?? []);
  const known = async (program: string, command: string) =>
    flagsOf((await runProgram(program, [command, '--help'], folder)).stdout);
  const has = {
    'twinlockd-init': await known('src/main.ts', 'init'),
    twinlockd: await known('src/main.ts', 'serve'),
    fetch: await known('client/cli.ts', 'fetch'),
  };
  const withoutComments = (name: string) => read(name).replaceAll(/^\s*#.*$/gm, '');
  for (const name of [...UNITS, ...MANIFESTS]) {
    const flags = flagsOf(withoutComments(name));
    const of = (['twinlockd-init', 'twinlockd'] as const).find((program) => name.startsWith(`${program}.`)) ?? 'fetch';
    expect(flags.size).toBeGreaterThan(2);
    expect([name, [...flags].filter((flag) => !has[of].has(flag))]).toEqual([name, []]);
  }
});
