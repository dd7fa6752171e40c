/* SPDX-License-Identifier: GPL-2.0-only */
/* What forwarding changes in a packet: both MACs, TTL or hop limit, IPv4's checksum. */
#ifndef EBTOP_REWRITE_H
#define EBTOP_REWRITE_H

#include "parse.h"

EBTOP_INLINE void rewrite_macs(struct ebtop_ethernet *ethernet,
			       const struct ebtop_adjacency *adjacency)
{
#pragma unroll
	for (int i = 0; i < 3; i++) {
		ethernet->words[2 * i] = adjacency->macs[i] & 0xffff;
		ethernet->words[2 * i + 1] = adjacency->macs[i] >> 16;
	}
}

/* RFC 1624 for a TTL one less, as include/net/ip.h ip_decrease_ttl() does it. */
EBTOP_INLINE void rewrite_ipv4(struct ebtop_ipv4 *ip)
{
	__u32 check = ip->checksum + EBTOP_BE16(0x0100);

	ip->checksum = check + (check >= 0xffff);
	ip->ttl--;
}

EBTOP_INLINE void rewrite_ipv6(struct ebtop_ipv6 *ip)
{
	ip->hop_limit--;
}

#endif
