import { must } from '../core/errors.ts';
import { leafHash } from '../core/log/merkle.ts';
import { appendToTiles, EMPTY_EDGE, type TileEdge } from '../core/log/tiles.ts';
import { replay } from '../core/state/replay.ts';
import { stateDigest } from '../core/state/snapshot.ts';
import type { State } from '../core/state/state.ts';
import { verifyNode } from '../platform/verify-node.ts';
import type { RecheckAnswer, RecheckQuestion } from './question.ts';

/** Verifies a log from entry 0, page by page. Throws the first fault of the log, with `detail.entry`. */
export function answerer(): (question: RecheckQuestion) => Promise<RecheckAnswer> {
  let state: State | null = null;
  let edge: TileEdge = EMPTY_EDGE;
  return async (question) => {
    if (question.kind === 'state') {
      must(state !== null, 'internal', 'expected a page before the state is asked for');
      return { kind: 'state', digest: stateDigest(state) };
    }
    const { entries, objects } = question;
    const { sound, fault } = await replay(state, entries, objects, verifyNode);
    if (fault !== null) throw fault;
    state = sound.at(-1)?.state ?? state;
    const after = appendToTiles(edge, entries.map(leafHash));
    edge = after.edge;
    return { kind: 'tiles', tiles: after.tiles };
  };
}
