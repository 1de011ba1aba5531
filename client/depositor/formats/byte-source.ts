import { must } from '../../../src/core/errors.ts';

/** Bytes of a file, wherever it is. They are attacker-controlled: the maker of the model chose them. */
export interface ByteSource {
  /** The length of the whole file. */
  readonly bytes: number;
  /** Exactly these, which are in the file. */
  read(offset: number, length: number): Uint8Array;
}

/** Characters of a name that an error quotes: names in a header can be as long as the header. */
const NAMED_MAX = 80;

/** A name out of a file, for an error. */
export function quotedName(name: string): string {
  return JSON.stringify(name.length > NAMED_MAX ? `${name.slice(0, NAMED_MAX)}…` : name);
}

/** Throws `malformed` where the file ends before `end`. */
export function requireBytes({ bytes }: ByteSource, end: number | bigint, what: string): void {
  must(end <= bytes, 'malformed', `truncated: ${what} ends at byte ${end}, the file at ${bytes}`);
}
