import { Presets, SingleBar } from 'cli-progress';
import { jsonText, printable } from '../../src/command-line/printable.ts';
import type { TwinlockError } from '../../src/core/errors.ts';
import { roundedBytes } from '../display/exact.ts';

/** Milliseconds between two lines of progress where there is no terminal to draw a bar on. */
const LINE_EVERY_MS = 5000;

interface Progress {
  update(done: number, total: number): void;
  /** Must be called when the work ends, also when it has failed. */
  end(): void;
}

/** The output of a command: its result on standard output, everything else on standard error. */
export interface Terminal {
  readonly json: boolean;
  /** Prints the result, once: a document with --json, else lines. */
  result(document: object, lines: readonly string[]): void;
  /** Prints a line for the person who watches; nothing with --json. */
  note(line: string): void;
  /** Shows a bar on a terminal, or a line every 5 seconds elsewhere; nothing with --json. */
  progress(what: string, unit: 'bytes' | 'entries'): Progress;
  failure(error: TwinlockError): void;
}

export interface Streams {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export function openTerminal(json: boolean, { out, err }: Streams): Terminal {
  return {
    json,
    result: (document, lines) => {
      out.write(json ? `${jsonText(document)}\n` : lines.map((line) => `${printable(line)}\n`).join(''));
    },
    note: (line) => {
      if (!json) err.write(`${printable(line)}\n`);
    },
    progress: (what, unit) => {
      if (json) return { update: () => undefined, end: () => undefined };
      return err.isTTY === true ? drawnProgress(what, unit, err) : toldProgress(what, unit, err);
    },
    failure: ({ code, message, detail }) => {
      const line = json ? jsonText({ error: { code, message, detail } }) : printable(`twinlock: ${message} (${code})`);
      err.write(`${line}\n`);
    },
  };
}

function drawnProgress(what: string, unit: 'bytes' | 'entries', stream: NodeJS.WritableStream): Progress {
  const bar = new SingleBar(
    {
      stream,
      format: `${what} [{bar}] {percentage}% | {amount}{left}`,
      hideCursor: true,
      gracefulExit: false,
    },
    Presets.legacy,
  );
  let first: { readonly done: number; readonly atMs: number } | null = null;
  return {
    update(done, total) {
      if (total === 0) return;
      const nowMs = performance.now();
      const since = first ?? { done, atMs: nowMs };
      const left = leftText(done - since.done, total - done, nowMs - since.atMs);
      const payload = { amount: amountOf(done, total, unit), left };
      if (first === null) bar.start(total, done, payload);
      else bar.setTotal(total);
      first = since;
      bar.update(done, payload);
    },
    end() {
      if (first !== null) bar.stop();
    },
  };
}

/**
 * Estimates the time left, once a hundredth is done: small files at the beginning say little about large ones after
 * them.
 */
function leftText(done: number, left: number, elapsedMs: number): string {
  if (left === 0 || done * 100 < done + left) return '';
  const seconds = Math.ceil((elapsedMs * left) / done / 1000);
  return seconds < 120 ? ` | ${seconds} s left` : ` | ${Math.ceil(seconds / 60)} min left`;
}

function toldProgress(what: string, unit: 'bytes' | 'entries', stream: NodeJS.WritableStream): Progress {
  let toldAt = performance.now();
  return {
    update(done, total) {
      if (performance.now() - toldAt < LINE_EVERY_MS) return;
      toldAt = performance.now();
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      stream.write(`${what}: ${percent}%, ${amountOf(done, total, unit)}\n`);
    },
    end: () => undefined,
  };
}

function amountOf(done: number, total: number, unit: 'bytes' | 'entries'): string {
  if (unit === 'entries') return `${done} of ${total} entries`;
  return `${roundedBytes(done)} of ${roundedBytes(total)}`;
}
