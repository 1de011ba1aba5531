import * as z from 'zod/mini';
import { must } from '../../errors.ts';
import { parseJson } from '../../json.ts';
import { parseAs } from '../../schema.ts';
import { byNumber, type NrasEvidence, nrasEvidence } from './report.ts';

/** Sixteen devices' tokens and the overall one, as long as they may be. */
const MAX_CHARACTERS = 1 << 19;

/** `[["JWT", overall], {"GPU-0": device, …}]`, or `"SWITCH-0"`: NVIDIA's detached EAT. */
const detachedEat = z.tuple([z.tuple([z.literal('JWT'), z.string()]), z.record(z.string(), z.string())]);

/**
 * NRAS's answer in the form in which evidence carries it, devices in the order of their numbers. Parses
 * attacker-controlled text; throws `too_large` or `malformed`.
 */
export function nrasEvidenceOf(text: string): NrasEvidence {
  must(text.length <= MAX_CHARACTERS, 'too_large', `expected at most ${MAX_CHARACTERS} characters, got ${text.length}`);
  const [[, overall], tokens] = parseAs(detachedEat, parseJson(text), 'nras answer');
  const devices = Object.entries(tokens).map(([name, token]) => ({ name, token }));
  const evidence = parseAs(nrasEvidence, { kind: 'nras', overall, devices }, 'nras answer');
  return { ...evidence, devices: evidence.devices.toSorted((one, other) => byNumber(one.name, other.name)) };
}
