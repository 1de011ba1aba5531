import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromUtf8, toBase64url } from '../../src/core/bytes.ts';
import { World } from '../world/world.ts';
import { openCoreBrowser, type WithCore } from './core-page.ts';
import { withoutFilters } from './png.ts';
import { unpackChromium } from './unpack-chromium.ts';

/** `npm run screenshot` makes the README's picture of an approval anew, from a log that is the same every time. */

const FILE = join(import.meta.dirname, '../../docs/approval.png');
const WIDTH = 1280;
const FOUNDERS = ['alice', 'bob', 'carol'].map((name, i) => ({ name, index: i + 1 }));
const REASON = 'rollout to the OCR service, OPS-7';

process.env['TZ'] = 'UTC'; // Chromium's, too
const world = await World.found({ founders: FOUNDERS });
const [alice, bob, carol] = FOUNDERS.map(({ name }) => world.founder(name));
if (alice === undefined || bob === undefined || carol === undefined) throw new Error('expected three founders');
const deposit = await world.deposit();
await world.publish(deposit, alice, bob);
const { statement } = await world.ask(deposit, { statement: { reason: REASON } });
const proposal = await world.propose(statement);
await world.approve(proposal, carol);
const objects = [...world.objects].map(([digest, bytes]) => [digest, toBase64url(bytes)] as const);
const log = { entries: world.log.map(fromUtf8), objects: Object.fromEntries(objects) };

const browser = await openCoreBrowser(await unpackChromium());
const page = await browser.open({ width: WIDTH, height: 900 });
await page.evaluate(
  ([carried, digest, nowMs]) =>
    (globalThis as unknown as WithCore).twinlockCore.showApproval(carried, 'bob', digest, nowMs),
  [log, proposal, world.now] as const,
);
// The heading has the focus, whose mark is not for a picture. The statement in full, below, is long.
const height = await page.evaluate(() => {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  const panel = document.querySelector('[aria-label="Compare, then decide"]');
  return Math.ceil(panel?.getBoundingClientRect().bottom ?? 0) + 16;
});
mkdirSync(dirname(FILE), { recursive: true });
const picture = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height } });
writeFileSync(FILE, withoutFilters(picture));
await browser.close();
console.log(FILE);
