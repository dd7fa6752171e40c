/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs and user space share: the one source of every layout.
 * Python mirrors it in ebtop/model and ebtop/fib; tests/arch compares the two.
 *
 * Whatever user space writes while packets flow is an aligned 32-bit word:
 * nothing wider is atomic. The one 64-bit exception, the lease, is written by
 * a BPF program.
 */
#ifndef EBTOP_ABI_H
#define EBTOP_ABI_H

#define EBTOP_INLINE static __attribute__((always_inline)) inline

enum ebtop_limits {
	EBTOP_PORTS = 64,		/* slots; a set's port mask is 64 bits */
	EBTOP_VERDICTS = 64,		/* room in a port's row of counters */
	EBTOP_FIRST_SET = 16,		/* sets below are verdicts */
	EBTOP_INDIRECT_SET = 1023,	/* the set is in route_sets[route id] */
	EBTOP_MAX_PATHS = 64,		/* members that one set may have */
	EBTOP_BUCKETS = 256,		/* of a histogram */
	EBTOP_BUCKET_BITS = 3,		/* 8 buckets for each power of two */
	EBTOP_BLOCK = 256,		/* leaves in a block */
	EBTOP_FIRST_ROUTE_HISTOGRAM = 64, /* rows below are egress slots */
};

/*
 * A leaf of the FIB, 32 bits:
 *   block bit set:  bits 0..30 are the index of a block
 *   block bit clear: bits 10..30 route id, bits 0..9 next-hop set
 * Zero is "no route".
 */
enum ebtop_leaf {
	EBTOP_LEAF_BLOCK_SHIFT = 31,
	EBTOP_LEAF_ROUTE_SHIFT = 10,
	EBTOP_LEAF_ROUTE_MASK = 0x1fffff,
	EBTOP_LEAF_SET_MASK = 0x3ff,
};

/* The sets that are verdicts, each punted or dropped with its own reason. */
enum ebtop_verdict_set {
	EBTOP_SET_NO_ROUTE = 0,
	EBTOP_SET_LOCAL = 1,
	EBTOP_SET_BROADCAST = 2,
	EBTOP_SET_MULTICAST = 3,
	EBTOP_SET_BLACKHOLE = 4,
	EBTOP_SET_UNREACHABLE = 5,
	EBTOP_SET_PROHIBIT = 6,
	EBTOP_SET_THROW = 7,
	EBTOP_SET_UNSUPPORTED = 8,	/* tos, source-specific, encap, ambiguous */
	EBTOP_SET_FULL = 9,		/* the sets or adjacencies do not fit */
	EBTOP_SET_EXCEPTION = 10,	/* a learned PMTU or redirect */
};

/* What became of a packet, one for each; numbers are append-only. */
enum ebtop_verdict {
	EBTOP_INVALID = 0,
	EBTOP_FORWARDED = 1,
	/* the port or the whole router */
	EBTOP_PUNT_BYPASS = 2,
	EBTOP_PUNT_LEASE = 3,
	EBTOP_PUNT_OBSERVE = 4,
	EBTOP_PUNT_FORWARDING_OFF = 5,
	/* the frame */
	EBTOP_PUNT_TRUNCATED = 6,
	EBTOP_PUNT_GROUP_MAC = 7,
	EBTOP_PUNT_FOREIGN_MAC = 8,
	EBTOP_PUNT_VLAN = 9,
	EBTOP_PUNT_ETHERTYPE = 10,
	/* the IP header */
	EBTOP_PUNT_HEADER = 11,
	EBTOP_PUNT_OPTIONS = 12,
	EBTOP_PUNT_LENGTH = 13,
	EBTOP_PUNT_CHECKSUM = 14,
	EBTOP_PUNT_TTL = 15,
	EBTOP_PUNT_EXTENSION_HEADER = 16,
	EBTOP_PUNT_SOURCE = 17,
	EBTOP_PUNT_DESTINATION = 18,
	EBTOP_PUNT_UNFINISHED_CHECKSUM = 19,
	EBTOP_PUNT_RP_FILTER = 20,
	/* the route */
	EBTOP_PUNT_NO_ROUTE = 21,
	EBTOP_PUNT_LOCAL = 22,
	EBTOP_PUNT_BROADCAST = 23,
	EBTOP_PUNT_MULTICAST = 24,
	EBTOP_PUNT_UNREACHABLE = 25,
	EBTOP_PUNT_PROHIBIT = 26,
	EBTOP_PUNT_THROW = 27,
	EBTOP_PUNT_UNSUPPORTED = 28,
	EBTOP_PUNT_FULL = 29,
	EBTOP_PUNT_EXCEPTION = 30,
	/* the way out */
	EBTOP_PUNT_NEIGHBOUR = 31,
	EBTOP_PUNT_NO_PORT = 32,
	EBTOP_PUNT_SAME_PORT = 33,
	EBTOP_PUNT_EGRESS = 34,
	EBTOP_PUNT_MTU = 35,
	EBTOP_PUNT_REDIRECT = 36,
	EBTOP_DROP_BLACKHOLE = 37,
	EBTOP_N_VERDICTS,
};

