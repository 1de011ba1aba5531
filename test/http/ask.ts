import { request } from 'node:https';
import { expect } from 'vitest';
import { toBase64url } from '../../src/core/bytes.ts';
import type { Vault } from '../world/vault/vault.ts';

/** A request as no client of ours would make it. */
export interface Question {
  readonly method?: string;
  /** Sent as it is: the client does not resolve its dots. */
  readonly path: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string | number>>;
  /** JSON, with bytes in base64url, unless it is text or bytes already. */
  readonly body?: unknown;
  /** Where it comes from: any address of loopback. */
  readonly localAddress?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export function ask(baseUrl: string, question: Question): Promise<Reply> {
  const { method = 'GET', path, token = null, body, localAddress } = question;
  const bytes = bodyBytes(body);
  const isText = body !== undefined && !(body instanceof Uint8Array);
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(isText ? { 'content-type': 'application/json' } : {}),
    ...(bytes === null || question.headers?.['transfer-encoding'] !== undefined
      ? {}
      : { 'content-length': bytes.length }),
    ...question.headers,
  };
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, localAddress, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
      );
    });
    asked.on('error', reject);
    asked.end(bytes ?? undefined);
  });
}

function bodyBytes(body: unknown): Uint8Array | null {
  if (body === undefined) return null;
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body, bytesAsText));
}

/** As our clients send them. */
function bytesAsText(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? toBase64url(value) : value;
}

/** What a refusal must not change: the log, what is stored beside it, the ciphertext. */
export async function snapshotOf({ daemon: { context } }: Pick<Vault, 'daemon'>): Promise<unknown> {
  const { recorder, log, uploads, founding } = context;
  return {
    size: recorder.size,
    stored: await log.size(),
    checkpoint: await log.checkpoint(),
    uploads: await uploads.uploads(),
    enrolments: (await founding.enrolments()).map(({ digest }) => digest),
    signatures: await founding.genesisSignatures(),
  };
}

/** A refusal: its status and stable code, a message that helps, and nothing else has happened. */
export async function expectRefused(
  vault: Pick<Vault, 'daemon' | 'baseUrl'>,
  question: Question,
  status: number,
  code: string,
  says: RegExp = /./,
): Promise<void> {
  const before = await snapshotOf(vault);
  const reply = await ask(vault.baseUrl, question);
  const problem = JSON.parse(reply.body.toString() || '{}') as Record<string, unknown>;
  expect({ status: reply.status, code: problem['code'] }).toEqual({ status, code });
  expect(Object.keys(problem).sort()).toEqual(['code', 'detail', 'message']);
  expect(problem['message']).toMatch(says);
  expect(reply.headers['cache-control']).toBe('no-store');
  expect(await snapshotOf(vault)).toEqual(before);
}
