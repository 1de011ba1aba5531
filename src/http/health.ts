import type { Context } from '../vault/context.ts';
import type { Unready } from '../vault/readiness.ts';
import type { App } from './env.ts';

const REASONS: Readonly<Record<Unready, string>> = {
  log: 'the log cannot be written: see the daemon’s log',
  fault: 'the log has a fault, and the vault grants nothing: see the daemon’s log, and alert the custodians',
  behind: 'the vault’s clock is behind what custodians have signed: see README, “Clocks”',
  jumped: 'the vault’s clock has jumped since a custodian confirmed it: see README, “Clocks”',
};

/**
 * `/healthz`: the process answers (always 200). `/readyz`: it can also do its work (200, else 503). Both say what is
 * wrong, in lines that every caller may read: the vault does not ask who calls.
 */
export function healthRoutes(app: App, context: Context): void {
  const reasons = () => context.readiness.unready(context).map((reason) => `not ready: ${REASONS[reason]}`);
  app.get('/healthz', (c) => c.text(lines(['ok', ...reasons()])));
  app.get('/readyz', (c) => {
    const found = reasons();
    return found.length === 0 ? c.text('ready\n') : c.text(lines(found), 503);
  });
}

function lines(of: readonly string[]): string {
  return of.map((line) => `${line}\n`).join('');
}
