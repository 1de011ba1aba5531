import { concat, fromHex } from '../../../../src/core/bytes.ts';

export const GUIDS = {
  ark: 'c0b406a4a803495297433fb6014cd0ae',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  crl: '92f81bc358114d3d97ffd19f88dc67ea',
} as const;

export interface TableEntry {
  readonly guid: string;
  readonly content: Uint8Array;
  /** Where it is said to be, if not where it is. */
  readonly offset?: number;
}

/** A certificate table as a hypervisor gives it, with bytes after it that count for nothing. */
export function certificateTable(entries: readonly TableEntry[], padding = 0): Uint8Array {
  const head = 24 * (entries.length + 1);
  let at = head;
  const rows = entries.map(({ guid, content, offset }) => {
    const row = new Uint8Array(24);
    row.set(fromHex(guid));
    const view = new DataView(row.buffer);
    view.setUint32(16, offset ?? at, true);
    view.setUint32(20, content.length, true);
    at += content.length;
    return row;
  });
  const contents = entries.map(({ content }) => content);
  return concat(...rows, new Uint8Array(24), ...contents, new Uint8Array(padding));
}
