import type { Command } from 'commander';
import { fromUtf8, utf8 } from '../../src/core/bytes.ts';
import { must, TwinlockError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { personName, thingName } from '../../src/core/name/name.ts';
import { modelScope, parseAs } from '../../src/core/schema.ts';
import { createFile, requireUnused } from '../../src/platform/files/durable.ts';
import { readInput } from '../../src/platform/files/input.ts';
import { platformRandom } from '../../src/platform/random.ts';
import { type PrincipalInvitation, parsePrincipalInvitation } from '../../src/wire/principal-invitation.ts';
import { type PrincipalKey, principalKey, principalRecordOf } from '../principal/principal.ts';
import { MAX_RECORD_BYTES, readPrincipalKey, writePrincipalKey } from '../principal/principal-file.ts';
import { invoke } from './invocation.ts';

interface CreateOptions {
  readonly role: string;
  readonly name: string;
  readonly owner: string;
  readonly models: readonly string[];
}

export function addKey(program: Command): void {
  const key = program
    .command('key')
    .description('makes and shows the keys of machines: depositors, requesters, auditors')
    .addHelpText(
      'after',
      `
Examples:
  twinlock key create serving.key --role requester --name serving --owner carol --models 'acme/*'
  twinlock key show serving.key > serving.json`,
    );
  key
    .command('create <file>')
    .description('makes a key; writes the secret to FILE, and the record that custodians enrol to FILE.json')
    .requiredOption('--role <role>', 'depositor, requester or auditor')
    .requiredOption('--name <name>', 'the name of the machine')
    .requiredOption('--owner <name>', 'the person who is responsible for what the machine does')
    .option('--models <scope…>', '"*", "acme/*" or "acme/ocr"; repeat for more', collect, [])
    .addHelpText(
      'after',
      `
The key may do nothing until it is enrolled: at genesis, with
  twinlockd init --principal FILE.json
or later by a proposal in a custodian's console, which a quorum approves.

Examples:
  twinlock key create serving.key --role requester --name serving --owner carol --models 'acme/*'
  twinlock key create audit.key --role auditor --name audit --owner erin`,
    )
    .action((file: string, options: CreateOptions, command: Command) =>
      invoke(command, async ({ terminal }) => {
        const principal = principalKey(roleOf(options.role), options.name, platformRandom(32));
        const models = options.models.length === 0 && principal.role === 'auditor' ? ['*'] : options.models;
        const record = invitationOf(principal, options.owner, models);
        // Checks both files before it makes the key: a key without its record is useless.
        await requireUnused(
          file,
          `it may be a key in use, which nothing can replace: name another file. ${shown(file)}`,
        );
        await requireUnused(`${file}.json`, `it may be the record of a key in use: name another file. ${shown(file)}`);
        await writePrincipalKey(file, principal);
        await writeRecord(`${file}.json`, record);
        terminal.note(`the secret key is in ${file}: only the machine that uses it needs it`);
        terminal.note(`the record that custodians enrol is in ${file}.json:`);
        terminal.result(record, JSON.stringify(record, null, 2).split('\n'));
      }),
    );
  key
    .command('show <file>')
    .description('prints the record that custodians enrol; it has no secret')
    .addHelpText(
      'after',
      `
Examples:
  twinlock key show serving.key > serving.json`,
    )
    .action((file: string, _options: unknown, command: Command) =>
      invoke(command, async ({ terminal }) => {
        const { key: secret } = await readPrincipalKey(file);
        const record = await readRecord(`${file}.json`);
        must(record.key === secret, 'binding_mismatch', `${file}.json is the record of another key than ${file} has`);
        terminal.result(record, JSON.stringify(record, null, 2).split('\n'));
      }),
    );
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function roleOf(text: string): PrincipalKey['role'] {
  if (text === 'depositor' || text === 'requester' || text === 'auditor') return text;
  throw new TwinlockError('usage', `--role: expected depositor, requester or auditor, got ${text}`);
}

/** The record that a quorum enrols, without the owner's id: the custodian who proposes it chooses the person. */
function invitationOf(principal: PrincipalKey, ownerName: string, models: readonly string[]) {
  parseAs(thingName, principal.name, '--name');
  parseAs(personName, ownerName, '--owner');
  must(
    models.length > 0,
    'usage',
    `expected the models that it may use: give --models 'acme/*', or '*' for all of them`,
  );
  for (const scope of models) parseAs(modelScope, scope, '--models');
  const { owner: _, ...invitation } = principalRecordOf(principal, { owner: '', ownerName, models: [...models] });
  return invitation;
}

function shown(file: string): string {
  return `twinlock key show ${file} says which key it is`;
}

async function writeRecord(path: string, record: PrincipalInvitation): Promise<void> {
  await createFile(path, utf8(`${JSON.stringify(record)}\n`), { mode: 0o644 });
}

async function readRecord(path: string): Promise<PrincipalInvitation> {
  return parsePrincipalInvitation(parseJson(fromUtf8(await readInput(path, MAX_RECORD_BYTES))), path);
}
