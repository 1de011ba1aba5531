/** A file in a folder is no event that every system tells of. */
const LOOK_EVERY_MS = 500;

/** Looks again and again until `look` throws, which is told. Returns how to end it. */
export function watch(look: () => Promise<void>, onThrown: (error: unknown) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isEnded = false;
  const round = () => {
    look().then(
      () => {
        if (!isEnded) timer = setTimeout(round, LOOK_EVERY_MS).unref();
      },
      (error: unknown) => {
        if (!isEnded) onThrown(error);
      },
    );
  };
  round();
  return () => {
    isEnded = true;
    if (timer !== null) clearTimeout(timer);
  };
}
