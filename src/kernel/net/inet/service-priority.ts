// The priority that a packet has by its type of service. man 7 socket, SO_PRIORITY; Linux net/ipv4/route.c ip_tos2prio, pkt_sched.h.

/** TC_PRIO_*: best effort, bulk, interactive, interactive bulk, each for two values with and without the bit below. */
const PRIORITIES: readonly number[] = [0, 0, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4];
/** What keeps the link itself going: ARP, neighbour discovery. */
export const TC_PRIO_CONTROL = 7;

export const priorityOfService = (service: number): number => PRIORITIES[(service & 0x1e) >> 1]!;
