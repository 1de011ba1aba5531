import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NrasToken, TrustAuthorityToken } from '../../../../client/host/collectors/token.ts';
import { NO_ENDORSEMENTS } from '../../../../src/core/attest/endorsements.ts';
import { toBase64, toHex } from '../../../../src/core/bytes.ts';
import { nrasTokens, trustAuthorityToken } from '../../../platforms/token.ts';
import { openPrograms, type Programs } from './programs.ts';

const DATA = { reportData: new Uint8Array(64).fill(0xfb), extraData: new Uint8Array(32) };
const NONCE = new Uint8Array(32).fill(0x6e);

let programs: Programs;
beforeEach(() => {
  programs = openPrograms();
});
afterEach(() => programs.close());

function printing(text: string): string {
  writeFileSync(programs.path('printed'), text);
  return programs.make('token', 'cat $HERE/printed');
}

test("a token of Intel's service stands for the CPU's report, for the data that it was asked for", async () => {
  const report = trustAuthorityToken(DATA.reportData);
  const command = [printing(`${report.token}\n`), 'token', '--data={reportData}'];
  expect(await new TrustAuthorityToken(command).report(DATA)).toEqual({ report, endorsements: NO_ENDORSEMENTS });
  expect(programs.lastCall('token')).toEqual(['token', `--data=${toBase64(DATA.reportData)}`]);
});

test("tokens of NVIDIA's service stand for the GPUs' evidence, for the nonce that they were asked for", async () => {
  const evidence = nrasTokens(NONCE, { gpus: 2 });
  const devices = Object.fromEntries(evidence.devices.map(({ name, token }) => [name, token]));
  const command = [printing(JSON.stringify([['JWT', evidence.overall], devices])), '{nonce}'];
  expect(await new NrasToken(command).gpu(NONCE)).toEqual(evidence);
  expect(programs.lastCall('token')).toEqual([toHex(NONCE)]);
});

test('refuses a command that would not be told what to bind', () => {
  const usage = expect.objectContaining({ code: 'usage' });
  expect(() => new TrustAuthorityToken(['token', '--quiet'])).toThrow(usage);
  expect(() => new TrustAuthorityToken(['{reportData}'])).toThrow(usage);
  expect(() => new TrustAuthorityToken([])).toThrow(usage);
  expect(() => new NrasToken(['token', '{reportData}'])).toThrow(usage);
});

test.each(['', 'error: no quote\n', 'a.b', 'trace id 1\na.b.c'])(
  'refuses a command that prints %j and no token',
  async (text) => {
    const command = [printing(text), '{reportData}{nonce}'];
    await expect(new TrustAuthorityToken(command).report(DATA)).rejects.toMatchObject({ code: 'malformed' });
    await expect(new NrasToken(command).gpu(NONCE)).rejects.toMatchObject({ code: 'malformed' });
  },
);
