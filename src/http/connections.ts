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
  readonly address: string;
  readonly raw: Socket;
  /** What requests come through: the TLS socket once its handshake is over, or `raw`. */
  socket: Socket;
  /** A request has come. */
  hasAsked: boolean;
}

export interface ConnectionBounds {
  readonly maxCount: number;
  readonly maxPerAddress: number;
}

/**
 * The server's connections, at most so many of one address. A newcomer is always let in: where its address has no
 * place left, a connection of that address gives way, and where there is none left at all, one of the address that
 * has the most. First the oldest that has never asked anything, then the oldest on which nobody who was let in is
 * being answered; where there is none, the newcomer goes.
 */
export class Connections {
  readonly #byAddress = new Map<string, Map<number, Held>>();
  readonly #bounds: ConnectionBounds;
  #count = 0;

  constructor(bounds: ConnectionBounds) {
    this.#bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  /** Watches a server that does not listen yet. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#enter(socket));
    // A TLS socket has the address and port of the one below it.
    server.on('secureConnection', (socket: TLSSocket) => {
      const held = this.#find(socket);
      if (held !== undefined) held.socket = socket;
    });
    server.on('request', ({ socket }: { readonly socket: Socket }) => {
      const held = this.#find(socket);
      if (held !== undefined) held.hasAsked = true;
    });
  }

  #find({ remoteAddress, remotePort }: Socket): Held | undefined {
    return this.#byAddress.get(networkOf(remoteAddress ?? ''))?.get(remotePort ?? 0);
  }

  #enter(raw: Socket): void {
    const { remoteAddress, remotePort } = raw;
    if (remoteAddress === undefined || remotePort === undefined) {
      raw.destroy();
      return;
    }
    const address = networkOf(remoteAddress);
    const own = this.#byAddress.get(address) ?? new Map<number, Held>();
    const isRoom =
      (own.size < this.#bounds.maxPerAddress || this.#giveWay(own)) &&
      (this.#count < this.#bounds.maxCount || this.#giveWay(this.#largest()));
    if (!isRoom) {
      raw.destroy();
      return;
    }
    this.#byAddress.set(address, own);
    const held: Held = { address, raw, socket: raw, hasAsked: false };
    own.set(remotePort, held);
    this.#count++;
    raw.once('close', () => this.#leave(remotePort, held));
  }

  #leave(port: number, held: Held): void {
    const own = this.#byAddress.get(held.address);
    if (own?.get(port) !== held) return;
    own.delete(port);
    this.#count--;
    if (own.size === 0) this.#byAddress.delete(held.address);
  }

  /** Whether one of them could. */
  #giveWay(own: ReadonlyMap<number, Held>): boolean {
    const idle = [...own].filter(([, { socket }]) => !IN_USE.has(socket));
    const [port, held] = idle.find(([, { hasAsked }]) => !hasAsked) ?? idle[0] ?? [];
    if (port === undefined || held === undefined) return false;
    this.#leave(port, held);
    held.raw.destroy();
    return true;
  }

  #largest(): ReadonlyMap<number, Held> {
    return [...this.#byAddress.values()].reduce((most, own) => (own.size > most.size ? own : most), new Map());
  }
}

/** What counts as one address: an IPv4 address, also where it is written as IPv6; of IPv6, the first 64 bits. */
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
