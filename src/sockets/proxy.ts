import { subscribe } from 'node:diagnostics_channel';
import { setGlobalProxyFromEnv } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { isLoopback } from './loopback.ts';

/** The error for an `HTTPS_PROXY` that names no proxy. It does not repeat the value, which may hold a password. */
export const PROXY_EXPECTED = 'HTTPS_PROXY: expected a URL of the form http://HOST:PORT';

/**
 * Where a proxy closes the connection without an answer to CONNECT, the platform takes it for a connection that was made
 * and lost, and asks for another at once, without end, also when what waited for it has given up: a thousand a second.
 * By another name for the failure, it is told to what waits, which tries again in its own time.
 */
subscribe('undici:client:connectError', (message) => {
  const { error } = message as { readonly error: { code?: unknown } };
  if (error.code === 'UND_ERR_SOCKET') error.code = 'ECONNRESET';
});

/** Hosts that the platform's `fetch` has been told to reach without a proxy. */
const direct = new Set<string>();

/**
 * From here on the platform's `fetch` reaches `url` by the proxy that the environment names for https (`https_proxy` or
 * `HTTPS_PROXY`), with CONNECT: what answers still has to prove by its certificate that it is the host of `url`. Not
 * where `NO_PROXY` has that host, and never for loopback. What is reached by http goes to no proxy. Returns whether the
 * proxy is used; null where it is no http or https URL, and nothing has changed.
 */
export function reachByProxy(url: URL, env: NodeJS.ProcessEnv): boolean | null {
  const named = env['https_proxy'] || env['HTTPS_PROXY'] || null;
  if (named === null) return false;
  const proxy = URL.parse(named);
  if (proxy === null || !/^https?:$/.test(proxy.protocol)) return null;
  const isUsed = !isDirect(url, env['no_proxy'] || env['NO_PROXY'] || '');
  if (!isUsed) direct.add(url.hostname);
  setGlobalProxyFromEnv({ https_proxy: proxy.href, no_proxy: [...direct].join(',') });
  return isUsed;
}

/**
 * Whether `url` is reached without a proxy: loopback, and what `noProxy` lists, separated by commas or spaces: `*`, names
 * (with all names below them), addresses, networks (10.0.0.0/8), each with a port or without.
 */
export function isDirect({ hostname, port, protocol }: URL, noProxy: string): boolean {
  if (isLoopback(hostname)) return true;
  // A name that ends in a dot is the same name.
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', entryPort = ownPort] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [null, entry];
      if (entryPort !== ownPort) return false;
      const bare = name.replace(/^\[|\]$/g, '').replace(/^\*?\.|\.$/g, '');
      return bare === '*' || host === bare || isWithin(host, bare) || (isIP(host) === 0 && host.endsWith(`.${bare}`));
    });
}

function isWithin(host: string, network: string): boolean {
  const [address = '', bits = ''] = network.split('/');
  if (isIP(host) === 0 || isIP(address) !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (isIPv4(host) ? 32 : 128)) return false;
  const list = new BlockList();
  const family = isIPv4(host) ? 'ipv4' : 'ipv6';
  list.addSubnet(address, Number(bits), family);
  return list.check(host, family);
}
