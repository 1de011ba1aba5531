/** The terminal, npx and the launcher each pass on one and the same Ctrl-C. */
const SAME_INTERRUPT_MS = 500;

/**
 * From now on, a person interrupts (SIGINT, SIGTERM) what is under way: the signal that is returned aborts. What has not
 * ended `withinMs` after that is ended, and a second interruption ends it at once.
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
