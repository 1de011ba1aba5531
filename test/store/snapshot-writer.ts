import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/core/bytes.ts';
import { decodeState } from '../../src/core/state/snapshot.ts';
import { SnapshotFile } from '../../src/store/snapshot.ts';

/** Writes the snapshot of a state again and again, until it is killed: PATH SEED STATE-FILE. */
const [path = '', seed = '', stateFile = ''] = process.argv.slice(2);
const state = decodeState(readFileSync(stateFile));
const file = new SnapshotFile(path, fromHex(seed));
process.stdout.write('writing\n');
for (;;) await file.write(state);
