import { Presets, SingleBar } from 'cli-progress';
import type { TwinlockError } from '../../src/core/errors.ts';
import { bytesText, jsonText, printable } from './text.ts';

/** How often a line is printed where there is no terminal to draw a bar on. */
const LINE_EVERY_MS = 5000;

interface Progress {
  update(done: number, total: number): void;
  /** Also where the work has failed. */
  end(): void;
}

/** What a command says: its result on standard output, everything else on standard error. */
export interface Terminal {
  readonly json: boolean;
  /** The one result: a document with --json, else lines. */
  result(document: object, lines: readonly string[]): void;
  /** For whoever watches; nothing with --json. */
  note(line: string): void;
  /** A bar on a terminal, a line now and then elsewhere; nothing with --json. */
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
      format: `${what} [{bar}] {percentage}% | {amount} | {eta_formatted}`,
      hideCursor: true,
      gracefulExit: false,
    },
    Presets.legacy,
  );
  let isStarted = false;
  return {
    update(done, total) {
      const payload = { amount: amountOf(done, total, unit) };
      if (isStarted) bar.setTotal(total);
      else bar.start(total, done, payload);
      isStarted = true;
      bar.update(done, payload);
    },
    end() {
      if (isStarted) bar.stop();
    },
  };
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
  return `${bytesText(done)} of ${bytesText(total)}`;
}
