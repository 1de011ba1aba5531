/**
 * Where a pure function gets its randomness: exactly `length` bytes from a cryptographically secure generator,
 * fresh at every call, in a buffer of their own, which the caller may overwrite once it is done with it.
 */
export type RandomBytes = (length: number) => Uint8Array;
