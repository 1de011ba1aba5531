import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { hasOpenssl, makeBrainpool } from '../../tls/brainpool.ts';
import { makeAuthority } from '../../tls/company.ts';
import { runProgram } from '../../world/command-line.ts';

vi.setConfig({ testTimeout: 60_000 });

test.runIf(hasOpenssl)(
  'what a server sends along with its certificate does not end a command, whatever curve it is on',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'twinlock-peer-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const company = await makeAuthority();
    const ca = join(folder, 'ca.crt');
    writeFileSync(ca, company.certificate);
    const keyFile = join(folder, 'auditor.key');
    const named = ['--role', 'auditor', '--name', 'auditor', '--owner', 'ana'];
    expect(await runProgram('client/cli.ts', ['key', 'create', keyFile, ...named], folder)).toMatchObject({ code: 0 });
    // Another certificate of the authority's name: none vouches for it, and Node takes it for the issuer's.
    const { cert: sentAlong } = makeBrainpool(`/${new X509Certificate(company.certificate).subject}`);
    for (const [host, code] of [
      ['localhost', 69],
      ['another.example.org', 64],
    ] as const) {
      const { cert, key } = await company.issue([host]);
      const server = createServer({ cert: cert + sentAlong, key }, (_, answer) => answer.writeHead(503).end());
      server.listen(0, 'localhost');
      await once(server, 'listening');
      const url = `https://localhost:${(server.address() as AddressInfo).port}`;
      const args = ['status', '--vault', url, '--ca', ca, '--fingerprint', 'ab'.repeat(32), '--key', keyFile];
      const run = await runProgram('client/cli.ts', args, folder);
      server.close();
      expect([host, run.code, run.stderr]).toEqual([host, code, expect.stringMatching(/^twinlock: .+/)]);
      if (code === 64) expect(run.stderr).toContain(`it names “${host}”`);
    }
  },
);
