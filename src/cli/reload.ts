import { X509Certificate } from 'node:crypto';
import type { Logger } from 'pino';
import { TwinlockError } from '../core/errors.ts';
import { boundedFaults } from '../operator-log/upkeep-log.ts';
import { validityWarning } from '../tls/files.ts';
import type { ServedTls } from '../tls/served.ts';

const LOOK_EVERY_MS = 60_000;

export interface Reloadable {
  readonly tls: Pick<ServedTls, 'renew'>;
  /** Called with every certificate that is taken up. */
  readonly onRenewed: () => Promise<void>;
  /** Reads the operator's folder anew and logs what is in it; null where there is none. */
  readonly reloadEndorsements: (() => Promise<void>) | null;
}

/**
 * From here on SIGHUP ends nothing. Once `begin` is called it has certificate, key and endorsements read anew, and the
 * certificate is looked at every minute too. What is reloaded is logged, and what cannot be: then the old stays. What
 * the looks find wrong is said once an hour, and every time that a signal asks.
 */
export function reloadOnSignal(logger: Logger, everyMs = LOOK_EVERY_MS): { begin(what: Reloadable): void } {
  let reload = () => logger.info('reload: not serving yet, and what is read is new');
  process.on('SIGHUP', () => reload());
  return {
    begin: ({ tls, onRenewed, reloadEndorsements }) => {
      const onFault = (error: unknown) => logger.error(faultOf(error), 'reload failed: what was there stays');
      const onFaultSometimes = boundedFaults(onFault, { monotonic: () => performance.now() });
      const look = (tell: (error: unknown) => void, isAsked: boolean) => {
        try {
          if (renewTls(tls, logger, isAsked)) onRenewed().catch(tell);
        } catch (error) {
          tell(error);
        }
      };
      reload = () => {
        look(onFault, true);
        reloadEndorsements?.().catch(onFault);
      };
      setInterval(() => look(onFaultSometimes, false), everyMs).unref();
    },
  };
}

/** Whether there was another. */
function renewTls(tls: Reloadable['tls'], logger: Logger, isAsked: boolean): boolean {
  const renewed = tls.renew();
  if (renewed === null) {
    if (isAsked) logger.info('certificate: nothing new');
    return false;
  }
  const { fingerprint256, validTo } = new X509Certificate(renewed.cert);
  const sha256 = fingerprint256.replaceAll(':', '').toLowerCase();
  logger.info({ sha256, until: new Date(validTo).toISOString() }, 'certificate renewed');
  const warning = validityWarning(renewed, Date.now());
  if (warning !== null) logger.warn(warning);
  return true;
}

/** A fault of this program with its stack; what has a code says by itself what to do. */
export function faultOf(error: unknown): object {
  const hasAdvice = error instanceof TwinlockError && error.code !== 'internal';
  return hasAdvice ? { code: error.code, error: error.message } : { err: error };
}