enum ebtop_port_flags {
	EBTOP_PORT_FORWARD = 1 << 0,	/* forward mode; else observe */
	EBTOP_PORT_IPV4 = 1 << 1,	/* net.ipv4.conf.PORT.forwarding */
	EBTOP_PORT_IPV6 = 1 << 2,	/* IPv6 forwarding, enabled, MTU >= 1280 */
	EBTOP_PORT_RPF_STRICT = 1 << 3,
	EBTOP_PORT_RPF_LOOSE = 1 << 4,
	EBTOP_PORT_RPF_PUNT = 1 << 5,	/* rp_filter with no IPv4 address: punt all */
	EBTOP_PORT_TRANSMIT = 1 << 6,	/* up, carrier, and the driver can transmit */
};

/* One cache line a port. A slot is found from the ifindex: see port_find(). */
struct ebtop_port {
	__u32 ifindex;			/* 0: free */
	__u32 flags;			/* enum ebtop_port_flags */
	__u32 mtu4;			/* longest IPv4 packet out of this port */
	__u32 mtu6;
	__u32 mac[2];			/* six bytes in wire order, two of zero */
	__u32 reserved[10];
};

enum ebtop_set_flags {
	EBTOP_SET_VALID = 1 << 0,
};

/*
 * A next-hop set. `paths` is what one 32-bit store switches:
 *   0               nothing usable: punt
 *   high bit clear  index of the one adjacency
 *   high bit set    index of a struct ebtop_paths header in the members array
 */
struct ebtop_set {
	__u32 flags;
	__u32 paths;
	__u32 mtu;			/* the route's own MTU, 0: none */
	__u32 ports[2];			/* mask of the slots of all members: RPF */
	__u32 reserved[3];
};

enum ebtop_paths_bits {
	EBTOP_PATHS_MANY_SHIFT = 31,
};

/* Member 0 of a range is a header: `bound` is the count of members behind it. */
struct ebtop_member {
	__u32 bound;			/* last hash value (31 bits) that picks it */
	__u32 adjacency;
};

enum ebtop_adjacency_flags {
	EBTOP_ADJACENCY_RESOLVED = 1 << 0,
	EBTOP_ADJACENCY_CONNECTED = 1 << 1,	/* ask the neighbour hash */
};

/* Never edited once it is reachable, but for `used`. */
struct ebtop_adjacency {
	__u32 flags;
	__u32 slot;			/* egress; >= EBTOP_PORTS: not a port of ours */
	__u32 macs[3];			/* destination and source in wire order */
	__u32 used;			/* jiffies >> 8 of the last packet */
	__u32 reserved[2];
};

/* Key of the neighbour hash; the value is the index of an adjacency. */
struct ebtop_neighbour_key {
	__u8 address[16];		/* IPv4 in the first four bytes */
	__u16 slot;
	__u16 family;			/* 4 or 6 */
};

/* Hot: one of them is all that a forwarded packet adds to. */
struct ebtop_route_counter {
	__u64 packets;
	__u64 bytes;			/* L2 frame bytes without FCS, as sent */
};

/* Cold: packets that matched the route and that XDP did not forward. */
struct ebtop_route_other {
	__u64 observed_packets;		/* observe mode: would have been forwarded */
	__u64 observed_bytes;
	__u64 punts;
	__u64 drops;
};

/* Log-linear: values below 8 ns exact, then 8 buckets a power of two. */
struct ebtop_histogram {
	__u64 buckets[EBTOP_BUCKETS];
	__u64 sum_ns;
	__u64 max_ns;
};

struct ebtop_control {
	__u64 lease_jiffies;		/* past it everything is punted */
	__u32 lease_span_jiffies;	/* that one renewal adds */
	__u32 bypass;			/* 1: what would be forwarded is punted */
	__u64 renewed_jiffies;		/* both clocks at the last renewal: they give HZ */
	__u64 renewed_ns;
	__u32 generation;		/* of the maps, low 16 bits go into stamps */
	__u32 hash_ports;		/* equal-cost choice looks at ports as well */
	__u32 reserved[6];
};

enum ebtop_stamp_magic {
	EBTOP_STAMP_MAGIC = 0xeb70,
};

/*
 * What the ingress program leaves in the metadata area for the program that
 * runs just before transmit. The last two bytes are overwritten on the
 * kernel's own path, so nothing is kept there.
 */
struct ebtop_stamp {
	__u64 time_ns;
	__u32 route;
	__u16 histogram;		/* row of the route, 0: none */
	__u8 ingress;			/* slot */
	__u8 egress;			/* slot */
	__u16 generation;
	__u16 magic;
	__u32 spare;
};

_Static_assert(sizeof(struct ebtop_port) == 64, "abi");
_Static_assert(sizeof(struct ebtop_set) == 32, "abi");
_Static_assert(sizeof(struct ebtop_member) == 8, "abi");
_Static_assert(sizeof(struct ebtop_adjacency) == 32, "abi");
_Static_assert(sizeof(struct ebtop_neighbour_key) == 20, "abi");
_Static_assert(sizeof(struct ebtop_route_counter) == 16, "abi");
_Static_assert(sizeof(struct ebtop_route_other) == 32, "abi");
_Static_assert(sizeof(struct ebtop_histogram) == 2064, "abi");
_Static_assert(sizeof(struct ebtop_control) == 64, "abi");
_Static_assert(sizeof(struct ebtop_stamp) == 24, "abi");

#endif
