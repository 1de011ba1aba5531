import { utf8 } from '../../../../src/core/bytes.ts';
import type { EntryDraft } from '../../../../src/core/log/entry.ts';
import { founded, published, unfounded } from '../stages.ts';
import { type Attempt, type BrokenRule, MINUTE_MS, OTHER, rulesAt } from './broken.ts';

const HEARTBEAT: EntryDraft = { kind: 'heartbeat', body: {} };
const chain = rulesAt('state/chain.ts');
const entry = rulesAt('log/entry.ts');
const canonical = rulesAt('canonical.ts');
const json = rulesAt('json.ts');
const judgement = rulesAt('state/judgement.ts');
const objects = rulesAt('state/objects.ts');
const apply = rulesAt('state/apply.ts');

/** Bytes of an entry that says something no draft can. */
async function raw(change: (text: string) => string): Promise<Attempt> {
  const { world } = await founded();
  return [world, utf8(change(new TextDecoder().decode(world.seal(HEARTBEAT))))];
}

/** An object that is not the one its name says. */
async function swapped(kind: 'missing' | 'other'): Promise<Attempt> {
  const { world } = await founded();
  const deposit = await world.makeDeposit();
  const objects = new Map(world.objects);
  if (kind === 'missing') objects.delete(deposit.manifest);
  else objects.set(deposit.manifest, utf8('{}'));
  return [world, world.draftDeposit(deposit), { objects }];
}

export const LOG: readonly BrokenRule[] = [
  chain('index_gap', 'an entry that leaves an index out', async () => {
    const { world } = await founded();
    return [world, HEARTBEAT, { index: 2 }];
  }),
  chain('index_gap', 'an entry with the index of the last one', async () => {
    const { world } = await founded();
    return [world, HEARTBEAT, { index: 0 }];
  }),
  chain('prev_mismatch', 'an entry that follows another one', async () => {
    const { world } = await founded();
    return [world, HEARTBEAT, { prev: OTHER }];
  }),
  entry('unsupported_version', 'an entry of a version that is not known', async () => {
    const { world } = await founded();
    return [world, HEARTBEAT, { v: 2 }];
  }),
  entry('unknown_kind', 'an entry of a kind that is not known', () =>
    raw((text) => text.replace('heartbeat', 'hasOwn')),
  ),
  canonical('too_large', 'an entry of more than 65,535 bytes', () => raw((text) => text.padEnd(65_536))),
  canonical('not_canonical', 'an entry with white space', () => raw((text) => text.replace(':', ': '))),
  canonical('not_canonical', 'an entry with a repeated member', () => raw((text) => text.replace('{', '{"v":1,'))),
  json('malformed', 'bytes after the entry', () => raw((text) => `${text}{}`)),
  json('malformed', 'an entry cut short', () => raw((text) => text.slice(0, -1))),
  rulesAt('schema.ts')('malformed', 'an entry with a member that is not known', () =>
    raw((text) => text.replace('"body":{}', '"body":{"x":1}')),
  ),
  rulesAt('schema.ts')('malformed', 'an entry without prev', () => raw((text) => text.replace(/"prev":"\w+",/, ''))),
  rulesAt('schema.ts')('malformed', 'a statement with a member called __proto__', async () => {
    const { world, ana } = await founded();
    const draft = await world.draftStop(world.stop('all', '00'.repeat(32), ana));
    const text = new TextDecoder().decode(world.seal(draft));
    return [world, utf8(text.replace('"statement":{', '"statement":{"__proto__":{"hidden":"1"},'))];
  }),
  objects('object_missing', 'an entry whose object is not there', () => swapped('missing')),
  objects('object_mismatch', 'an object with other bytes than its digest', () => swapped('other')),
  objects('object_missing', 'a release whose evidence is not there', async () => {
    const { world, deposit } = await published();
    const { statement, hosts } = await world.ask(deposit);
    const objects = new Map(world.objects);
    objects.delete(hosts[0]?.named.evidence ?? '');
    return [world, await world.draftProposal(statement), { objects }];
  }),
  objects('object_missing', 'a release whose appraisal is not there', async () => {
    const { world, deposit } = await published();
    const { statement, hosts } = await world.ask(deposit);
    const objects = new Map(world.objects);
    objects.delete(hosts[0]?.named.appraisal ?? '');
    return [world, await world.draftProposal(statement), { objects }];
  }),
  judgement('clock_skew', 'a statement from more than 5 minutes ahead', async () => {
    const { world, ana } = await founded();
    const statement = world.principal(world.founding.auditor.record, ana, { created: world.now + 5 * MINUTE_MS + 1 });
    return [world, await world.draftProposal(statement)];
  }),
  judgement('clock_skew', 'a statement from more than 5 minutes ago', async () => {
    const { world, ana } = await founded();
    const statement = world.principal(world.founding.auditor.record, ana, { created: world.now - 5 * MINUTE_MS - 1 });
    return [world, await world.draftProposal(statement)];
  }),
  apply('wrong_grade', 'an entry of another grade than the vault', async () => {
    const { world } = await founded();
    return [world, HEARTBEAT, { grade: 'production' }];
  }),
  rulesAt('schema.ts')('malformed', 'an entry of a grade that is not known', () =>
    raw((text) => text.replace('"grade":"simulation"', '"grade":"staging"')),
  ),
  apply('wrong_genesis', 'a log that begins with something else than genesis', async () => {
    const { world } = await unfounded();
    return [world, HEARTBEAT];
  }),
  apply('wrong_genesis', 'a second genesis', async () => {
    const { world } = await founded();
    const { statement } = world.founding;
    return [world, { kind: 'genesis', body: { statement, signatures: [] } }];
  }),
];
