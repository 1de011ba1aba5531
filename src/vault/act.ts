import type { Hex } from '../core/bytes.ts';
import type { EntryDraft } from '../core/log/entry.ts';
import { isEnd, releaseOf } from '../core/state/lifecycle.ts';
import type { Facts } from '../core/state/state.ts';
import type { Batch, TokenRow } from './ports.ts';

/** The rows that the store writes together with the entries of an act. */
export type Alongside = Partial<Omit<Batch, 'entries' | 'tiles' | 'checkpoint' | 'erase'>>;

/** One act of a use case: the entries that the recorder writes in one transaction. */
interface Act extends Alongside {
  readonly drafts: readonly EntryDraft[];
  /** The time of the entries, in milliseconds since the epoch. The wall clock's time if absent. */
  readonly timeMs?: number;
  /**
   * Computes the consequence of the facts after `drafts`. The recorder writes it in the same transaction. Await `pause`
   * before each step that may take long: an urgent act goes first there, and this act starts again.
   */
  readonly follow?: (facts: Facts, timeMs: number, pause: Pause) => Promise<Consequence | null>;
}

export type Pause = () => Promise<void>;

/** The entries that an act causes, and the tokens that go with them. */
export interface Consequence {
  readonly drafts: readonly EntryDraft[];
  readonly tokens: readonly TokenRow[];
}

/** Decides on an act by the facts of its turn; null before genesis. The recorder may call it again. */
export type Decide = (facts: Facts | null) => Act | Promise<Act>;

/** Whether an entry grants something: a release, or a vote for a release or a change. */
export function isGrant(draft: EntryDraft): boolean {
  return draft.kind === 'release' || (draft.kind === 'approval' && draft.body.decision === 'approve');
}

/** The releases that these drafts have ended. The same transaction erases the rows that are kept for their hosts. */
export function endedReleases({ proposals }: Facts, drafts: readonly EntryDraft[]): readonly Hex[] {
  return drafts.flatMap(proposalsIn).filter((digest) => {
    const release = releaseOf({ proposals }, digest);
    return release !== null && isEnd(release.phase);
  });
}

function proposalsIn(draft: EntryDraft): readonly Hex[] {
  switch (draft.kind) {
    case 'approval':
    case 'expiry':
      return [draft.body.proposal];
    case 'stop':
      return [String(draft.body.statement['target'])];
    default:
      return [];
  }
}
