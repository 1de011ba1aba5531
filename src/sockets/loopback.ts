import { BlockList, isIP, isIPv4 } from 'node:net';

/** With the unspecified addresses, by which a connection reaches this machine too. */
const ADDRESSES = new BlockList();
ADDRESSES.addSubnet('127.0.0.0', 8, 'ipv4');
ADDRESSES.addAddress('0.0.0.0', 'ipv4');
ADDRESSES.addAddress('::1', 'ipv6');
ADDRESSES.addAddress('::', 'ipv6');

/**
 * Whether what answers at a URL's `hostname` is this machine, in every spelling: localhost and the names below it (RFC
 * 6761), with a dot at the end or without, and addresses, those of IPv4 in IPv6 (::ffff:127.0.0.1) too. A name that a
 * resolver gives a loopback address is not known here.
 */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(host) !== 0) return ADDRESSES.check(host, isIPv4(host) ? 'ipv4' : 'ipv6');
  return /^(?:.+\.)?localhost\.?$/.test(host);
}
