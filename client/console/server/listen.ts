import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../../../src/platform/listen-error.ts';
import { Connections } from '../../../src/sockets/connections.ts';
import { oneAtATime } from '../../../src/sockets/one-at-a-time.ts';

/** A browser opens six connections a page. Everybody on this machine has the same address: it may have them all. */
const BOUNDS = { maxCount: 128, maxPerAddress: 128 };
/** How often another port is tried where the system chose one that is taken on the other address. */
const PORT_TRIES = 10;

/**
 * Both loopback addresses, on one port: browsers try either, so another process on the one that was left
 * free would be taken for the console. A newcomer is always let in: another program of this machine, or a page of
 * another site, keeps no custodian from the console by holding connections.
 */
export async function listenOnLoopback(port: number): Promise<readonly [Server, ...Server[]]> {
  for (let left = PORT_TRIES; ; left--) {
    const connections = new Connections(BOUNDS);
    const v4 = await listenOn('127.0.0.1', port, connections);
    try {
      return [v4, await listenOn('::1', (v4.address() as AddressInfo).port, connections)];
    } catch (error) {
      // A machine without IPv6 has nothing there that could be taken for the console.
      const { code } = (error as { cause?: NodeJS.ErrnoException }).cause ?? {};
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [v4];
      await closed(v4);
      if (port !== 0 || left === 1) throw error;
    }
  }
}

function listenOn(host: string, port: number, connections: Connections): Promise<Server> {
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, maxHeaderSize: 16_384 });
  connections.watch(server);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, 'name another --port', `${host}, port ${port}`)));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

/** Answers what comes, each connection's requests one after the other. */
export function answerRequests(servers: readonly Server[], listener: RequestListener): void {
  const alone = oneAtATime();
  for (const server of servers) {
    server.on('request', alone(listener));
    server.on(
      'checkExpectation',
      alone((_, outgoing) => outgoing.writeHead(417).end()),
    );
  }
}

export function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
