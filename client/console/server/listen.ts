import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../../../src/platform/listen-error.ts';
import { Connections } from '../../../src/sockets/connections.ts';
import { oneAtATime } from '../../../src/sockets/one-at-a-time.ts';

/** A browser opens six connections per page. All clients have the same address, so one address may have all. */
const BOUNDS = { maxCount: 128, maxPerAddress: 128 };
/** Tries for another port where the system chose one that is in use on the other address. */
const PORT_TRIES = 10;

/**
 * Listens on both loopback addresses, on one port: browsers try both, so another process on a free one could pose as the
 * console. Always accepts a new connection and drops an old one for it, so that another program or site cannot block the
 * custodian by holding connections.
 */
export async function listenOnLoopback(port: number): Promise<readonly [Server, ...Server[]]> {
  for (let left = PORT_TRIES; ; left--) {
    const connections = new Connections(BOUNDS);
    const v4 = await listenOn('127.0.0.1', port, connections);
    try {
      return [v4, await listenOn('::1', (v4.address() as AddressInfo).port, connections)];
    } catch (error) {
      // On a machine without IPv6, no process can listen there and pose as the console.
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

/** Answers requests, those of one connection one after the other. */
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
