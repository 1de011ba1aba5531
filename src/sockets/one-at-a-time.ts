import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handler = RequestListener<typeof IncomingMessage, typeof ServerResponse>;

/**
 * Has each connection's requests handled one after the other. HTTP/1.1 lets a client send the next one before it has an
 * answer, and Node begins all of those that it has received: hundreds for the price of one packet, past every bound on
 * connections. No client of ours does that, nor a browser: a connection on which it happens is destroyed, and nothing
 * of the second request is looked at.
 *
 * A client may ask again as soon as it has its answer. Node says only later that the answer was written, over TLS one
 * turn of its loop later. What counts is that the whole answer was handed to Node before the next request arrived.
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
    // Requests of one packet are all begun before the next tick: an answer at once lets no second one in.
    outgoing.once('prefinish', () => process.nextTick(() => underWay.delete(socket)));
    return handler(incoming, outgoing);
  };
}
