import type { RandomBytes } from '../core/random.ts';

/** The platform's generator; Node's and the browser's are one interface. */
export const platformRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));
