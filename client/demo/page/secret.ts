/**
 * What the console's server asks before its simulated key answers: taken out of the address, `#key=…`, at once, and kept
 * in this tab, so that a reload has it too.
 */
const KEPT = 'twinlock-demo-key';

const given = /^#key=([0-9a-f]{64})$/.exec(location.hash)?.[1];
if (given !== undefined) {
  sessionStorage.setItem(KEPT, given);
  history.replaceState(null, '', '/');
}

/** Null where the page was opened by another address than the demo printed. */
export const secret: string | null = sessionStorage.getItem(KEPT);
