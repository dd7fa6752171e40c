/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which packets are the simple case: each rule returns the reason for which the
 * kernel gets the packet, or EBTOP_FORWARDED to go on. No side effects.
 * RFC 1812 5.2.2, 5.3.4, 5.3.7 and RFC 8200 say what a router must do;
 * net/ipv4/route.c and net/ipv6/ip6_input.c what this kernel does.
 */
#ifndef EBTOP_ADMIT_H
#define EBTOP_ADMIT_H

#include "fib.h"
#include "maps.h"
#include "parse.h"

enum ebtop_fragment {
	EBTOP_FRAGMENTED = 0x3fff,	/* more fragments, or an offset */
};

/* Destination MAC is the port's own. */
EBTOP_INLINE __u32 admit_mac(const struct ebtop_ethernet *ethernet, const struct ebtop_port *port)
{
	if (ethernet->words[0] & EBTOP_BE16(0x0100))
		return EBTOP_PUNT_GROUP_MAC;
	if (ebtop_word(ethernet->words) != port->mac[0] ||
	    ethernet->words[2] != (port->mac[1] & 0xffff))
		return EBTOP_PUNT_FOREIGN_MAC;
	return EBTOP_FORWARDED;
}

EBTOP_INLINE __u32 admit_ethertype(__be16 type)
{
	switch (EBTOP_BE16(type)) {
	case EBTOP_ETHERTYPE_IPV4:
	case EBTOP_ETHERTYPE_IPV6:
		return EBTOP_FORWARDED;
	case EBTOP_ETHERTYPE_VLAN:
	case EBTOP_ETHERTYPE_QINQ:
		return EBTOP_PUNT_VLAN;
	default:
		return EBTOP_PUNT_ETHERTYPE;
	}
}

EBTOP_INLINE __u64 sum_words(const void *start, int words)
{
	const __u16 *word = start;
	__u64 sum = 0;

#pragma unroll
	for (int i = 0; i < words; i++)
		sum += word[i];
	return sum;
}

EBTOP_INLINE __u32 admit_ipv4_header(const struct ebtop_ipv4 *ip, __u32 l3_bytes)
{
	__u32 total = EBTOP_BE16(ip->total_length);

	if (ip->version_ihl >> 4 != 4 || (ip->version_ihl & 15) < 5)
		return EBTOP_PUNT_HEADER;
	if (ip->version_ihl != 0x45)
		return EBTOP_PUNT_OPTIONS;
	if (total < sizeof(*ip) || total > l3_bytes)
		return EBTOP_PUNT_LENGTH;
	if (ebtop_fold(sum_words(ip, 10)) != 0xffff)
		return EBTOP_PUNT_CHECKSUM;
	if (ip->ttl <= 1)
		return EBTOP_PUNT_TTL;
	return EBTOP_FORWARDED;
}

EBTOP_INLINE __u32 admit_ipv4_addresses(__be32 source, __be32 destination)
{
	__u32 from = EBTOP_BE32(source), to = EBTOP_BE32(destination);

	if (!from || from >> 24 == 127 || from >> 28 == 14 || from == 0xffffffff)
		return EBTOP_PUNT_SOURCE;
	if (!to || to >> 24 == 127 || to >> 28 == 14 || to == 0xffffffff)
		return EBTOP_PUNT_DESTINATION;
	return EBTOP_FORWARDED;
}

/* The source must not be the router's own, and must fit rp_filter (RFC 3704). */
EBTOP_INLINE __u32 admit_ipv4_source(__be32 source, const struct ebtop_port *port, __u32 slot)
{
	__u32 rpf = port->flags &
		    (EBTOP_PORT_RPF_STRICT | EBTOP_PORT_RPF_LOOSE | EBTOP_PORT_RPF_PUNT);
	__u32 index = leaf_set(fib_lookup4(source));
	struct ebtop_set *set;

	switch (index) {
	case EBTOP_SET_LOCAL:
	case EBTOP_SET_BROADCAST:
	case EBTOP_SET_MULTICAST:
	case EBTOP_SET_UNSUPPORTED:
	case EBTOP_SET_FULL:
		return EBTOP_PUNT_SOURCE;
	}
	if (!rpf)
		return EBTOP_FORWARDED;
	if (rpf & EBTOP_PORT_RPF_PUNT || index < EBTOP_FIRST_SET)
		return EBTOP_PUNT_RP_FILTER;
	if (!(rpf & EBTOP_PORT_RPF_STRICT))
		return EBTOP_FORWARDED;
	set = map_set(index);
	if (!set || !(set->ports[slot >> 5 & 1] & 1u << (slot & 31)))
		return EBTOP_PUNT_RP_FILTER;
	return EBTOP_FORWARDED;
}

