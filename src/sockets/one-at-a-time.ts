import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handler = RequestListener<typeof IncomingMessage, typeof ServerResponse>;

/**
 * Has each connection's requests handled one after the other. HTTP/1.1 lets a client send the next one before it has an
 * answer, and Node begins all of those that it has received: hundreds for the price of one packet, past every bound on
 * connections. No client of ours does that, nor a browser: a connection on which it happens is destroyed, and nothing
 * of the second request is looked at.
 */
export function oneAtATime(): (handler: Handler) => Handler {
  const underWay = new WeakSet<Socket>();
  return (handler) => (incoming, outgoing) => {
    const { socket } = incoming;
    // Node goes on with what it has received after the connection has been destroyed.
    if (socket.destroyed) return;
    if (underWay.has(socket)) {
      socket.destroy();
      return;
    }
    underWay.add(socket);
    outgoing.once('close', () => underWay.delete(socket));
    return handler(incoming, outgoing);
  };
}
