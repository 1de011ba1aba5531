/** A file in a folder is no event that every system tells of. */
const LOOK_EVERY_MS = 500;

/** Looks again and again until `look` throws, which is told. Returns how to end it, also a look that is under way. */
export function watch(look: (signal: AbortSignal) => Promise<void>, onThrown: (error: unknown) => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const round = () => {
    look(signal).then(
      () => {
        if (!signal.aborted) timer = setTimeout(round, LOOK_EVERY_MS).unref();
      },
      (error: unknown) => {
        if (!signal.aborted) onThrown(error);
      },
    );
  };
  round();
  return () => {
    ending.abort();
    if (timer !== null) clearTimeout(timer);
  };
}
