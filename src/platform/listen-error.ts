import { TwinlockError } from '../core/errors.ts';
import { systemError, systemName } from './files/system-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EACCES: 'this user may not listen there, as on a port below 1024 without CAP_NET_BIND_SERVICE',
  EPERM: 'this user may not listen there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no addresses of this kind',
  ENOTFOUND: 'no such host name is known here',
};

/** Why a server does not listen there, and what to do `next`: `usage`, else as `systemError`. */
export function listenError(error: unknown, next: string, address: string): unknown {
  const name = systemName(error) ?? '';
  const reason = REASONS[name];
  if (reason !== undefined) {
    const message = `cannot listen on ${address}: ${reason} (${name}): ${next}`;
    return new TwinlockError('usage', message, { cause: name }, { cause: error });
  }
  if (name.startsWith('EAI_')) {
    const message = `cannot listen on ${address}: the resolver of host names does not answer (${name}): try again later`;
    return new TwinlockError('unavailable', message, { cause: name }, { cause: error });
  }
  return systemError(error, `listening on ${address}`);
}