EBTOP_INLINE __u32 admit_ipv6_header(const struct ebtop_ipv6 *ip, __u32 l3_bytes)
{
	if (EBTOP_BE32(ip->version_class_flow) >> 28 != 6)
		return EBTOP_PUNT_HEADER;
	if (EBTOP_BE16(ip->payload_length) + sizeof(*ip) > l3_bytes)
		return EBTOP_PUNT_LENGTH;
	switch (ip->next_header) {
	case EBTOP_HOP_BY_HOP:
	case EBTOP_ROUTING:
	case EBTOP_DESTINATION_OPTIONS:
	case EBTOP_MOBILITY:
	case EBTOP_HIP:
	case EBTOP_SHIM6:
		return EBTOP_PUNT_EXTENSION_HEADER;
	}
	if (ip->hop_limit <= 1)
		return EBTOP_PUNT_TTL;
	return EBTOP_FORWARDED;
}

/* ::, ::1, multicast and link-local: RFC 4291 2.5.2, 2.5.3, 2.5.6, 2.7. */
EBTOP_INLINE int ipv6_unforwardable(const __u8 *address, int unspecified_too)
{
	__u32 rest = ebtop_word(address) | ebtop_word(address + 4) | ebtop_word(address + 8) |
		     address[12] | address[13] | address[14];

	if (!rest && address[15] <= 1)
		return address[15] || unspecified_too;
	return address[0] == 0xff || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

EBTOP_INLINE __u32 admit_ipv6_addresses(const struct ebtop_ipv6 *ip)
{
	if (ipv6_unforwardable(ip->source, 1))
		return EBTOP_PUNT_SOURCE;
	if (ipv6_unforwardable(ip->destination, 0))
		return EBTOP_PUNT_DESTINATION;
	return EBTOP_FORWARDED;
}

/*
 * A local sender with checksum offload leaves the bare sum of the pseudo-header
 * in the TCP or UDP checksum field (CHECKSUM_PARTIAL, include/linux/skbuff.h):
 * only the kernel's own path finishes it. SCTP leaves zero there (net/sctp/output.c).
 */
EBTOP_INLINE __u32 admit_checksum(const struct ebtop_frame *frame, const void *l4, __u32 protocol,
				  __u64 addresses_sum, __u32 l4_bytes)
{
	const __u16 *words = l4;
	__u32 sum = ebtop_fold(addresses_sum + EBTOP_BE16(protocol) + EBTOP_BE16(l4_bytes));

	if (protocol == EBTOP_UDP) {
		if ((const void *)(words + 4) > frame->end)
			return EBTOP_FORWARDED;
		return words[3] == sum ? EBTOP_PUNT_UNFINISHED_CHECKSUM : EBTOP_FORWARDED;
	}
	if (protocol == EBTOP_TCP) {
		if ((const void *)(words + 10) > frame->end)
			return EBTOP_FORWARDED;
		return words[8] == sum ? EBTOP_PUNT_UNFINISHED_CHECKSUM : EBTOP_FORWARDED;
	}
	if (protocol == EBTOP_SCTP) {
		if ((const void *)(words + 6) > frame->end)
			return EBTOP_FORWARDED;
		return words[4] | words[5] ? EBTOP_FORWARDED : EBTOP_PUNT_UNFINISHED_CHECKSUM;
	}
	return EBTOP_FORWARDED;
}

#endif
