import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Map as PersistentMap } from 'immutable';
import { expect, test } from 'vitest';
import {
  gpuNonce,
  type HostBinding,
  hostExtraData,
  hostNonce,
  hostReportData,
} from '../../../src/core/attest/evidence.ts';
import { type Request, requestDigest } from '../../../src/core/attest/request.ts';
import { simulatedReportMessage } from '../../../src/core/attest/simulated/report.ts';
import { fromHex, toBase64url, toHex, utf8 } from '../../../src/core/bytes.ts';
import { canonicalBytes, digestOf } from '../../../src/core/canonical.ts';
import { encodeEntry, parseEntry } from '../../../src/core/log/entry.ts';
import { leafHash } from '../../../src/core/log/merkle.ts';
import { ed25519KeyText } from '../../../src/core/signature/key-text.ts';
import { parseRoster, rosterBytes } from '../../../src/core/state/roster.ts';
import type { EnrolledAuthenticator } from '../../../src/core/state/state.ts';
import { comparisonCode } from '../../../src/core/statement/comparison-code.ts';
import { possessionMessage } from '../../../src/core/statement/principal.ts';
import { parseStatement, type StatementOf, statementDigest } from '../../../src/core/statement/statement.ts';
import { chainInputOf, makeChain } from '../../world/authority.ts';
import { POLICY } from '../../world/founding.ts';
import { World } from '../../world/world.ts';

const VAULT = '11'.repeat(32);
const CREATED = 1_767_225_600_000;
const SEED = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const KEY = ed25519KeyText(ed25519.getPublicKey(SEED));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const formatOf = (folder: string) =>
  readFileSync(join(import.meta.dirname, '../../../src/core', folder, 'FORMAT.md'), 'utf8').replace(/\s+/g, '');
const signed = (message: Uint8Array) => toHex(ed25519.sign(message, SEED));

test('the example of a statement is what the code writes', () => {
  const statement: StatementOf<'stop'> = {
    v: 1,
    kind: 'stop',
    vault: VAULT,
    base: '00'.repeat(32),
    nonce: '44'.repeat(32),
    created: CREATED,
    by: { kind: 'principal', key: KEY },
    what: 'release',
    target: '66'.repeat(32),
    reason: 'drill',
  };
  const digest = statementDigest(parseStatement(statement));
  for (const value of [
    text(canonicalBytes(statement)),
    digest,
    comparisonCode(digest, 4).replaceAll(' ', ''),
    comparisonCode(digest, 12).replaceAll(' ', ''),
    signed(possessionMessage({ role: 'requester', name: 'serving', key: KEY })),
  ]) {
    expect(formatOf('statement')).toContain(value);
  }
});

test('the example of an entry is what the code writes', () => {
  const prev = toHex(leafHash(utf8('{}')));
  const bytes = encodeEntry({
    v: 1,
    index: 1,
    time: CREATED + 1000,
    prev,
    grade: 'simulation',
    kind: 'heartbeat',
    body: {},
  });
  for (const value of [text(bytes), toHex(leafHash(bytes))]) expect(formatOf('log')).toContain(value);
});

test('the example of evidence is what the code computes', () => {
  const request: Request = {
    v: 1,
    kind: 'request',
    vault: VAULT,
    requester: KEY,
    model: 'acme/ocr',
    version: '1',
    purpose: 'serving',
    hosts: 1,
    nonce: '77'.repeat(32),
    created: CREATED,
  };
  const binding: HostBinding = {
    vault: VAULT,
    request,
    checkpoint: { origin: 'tl-abcdefgh01234567.localhost/log', size: 2, root: '88'.repeat(32) },
    random: '99'.repeat(32),
    kem: toBase64url(new Uint8Array(1216)),
    receiptKey: KEY,
    gpu: null,
  };
  const reportData = hostReportData(binding);
  for (const value of [
    requestDigest(request),
    toHex(hostNonce(binding)),
    toHex(reportData),
    toHex(hostExtraData(binding)),
    toHex(gpuNonce(binding)),
    signed(simulatedReportMessage({ chip: KEY, measurement: 'a5'.repeat(32), reportData: toBase64url(reportData) })),
  ]) {
    expect(formatOf('attest')).toContain(value);
  }
});

test('the example of a roster is what the code writes', () => {
  const person = '22'.repeat(16);
  const facts = {
    committee: { id: '33'.repeat(16), epoch: 1, threshold: 2, members: [] },
    policy: { digest: '66'.repeat(32), document: POLICY },
    authenticators: PersistentMap(
      [
        { credential: 'AAAB', retiredAt: null },
        { credential: 'AAAC', retiredAt: 7 },
        { credential: 'AAAA', retiredAt: null },
      ].map((one) => [one.credential, one as EnrolledAuthenticator] as const),
    ),
    stopped: null,
    resumptions: [VAULT],
    heard: PersistentMap([[person, VAULT]]),
  };
  const bytes = rosterBytes(facts);
  expect(parseRoster(bytes)).toMatchObject({ groups: POLICY.groups, heard: [{ person, resumption: VAULT }] });
  for (const value of [text(bytes), digestOf(bytes)]) expect(formatOf('state')).toContain(value);
});

test('the example of an authority chain is the one that this story has', async () => {
  const world = await World.found();
  const [ana, ben, cleo] = [world.founder('ana'), world.founder('ben'), world.founder('cleo')];
  const deposit = await world.deposit();
  await world.deposit({ version: '2' });
  await world.publish(deposit, ana, ben);
  await world.append({ kind: 'heartbeat', body: {} });
  const release = await world.release(await world.ask(deposit), ben, cleo);
  await world.append({ kind: 'heartbeat', body: {} });
  const chain = makeChain(chainInputOf(world, release));
  const indices = chain.entries.map((entry) => parseEntry(utf8(entry.text)).index);
  const sizes = chain.prefixes.map(({ size }) => size).sort((a, b) => a - b);
  expect(world.log.map((bytes) => parseEntry(bytes).kind).join(' ')).toBe(
    'genesis deposit deposit receipt receipt proposal approval approval heartbeat proposal approval approval release heartbeat',
  );
  expect(formatOf('state')).toContain(`theentries${indices.join('')}andtheprefixesofsizes${sizes.join('')},`);
  await world.changePolicy({ veto: true }, ana, ana, ben);
  const under = await world.release(await world.ask(deposit), ben, cleo);
  const longer = makeChain(chainInputOf(world, under)).entries.map(({ text }) => parseEntry(utf8(text)).index);
  expect(formatOf('state')).toContain(`theentries${longer.join('')}.`);
});
