/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers, and the frame as a pair of pointers. Structs of our own: the
 * programs compile on machines without kernel headers.
 */
#ifndef EBTOP_PARSE_H
#define EBTOP_PARSE_H

#include "abi.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define EBTOP_BE16(x) __builtin_bswap16(x)
#define EBTOP_BE32(x) __builtin_bswap32(x)
#else
#define EBTOP_BE16(x) (x)
#define EBTOP_BE32(x) (x)
#endif

enum ebtop_ethertype {
	EBTOP_ETHERTYPE_IPV4 = 0x0800,
	EBTOP_ETHERTYPE_VLAN = 0x8100,
	EBTOP_ETHERTYPE_IPV6 = 0x86dd,
	EBTOP_ETHERTYPE_QINQ = 0x88a8,
};

enum ebtop_protocol {
	EBTOP_HOP_BY_HOP = 0,
	EBTOP_TCP = 6,
	EBTOP_UDP = 17,
	EBTOP_ROUTING = 43,
	EBTOP_DESTINATION_OPTIONS = 60,
	EBTOP_SCTP = 132,
	EBTOP_MOBILITY = 135,
	EBTOP_HIP = 139,
	EBTOP_SHIM6 = 140,
};

struct ebtop_ethernet {
	__u16 words[6];			/* destination MAC, source MAC */
	__be16 type;
};

struct ebtop_ipv4 {
	__u8 version_ihl;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment;		/* flags and offset */
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__be32 source;
	__be32 destination;
};

struct ebtop_ipv6 {
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__u8 source[16];
	__u8 destination[16];
};

_Static_assert(sizeof(struct ebtop_ethernet) == 14, "wire");
_Static_assert(sizeof(struct ebtop_ipv4) == 20, "wire");
_Static_assert(sizeof(struct ebtop_ipv6) == 40, "wire");

struct ebtop_frame {
	void *start;
	void *end;
	__u32 bytes;
};

/* What decide() found out about one packet, for those who act on it. */
struct ebtop_decision {
	__u32 ingress;			/* slot */
	__u32 egress;			/* slot */
	__u32 route;			/* id, 0: no route matched */
	__u32 adjacency;		/* index */
	__u32 l2_bytes;			/* of the frame that leaves */
	__u32 is_ipv6;
};

/* What the equal-cost choice may look at. */
struct ebtop_flow {
	const void *ip;
	const void *l4;
	const void *end;		/* of the frame */
	__u32 protocol;
	__u32 with_ports;		/* not a fragment */
	__u32 is_ipv6;			/* a constant, so that no bound hangs on memory */
};

/* The wire's word at an even offset; headers start at 14, so 32-bit ones are not aligned. */
EBTOP_INLINE __u32 ebtop_word(const void *at)
{
	const __u16 *half = at;

	return half[0] | (__u32)half[1] << 16;
}

/* Ones' complement sum folded to 16 bits: carries of a 64-bit sum of 16-bit words. */
EBTOP_INLINE __u32 ebtop_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32 << 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

#endif
