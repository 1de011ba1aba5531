import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { boundedLog } from '../../src/http/access-log.ts';
import { Connections, holdSocket, networkOf } from '../../src/sockets/connections.ts';
import { CONNECTIONS_AN_ADDRESS, REFUSED_LINES_A_MINUTE, SERVED_LINES_A_MINUTE } from '../../src/vault/limits.ts';
import { openVault } from '../world/vault/vault.ts';
import { ask as askVault } from './ask.ts';

vi.setConfig({ testTimeout: 60_000 });

const open: Socket[] = [];
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  for (const close of closing.splice(0)) await close();
});

/** A connection that says nothing, and whether it still stands. */
function silent(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => resolve(socket));
    socket.on('error', reject);
    open.push(socket);
  });
}

describe('Connections', () => {
  async function serve(maxPerAddress: number, maxCount: number) {
    const server: Server = createServer();
    const accepted = new Map<number, Socket>();
    const connections = new Connections({ maxPerAddress, maxCount });
    connections.watch(server);
    server.on('connection', (socket) => accepted.set(socket.remotePort ?? 0, socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of accepted.values()) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as { port: number };
    const enter = async (address?: string) => {
      const socket = await silent(port, address);
      const own = socket.localPort ?? 0;
      await vi.waitFor(() => expect(accepted.has(own)).toBe(true));
      return { socket, held: accepted.get(own) as Socket };
    };
    return { server, connections, enter };
  }
  const isOpen = ({ held }: { held: Socket }) => !held.destroyed;

  test('an address with no place left gives up its oldest connection, and no other address’s', async () => {
    const { connections, enter } = await serve(3, 100);
    const other = await enter('127.0.0.2');
    const own = [await enter(), await enter(), await enter(), await enter(), await enter()];
    expect(own.map(isOpen)).toEqual([false, false, true, true, true]);
    expect(isOpen(other)).toBe(true);
    expect(connections.count).toBe(4);
  });

  test('where there is none left at all, the address that has the most gives one up', async () => {
    const { connections, enter } = await serve(100, 5);
    const [first, second] = [await enter('127.0.0.2'), await enter('127.0.0.3')];
    const many = [await enter(), await enter(), await enter()];
    const late = await enter('127.0.0.4');
    expect([first, second, late].map(isOpen)).toEqual([true, true, true]);
    expect(many.map(isOpen)).toEqual([false, true, true]);
    expect(connections.count).toBe(5);
  });

  /** Asks on it; returns how to answer. */
  const ask = (server: Server, { held }: { held: Socket }) => {
    const outgoing = new EventEmitter();
    server.emit('request', { socket: held }, outgoing);
    return () => outgoing.emit('close');
  };

  test('one that was answered gives way before a newcomer, first the one that has been idle longest', async () => {
    const { server, enter } = await serve(3, 100);
    const [first, second] = [await enter(), await enter()];
    const answers = [first, second].map((one) => ask(server, one));
    for (const answer of answers.reverse()) answer();
    const newcomers = [await enter(), await enter()];
    expect([first, second, ...newcomers].map(isOpen)).toEqual([true, false, true, true]);
    const third = await enter();
    expect([first, ...newcomers, third].map(isOpen)).toEqual([false, true, true, true]);
  });

  test('then the one gives way that has come no further for longest, in every state', async () => {
    const { server, enter } = await serve(3, 100);
    const [half, silent, asks] = [await enter(), await enter(), await enter()];
    ask(server, half);
    ask(server, asks);
    const newcomers = [await enter(), await enter()];
    expect([half, silent, asks, ...newcomers].map(isOpen)).toEqual([false, false, true, true, true]);
  });

  test('a connection on which somebody who was let in is answered never gives way, and then does', async () => {
    const { enter } = await serve(1, 100);
    const held = await enter();
    const release = holdSocket(held.held);
    const refused = await enter();
    expect([held, refused].map(isOpen)).toEqual([true, false]);
    release();
    const next = await enter();
    expect([held, next].map(isOpen)).toEqual([false, true]);
  });

  test('where those of the largest address are held, one of another address gives way, and the newcomer stays', async () => {
    const { server, enter } = await serve(100, 6);
    const held = [await enter('127.0.0.2'), await enter('127.0.0.2'), await enter('127.0.0.2')];
    for (const one of held) holdSocket(one.held);
    const idle = [await enter('127.0.0.3'), await enter('127.0.0.4'), await enter('127.0.0.4')];
    for (const one of idle) ask(server, one)();
    const newcomer = await enter('127.0.0.5');
    expect([...held, ...idle, newcomer].map(isOpen)).toEqual([true, true, true, true, false, true, true]);
  });

  test('what is held does not count: who crowds others out gives way, not who is being answered', async () => {
    const { enter } = await serve(100, 6);
    const held = [await enter('127.0.0.2'), await enter('127.0.0.2'), await enter('127.0.0.2')];
    for (const one of held) holdSocket(one.held);
    const next = await enter('127.0.0.2');
    const crowd = [await enter('127.0.0.3'), await enter('127.0.0.3')];
    const newcomer = await enter('127.0.0.4');
    expect([...held, next, ...crowd, newcomer].map(isOpen)).toEqual([true, true, true, true, false, true, true]);
  });

  /** Of what a socket is to `Connections`. */
  class Entered extends EventEmitter {
    readonly localAddress = '2001:db8:1::1';
    readonly localPort = 8443;
    readonly remotePort = 5000;
    readonly remoteAddress: string;
    destroyed = false;
    constructor(remoteAddress: string) {
      super();
      this.remoteAddress = remoteAddress;
    }
    destroy() {
      this.destroyed = true;
      this.emit('close');
    }
  }

  test('addresses of one network that have the same port count each, give way, and are not counted once gone', () => {
    const server = new EventEmitter();
    const connections = new Connections({ maxPerAddress: 3, maxCount: 4 });
    connections.watch(server as Server);
    const enter = (address: string) => {
      const socket = new Entered(address);
      server.emit('connection', socket);
      return socket;
    };
    const open = (sockets: readonly Entered[]) => sockets.map(({ destroyed }) => !destroyed);
    const own = ['1', '2', '3', '4', '5'].map((last) => enter(`2001:db8::${last}`));
    expect(open(own)).toEqual([false, false, true, true, true]);
    const others = [enter('192.0.2.1'), enter('192.0.2.2')];
    expect(open([...own, ...others])).toEqual([false, false, false, true, true, true, true]);
    expect(connections.count).toBe(4);
    for (const socket of [...own, ...others]) socket.destroy();
    expect(connections.count).toBe(0);
  });

  test('one address that reaches two of the server’s from one port has two connections, each held by itself', async () => {
    const vault = await openVault();
    closing.push(() => vault.close());
    const [key, cert] = ['tls.key', 'tls.crt'].map((name) => readFileSync(join(vault.prepared.dataDir, name)));
    const held = vi.fn(({ socket }: IncomingMessage) => void holdSocket(socket));
    const server = createTlsServer({ key, cert }, held);
    const connections = new Connections({ maxPerAddress: 2, maxCount: 100 });
    connections.watch(server);
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const enter = async (host: string, localPort?: number) => {
      const isIn = once(server, 'connection');
      const socket = connect({ port, host, localAddress: '127.0.0.1', localPort });
      socket.on('error', () => undefined);
      open.push(socket);
      await isIn;
      return socket;
    };
    const asks = await enter('127.0.0.1');
    const silent = await enter('127.0.0.2', asks.localPort);
    const [tls] = [asks, silent].map((socket) => connectTls({ socket }).on('error', () => undefined));
    tls?.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await vi.waitFor(() => expect(held).toHaveBeenCalledOnce());
    const newcomers = [await enter('127.0.0.1'), await enter('127.0.0.1')];
    await vi.waitFor(() => expect([silent, newcomers[0]].map((socket) => socket?.destroyed)).toEqual([true, true]));
    expect([asks, newcomers[1]].map((socket) => socket?.destroyed)).toEqual([false, false]);
    expect(connections.count).toBe(2);
  });

  test('what has gone is not counted', async () => {
    const { connections, enter } = await serve(2, 100);
    for (let i = 0; i < 5; i++) {
      const { socket, held } = await enter();
      socket.destroy();
      await vi.waitFor(() => expect(held.destroyed).toBe(true));
    }
    await vi.waitFor(() => expect(connections.count).toBe(0));
  });
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
  ['2001:db8::9', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('1,100 connections that say nothing do not block the health check', async () => {
  const vault = await openVault();
  closing.push(() => vault.close());
  const port = Number(new URL(vault.baseUrl).port);
  for (let i = 0; i < 1100; i++) await silent(port);
  await vi.waitFor(() => expect(vault.daemon.connections.count).toBeLessThanOrEqual(CONNECTIONS_AN_ADDRESS));
  expect((await askVault(vault.baseUrl, { path: '/healthz' })).status).toBe(200);
  // None of them has done a TLS handshake, so all of them go.
  await vi.waitFor(() => expect(vault.daemon.connections.count).toBeLessThan(50), { timeout: 20_000 });
});

test('an access log writes so many lines a minute of a kind, and counts the others', () => {
  let nowMs = 0;
  const lines: unknown[] = [];
  const log = boundedLog((line) => lines.push(line), { monotonic: () => nowMs });
  const line = { method: 'GET', path: `/${'a'.repeat(10_000)}`, ms: 0 };
  for (let i = 0; i < 1000; i++) log({ ...line, status: 400, error: 'malformed' });
  expect(lines).toHaveLength(30);
  expect(JSON.stringify(lines[0]).length).toBeLessThan(300);
  log({ ...line, status: 401, error: 'unauthenticated' });
  expect(lines).toHaveLength(31);
  for (let i = 0; i < 1000; i++) log({ ...line, status: 500, error: new Error(`of the ${i}th`) });
  expect(lines).toHaveLength(61);
  nowMs += 60_000;
  log({ ...line, status: 400, error: 'malformed' });
  expect(lines.at(-1)).toMatchObject({ status: 400, leftOut: 970 });
  log({ ...line, status: 400, error: 'malformed' });
  expect(lines.at(-1)).not.toHaveProperty('leftOut');
});

test('an access log writes more of what was served, and not without end', () => {
  let count = 0;
  const log = boundedLog(() => count++, { monotonic: () => 0 });
  for (let i = 0; i < 5000; i++) log({ method: 'GET', path: '/v1/vault', status: 200, ms: 0 });
  expect(count).toBe(SERVED_LINES_A_MINUTE);
});

test('an access log counts its minutes by a clock that cannot be set', () => {
  const clocks = { now: () => clocks.wallMs, monotonic: () => clocks.monotonicMs, wallMs: 0, monotonicMs: 0 };
  let count = 0;
  const log = boundedLog(() => count++, clocks);
  const flood = () => {
    for (let i = 0; i < 100; i++) log({ method: 'GET', path: '/', status: 404, ms: 0, error: 'not_found' });
  };
  flood();
  expect(count).toBe(REFUSED_LINES_A_MINUTE);
  // Set ahead by a month, it gives no new minute.
  clocks.wallMs += 30 * 24 * 60 * 60_000;
  flood();
  expect(count).toBe(REFUSED_LINES_A_MINUTE);
  // Set back to what it was, it takes none away.
  clocks.wallMs = 0;
  clocks.monotonicMs += 60_000;
  flood();
  expect(count).toBe(2 * REFUSED_LINES_A_MINUTE);
});
