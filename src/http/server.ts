import { STATUS_CODES } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { TwinlockError } from '../core/errors.ts';
import { type ConnectionBounds, Connections } from '../sockets/connections.ts';
import { oneAtATime } from '../sockets/one-at-a-time.ts';
import * as limits from '../vault/limits.ts';
import type { AccessLog } from './access-log.ts';
import type { App } from './env.ts';
import { COMMON_HEADERS } from './env.ts';
import { type Problem, problemOf } from './problem.ts';

const BOUNDS: ConnectionBounds = { maxCount: limits.MAX_CONNECTIONS, maxPerAddress: limits.CONNECTIONS_AN_ADDRESS };
const OPTIONS: ServerOptions = {
  minVersion: 'TLSv1.3',
  handshakeTimeout: limits.HANDSHAKE_MS,
  headersTimeout: limits.HEADERS_MS,
  requestTimeout: limits.REQUEST_WITHIN_MS,
  connectionsCheckingInterval: limits.CONNECTIONS_CHECKED_MS,
  keepAliveTimeout: limits.KEEP_ALIVE_MS,
  maxHeaderSize: limits.MAX_HEADER_BYTES,
  // A missing one is refused below, with a problem document.
  requireHostHeader: false,
};
const HEADERS = { ...COMMON_HEADERS, 'Content-Type': 'application/json' };

export interface ApiServer {
  readonly server: Server;
  readonly connections: Connections;
}

/** Serves the API over TLS 1.3, on bounded connections; what never becomes a request is refused like one. */
export function apiServer(
  app: App,
  tls: Pick<ServerOptions, 'key' | 'cert'>,
  accessLog: AccessLog,
  bounds: ConnectionBounds = BOUNDS,
): ApiServer {
  const refused = (code: 'malformed' | 'too_large' | 'cancelled', message: string): Refused => {
    const { status, problem } = problemOf(new TwinlockError(code, message));
    accessLog({ method: '', path: '', status, ms: 0, error: code });
    return { status, ...rendered(problem) };
  };
  const listener = getRequestListener(app.fetch, {
    // Errors of a malformed host, target or header. The app answers the errors of routes.
    errorHandler: () => {
      const { body, ...init } = refused('malformed', 'expected a request with a host and a target');
      return new Response(body, init);
    },
  });
  const alone = oneAtATime();
  const server = createServer({ ...OPTIONS, ...tls }, alone(listener));
  server.timeout = limits.SILENCE_MS;
  const connections = new Connections(bounds);
  connections.watch(server);
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    if (code === 'HPE_HEADER_OVERFLOW' || code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
      end(socket, refused('too_large', `expected headers of at most ${limits.MAX_HEADER_BYTES} bytes`));
    } else if (code.startsWith('HPE_')) end(socket, refused('malformed', 'expected a request of HTTP/1.1'));
    else if (code === 'ERR_HTTP_REQUEST_TIMEOUT') end(socket, refused('cancelled', 'the request took too long'));
    else socket.destroy();
  });
  server.on('connect', (_, socket) => end(socket, refused('malformed', 'expected no CONNECT: this is no proxy')));
  const unexpected = alone((_, outgoing) => {
    const { status, headers, body } = refused('malformed', 'expected no Expect but 100-continue');
    outgoing.writeHead(status, headers).end(body);
  });
  server.on('checkExpectation', unexpected);
  return { server, connections };
}

interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function rendered(problem: Problem): Pick<Refused, 'headers' | 'body'> {
  const body = JSON.stringify(problem);
  return { headers: { ...HEADERS, 'Content-Length': String(Buffer.byteLength(body)) }, body };
}

/** Answers where there is no request to answer, and reads no more. */
function end(socket: Duplex, { status, headers, body }: Refused): void {
  const lines = Object.entries({ ...headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}
