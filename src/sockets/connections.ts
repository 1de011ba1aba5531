import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv4, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Sockets on which a caller who has been let in is being answered. */
const IN_USE = new WeakSet<Socket>();

/** Keeps a socket from giving way, until the function that it returns is called. */
export function holdSocket(socket: Socket): () => void {
  IN_USE.add(socket);
  return () => void IN_USE.delete(socket);
}

interface Held {
  readonly network: string;
  /** Local address and port, remote address and port. */
  readonly ends: string;
  readonly raw: Socket;
  /** The socket through which requests come: the TLS socket once its handshake is over, or `raw`. */
  socket: Socket;
  /** Its last request has been answered; what asks again is not. */
  isIdle: boolean;
  /** To its last request. */
  answer: ServerResponse | null;
  /** When it last came a step further, in steps of all connections: entered, shook hands, asked, was answered. */
  step: number;
}

export interface ConnectionBounds {
  readonly maxCount: number;
  readonly maxPerAddress: number;
}

/**
 * The server's connections, with a bound for each address. The server makes room for a new connection. If its address has
 * no place left, the server ends a connection of that address. If no place is left at all, it ends one of the address that
 * has the most that may be ended. It ends the connection first that has been idle longest since its answer: a client that
 * is still there connects again. If none is idle, it ends the one that has made no progress for longest, in its handshake
 * or with its request. A connection on which an identified caller is being answered is held: the server never ends it, and
 * does not count it. So to push out a new connection before its next step takes as many other connections as an address
 * has places. If all are held, the server refuses the new connection.
 */
export class Connections {
  /** Each connection by itself: two addresses of a network, or two of the server's, may well have a port in common. */
  readonly #byNetwork = new Map<string, Set<Held>>();
  /** By what its requests come through. */
  readonly #bySocket = new WeakMap<Socket, Held>();
  readonly #bounds: ConnectionBounds;
  #steps = 0;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#byNetwork.values().reduce((sum, own) => sum + own.size, 0);
  }

  /** Watches a server that does not listen yet. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#enter(socket));
    server.on('secureConnection', (socket: TLSSocket) => {
      const held = this.#below(socket);
      if (held === undefined) return;
      held.socket = socket;
      held.step = ++this.#steps;
      this.#bySocket.set(socket, held);
    });
    server.on('request', ({ socket }: IncomingMessage, outgoing: ServerResponse) => {
      const held = this.#bySocket.get(socket);
      if (held === undefined) return;
      held.isIdle = false;
      held.step = ++this.#steps;
      held.answer = outgoing;
      outgoing.once('close', () => {
        // A client that had its answer may have asked again before Node said that the answer was written.
        held.isIdle = held.answer === outgoing;
        held.step = ++this.#steps;
      });
    });
  }

  /**
   * Node does not say on which socket a TLS socket stands. Both have the same ends, and of those that stand, no other.
   */
  #below(socket: TLSSocket): Held | undefined {
    const ends = endsOf(socket);
    return [...(this.#byNetwork.get(networkOf(socket.remoteAddress ?? '')) ?? [])].findLast(
      (held) => held.ends === ends,
    );
  }

  #enter(raw: Socket): void {
    if (raw.remoteAddress === undefined) {
      raw.destroy();
      return;
    }
    const network = networkOf(raw.remoteAddress);
    const own = this.#byNetwork.get(network) ?? new Set<Held>();
    const isRoom =
      (own.size < this.#bounds.maxPerAddress || this.#giveWay(freeOf(own))) &&
      (this.count < this.#bounds.maxCount || this.#giveWay(this.#mostFree()));
    if (!isRoom) {
      raw.destroy();
      return;
    }
    // Set anew: the network's last connection may just have given way.
    this.#byNetwork.set(network, own);
    const held: Held = {
      network,
      ends: endsOf(raw),
      raw,
      socket: raw,
      isIdle: false,
      answer: null,
      step: ++this.#steps,
    };
    own.add(held);
    this.#bySocket.set(raw, held);
    raw.once('close', () => this.#leave(held));
  }

  #leave(held: Held): void {
    const own = this.#byNetwork.get(held.network);
    own?.delete(held);
    if (own?.size === 0) this.#byNetwork.delete(held.network);
  }

  /** Ends one of these connections. Returns false if there is none. */
  #giveWay(free: readonly Held[]): boolean {
    const idle = free.filter(({ isIdle }) => isIdle);
    const [held] = (idle.length > 0 ? idle : free).toSorted((a, b) => a.step - b.step);
    if (held === undefined) return false;
    this.#leave(held);
    held.raw.destroy();
    return true;
  }

  /** The connections that may be ended, of the address that has the most of them. Held connections do not count. */
  #mostFree(): readonly Held[] {
    return [...this.#byNetwork.values()].map(freeOf).reduce((most, own) => (own.length > most.length ? own : most), []);
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(' ');
}

function freeOf(own: ReadonlySet<Held>): readonly Held[] {
  return [...own].filter(({ socket }) => !IN_USE.has(socket));
}

/**
 * The text that counts as one address: an IPv4 address, also if it is written as IPv6; the first 64 bits of an IPv6
 * address.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIPv4(address) || !address.includes(':')) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const all = [...first, ...Array.from({ length: zeros }, () => '0'), ...last];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
