import { settle, VirtualClock } from "../codec/virtual-clock.testkit.ts";
import { ClusterLinks, LINK_LIMITS, type LinkLimits } from "./cluster-links.ts";
import { Handlers } from "./handlers.ts";
import type { MasterLink } from "./master-link.ts";
import { type MemoryLink, MemoryNetwork, memoryLinks } from "./memory-link.testkit.ts";
import { RawEnd } from "./raw-end.testkit.ts";
import type { SlaveLink } from "./slave-link.ts";

export const SHARD = 0x00000001;
export const OTHER_SHARD = 0x00010002;
export const FOREIGN_SHARD = 0x00020001;
export const BRANCHES = new Set([SHARD, OTHER_SHARD, FOREIGN_SHARD]);

/** Links of a slave "S0", its master a script. */
export interface MasterRig {
  readonly links: ClusterLinks;
  readonly master: RawEnd;
  /** Our end of the master's link. */
  readonly ourEnd: MemoryLink;
  readonly clock: VirtualClock;
  readonly lines: string[];
}

export async function masterRig(
  masterHandlers: Handlers<MasterLink>,
  { limits = LINK_LIMITS, pieceBytes }: { limits?: LinkLimits; pieceBytes?: number } = {},
): Promise<MasterRig> {
  const { links, clock, lines } = slave("S0", new MemoryNetwork(), { masterHandlers, limits });
  const [theirEnd, ourEnd] = memoryLinks(["master", "S0"], pieceBytes);
  const master = new RawEnd(theirEnd, 12);
  links.accept(ourEnd);
  await settle();
  return { links, master, ourEnd, clock, lines };
}

export interface SlaveOptions {
  readonly masterHandlers?: Handlers<MasterLink>;
  readonly slaveHandlers?: Handlers<SlaveLink>;
  readonly limits?: LinkLimits;
  readonly fullShardIds?: readonly number[];
  readonly clock?: VirtualClock;
}

export function slave(id: string, network: MemoryNetwork, options: SlaveOptions = {}) {
  const lines: string[] = [];
  const clock = options.clock ?? new VirtualClock();
  const links = new ClusterLinks({
    self: { id, fullShardIds: options.fullShardIds ?? [SHARD, OTHER_SHARD] },
    branches: BRANCHES,
    masterHandlers: options.masterHandlers ?? new Handlers<MasterLink>(),
    slaveHandlers: options.slaveHandlers ?? new Handlers<SlaveLink>(),
    transport: network.transportOf(id),
    clock,
    limits: options.limits ?? LINK_LIMITS,
    log: (level, line) => lines.push(`${level} ${line}`),
  });
  return { links, clock, lines };
}
