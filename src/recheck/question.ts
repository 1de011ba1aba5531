import type { Hex } from '../core/bytes.ts';
import type { Code } from '../core/errors.ts';
import type { Tile } from '../core/log/tiles.ts';

/** The daemon's messages to the thread that verifies the log: take the next page, and report the state at the end. */
export type RecheckQuestion =
  | {
      readonly kind: 'page';
      readonly entries: readonly Uint8Array[];
      readonly objects: ReadonlyMap<Hex, Uint8Array>;
    }
  | { readonly kind: 'state' };

export type RecheckAnswer =
  /** The tiles that the page's entries begin or lengthen. */
  | { readonly kind: 'tiles'; readonly tiles: readonly Tile[] }
  | { readonly kind: 'state'; readonly digest: Hex }
  | {
      readonly kind: 'fault';
      readonly code: Code;
      readonly message: string;
      readonly detail: Record<string, string | number>;
    };
