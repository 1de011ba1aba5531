import { type Endorsements, NO_ENDORSEMENTS } from '../core/attest/endorsements.ts';
import type { Evidence } from '../core/attest/evidence.ts';
import type { Find, Needs } from '../core/attest/kit/wanted.ts';
import {
  DEVICES,
  type DeviceReports,
  type DevicesKind,
  PLATFORMS,
  type PlatformId,
  type PlatformReports,
} from '../core/attest/platforms.ts';
import type { Endorser } from '../vault/ports.ts';
import { Finder, type Sources } from './find.ts';

type Endorsed = Omit<Endorsements, 'v' | 'kind'>;
const OF_PLATFORMS: { readonly [Id in PlatformId]: { readonly needs: Needs<PlatformReports[Id], Endorsed> | null } } =
  PLATFORMS;
const OF_DEVICES: { readonly [Kind in DevicesKind]: { readonly needs: Needs<DeviceReports[Kind], Endorsed> | null } } =
  DEVICES;

/** Finds what a host's evidence rests on: vendor certificates, TCB collateral, revocation lists, key sets. */
export function openEndorser(sources: Sources): Endorser {
  const finder = new Finder(sources);
  const find: Find = { find: (wanted, offered) => finder.find(wanted, offered), all };
  return {
    async endorse({ report, gpu }: Evidence, offered: Endorsements): Promise<Endorsements> {
      const ofReport = await endorseReport(report.platform, report, offered, find);
      const ofDevices = gpu === null ? {} : await endorseDevices(gpu.kind, gpu, offered, find);
      return { ...NO_ENDORSEMENTS, ...ofReport, ...ofDevices };
    },
  };
}

async function endorseReport<Id extends PlatformId>(
  platform: Id,
  report: PlatformReports[Id],
  offered: Endorsed,
  find: Find,
): Promise<Endorsed> {
  return (await OF_PLATFORMS[platform].needs?.endorse(report, offered, find)) ?? {};
}

async function endorseDevices<Kind extends DevicesKind>(
  kind: Kind,
  devices: DeviceReports[Kind],
  offered: Endorsed,
  find: Find,
): Promise<Endorsed> {
  return (await OF_DEVICES[kind].needs?.endorse(devices, offered, find)) ?? {};
}

/** As `Promise.all`, but where one fails it waits for the others too: nothing writes to the cache after it threw. */
async function all<T extends readonly unknown[]>(
  works: {
    readonly [I in keyof T]: Promise<T[I]>;
  },
): Promise<readonly [...T]> {
  await Promise.allSettled(works);
  return (await Promise.all(works)) as readonly [...T];
}
