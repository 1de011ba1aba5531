/** The terminal, npx and the launcher may each deliver the same Ctrl-C; signals within this time count once. */
const SAME_INTERRUPT_MS = 500;

/**
 * Handles SIGINT and SIGTERM from now on: the first aborts the returned signal. The process ends `withinMs` later at the
 * latest, or at once at the second interruption.
 */
export function interruptible(withinMs: number): AbortSignal {
  const interrupted = new AbortController();
  let firstMs: number | null = null;
  const onSignal = () => {
    if (firstMs === null) {
      firstMs = performance.now();
      setTimeout(end, withinMs).unref();
      interrupted.abort();
    } else if (performance.now() - firstMs > SAME_INTERRUPT_MS) {
      end();
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return interrupted.signal;
}

/**
 * `process.exit` waits for calls of the file system that are under way, and opening a pipe without a writer never
 * returns. The default of the signal waits for nothing; a shell tells of it as exit code 130.
 */
function end(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
