import { KEY_HEADER } from '../key-header.ts';

/** The key of the console is kept in this tab, so that a reload has it too. */
const KEPT = 'twinlock-console-key';

export function keepConsoleKey(key: string): void {
  sessionStorage.setItem(KEPT, key);
}

/** Empty where the page was opened by another address than the console printed: its server says then what to do. */
export function consoleKeyHeader(): Readonly<Record<string, string>> {
  const key = sessionStorage.getItem(KEPT);
  return key === null ? {} : { [KEY_HEADER]: key };
}
