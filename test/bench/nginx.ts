import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_WITHIN_MS = 5000;
const POLL_MS = 25;

export interface Nginx {
  readonly http: string;
  readonly https: string;
  stop(): void;
}

/**
 * nginx on two free loopback ports, serving the files of a folder as they are: sendfile, no access log, and
 * TLS 1.3 with the same certificate as the vault's. All of its own files lie in `folder`.
 */
export async function startNginx(
  command: string,
  { folder, root, certificate, key }: { folder: string; root: string; certificate: string; key: string },
): Promise<Nginx> {
  mkdirSync(folder, { recursive: true });
  const [plain, tls] = [await freePort(), await freePort()];
  const path = (name: string) => join(folder, name);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${path('nginx.pid')};
error_log ${path('error.log')};
events {}
http {
  ${temporary.map((name) => `${name}_temp_path ${path(name)};`).join(' ')}
  access_log off;
  sendfile on;
  server {
    listen 127.0.0.1:${plain};
    listen 127.0.0.1:${tls} ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    root ${root};
  }
}
`;
  writeFileSync(path('nginx.conf'), config);
  const child = spawn(command, ['-p', folder, '-e', path('error.log'), '-c', path('nginx.conf')], { stdio: 'inherit' });
  const stop = () => child.kill();
  process.once('exit', stop);
  await answers(plain);
  return { http: `http://127.0.0.1:${plain}`, https: `https://127.0.0.1:${tls}`, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<void> {
  const latest = performance.now() + START_WITHIN_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > latest) throw error;
      await sleep(POLL_MS);
    } finally {
      socket.destroy();
    }
  }
}
