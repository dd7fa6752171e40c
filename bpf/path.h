/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a leaf to the way out: verdict sets, equal-cost members, neighbours,
 * and whether the egress port takes the packet.
 */
#ifndef EBTOP_PATH_H
#define EBTOP_PATH_H

#include "maps.h"
#include "parse.h"

EBTOP_INLINE __u32 verdict_of_set(__u32 set)
{
	switch (set) {
	case EBTOP_SET_NO_ROUTE:
		return EBTOP_PUNT_NO_ROUTE;
	case EBTOP_SET_LOCAL:
		return EBTOP_PUNT_LOCAL;
	case EBTOP_SET_BROADCAST:
		return EBTOP_PUNT_BROADCAST;
	case EBTOP_SET_MULTICAST:
		return EBTOP_PUNT_MULTICAST;
	case EBTOP_SET_BLACKHOLE:
		return EBTOP_DROP_BLACKHOLE;
	case EBTOP_SET_UNREACHABLE:
		return EBTOP_PUNT_UNREACHABLE;
	case EBTOP_SET_PROHIBIT:
		return EBTOP_PUNT_PROHIBIT;
	case EBTOP_SET_THROW:
		return EBTOP_PUNT_THROW;
	case EBTOP_SET_FULL:
		return EBTOP_PUNT_FULL;
	case EBTOP_SET_EXCEPTION:
		return EBTOP_PUNT_EXCEPTION;
	default:
		return EBTOP_PUNT_UNSUPPORTED;
	}
}

/* The two port numbers as one word, 0 where there are none: fragments, short frames. */
EBTOP_INLINE __u32 l4_ports(const struct ebtop_flow *flow)
{
	if ((flow->protocol != EBTOP_TCP && flow->protocol != EBTOP_UDP) || !flow->with_ports ||
	    flow->l4 + 4 > flow->end)
		return 0;
	return ebtop_word(flow->l4);
}

EBTOP_INLINE __u32 hash_mix(__u32 hash, __u32 value)
{
	hash ^= value;
	hash *= 0x85ebca6b;
	return hash ^ hash >> 13;
}

EBTOP_INLINE __u32 fold_ipv6(const __u8 *address)
{
	return ebtop_word(address) ^ hash_mix(0, ebtop_word(address + 4)) ^
	       ebtop_word(address + 8) ^ hash_mix(1, ebtop_word(address + 12));
}

/* One flow, one path: 31 bits over the fields of fib_multipath_hash_policy 0 or 1. */
EBTOP_INLINE __u32 flow_hash(const struct ebtop_flow *flow, const struct ebtop_control *control)
{
	const struct ebtop_ipv4 *ip4 = flow->ip;
	const struct ebtop_ipv6 *ip6 = flow->ip;
	__u32 hash = 0x9e3779b9;

	if (flow->is_ipv6) {
		hash = hash_mix(hash, fold_ipv6(ip6->source));
		hash = hash_mix(hash, fold_ipv6(ip6->destination) ^
					      (ebtop_word(ip6) & EBTOP_BE32(0x000fffff)));
	} else {
		hash = hash_mix(hash, ebtop_word(&ip4->source));
		hash = hash_mix(hash, ebtop_word(&ip4->destination));
	}
	if (control->hash_ports)
		hash = hash_mix(hash_mix(hash, l4_ports(flow)), flow->protocol);
	return hash_mix(hash, hash >> 16) >> 1;
}

/* The member whose bound the hash does not pass: net/ipv4/fib_semantics.c fib_select_multipath. */
EBTOP_INLINE __u32 pick_adjacency(__u32 first, __u32 hash)
{
	struct ebtop_member *header = map_member(first);
	__u32 count = header ? header->bound : 0;

	for (__u32 i = 1; i <= EBTOP_MAX_PATHS; i++) {
		struct ebtop_member *member;

		EBTOP_OPAQUE(i); /* keeps the loop's bound visible to the verifier */
		if (i > count)
			break;
		member = map_member(first + i);
		if (member && hash <= member->bound)
			return member->adjacency;
	}
	return 0;
}

/* Connected: the adjacency of the destination itself, 0 where the neighbour is not known. */
EBTOP_INLINE __u32 neighbour_adjacency(const void *address, int is_ipv6, __u32 slot)
{
	struct ebtop_neighbour_key key = {};
	const __u16 *from = address;
	__u16 *to = (__u16 *)key.address;
	__u32 *found;

	to[0] = from[0];
	to[1] = from[1];
	if (is_ipv6) {
#pragma unroll
		for (int i = 2; i < 8; i++)
			to[i] = from[i];
	}
	key.slot = slot;
	key.family = is_ipv6 ? 6 : 4;
	found = map_neighbour(&key);
	return found ? *found : 0;
}

/* Whether the egress port takes a packet that the ingress port would forward. */
EBTOP_INLINE __u32 admit_egress(const struct ebtop_decision *d, const struct ebtop_set *set,
				const struct ebtop_port *ingress,
				const struct ebtop_control *control, __u32 l3_bytes)
{
	const __u32 ready = EBTOP_PORT_FORWARD | EBTOP_PORT_TRANSMIT;
	struct ebtop_port *egress = map_port(d->egress);
	__u32 mtu;

	if (!egress || !egress->ifindex)
		return EBTOP_PUNT_NO_PORT;
	mtu = d->is_ipv6 ? egress->mtu6 : egress->mtu4;
	if (l3_bytes > mtu || (set->mtu && l3_bytes > set->mtu))
		return EBTOP_PUNT_MTU;
	if (!(ingress->flags & EBTOP_PORT_FORWARD))
		return EBTOP_PUNT_OBSERVE;
	if (control->bypass)
		return EBTOP_PUNT_BYPASS;
	return (egress->flags & ready) == ready ? EBTOP_FORWARDED : EBTOP_PUNT_EGRESS;
}

/*
 * A blackhole is dropped only where the packet would be forwarded too: with policy rules the
 * kernel may find another route, and a bypassed router is the kernel's.
 */
EBTOP_INLINE __u32 admit_drop(__u32 verdict, const struct ebtop_port *ingress,
			      const struct ebtop_control *control)
{
	if (verdict != EBTOP_DROP_BLACKHOLE)
		return verdict;
	if (!(ingress->flags & EBTOP_PORT_FORWARD))
		return EBTOP_PUNT_OBSERVE;
	return control->bypass ? EBTOP_PUNT_BYPASS : verdict;
}

EBTOP_INLINE __u32 decide_path(struct ebtop_decision *d, __u32 index, const struct ebtop_flow *flow,
			       const void *destination, const struct ebtop_port *ingress,
			       const struct ebtop_control *control, __u32 l3_bytes)
{
	struct ebtop_adjacency *adjacency;
	struct ebtop_set *set;

	if (index < EBTOP_FIRST_SET)
		return admit_drop(verdict_of_set(index), ingress, control);
	set = map_set(index);
	if (!set || !set->paths)
		return EBTOP_PUNT_NEIGHBOUR;
	d->adjacency = set->paths;
	if (d->adjacency >> EBTOP_PATHS_MANY_SHIFT)
		d->adjacency = pick_adjacency(d->adjacency & ~(1u << EBTOP_PATHS_MANY_SHIFT),
					      flow_hash(flow, control));
	adjacency = map_adjacency(d->adjacency);
	if (!adjacency)
		return EBTOP_PUNT_NEIGHBOUR;
	d->egress = adjacency->slot;
	if (d->egress >= EBTOP_PORTS)
		return EBTOP_PUNT_NO_PORT;
	if (d->egress == d->ingress)
		return EBTOP_PUNT_SAME_PORT;
	if (adjacency->flags & EBTOP_ADJACENCY_CONNECTED) {
		d->adjacency = neighbour_adjacency(destination, flow->is_ipv6, d->egress);
		adjacency = map_adjacency(d->adjacency);
		if (!adjacency)
			return EBTOP_PUNT_NEIGHBOUR;
	}
	if (!(adjacency->flags & EBTOP_ADJACENCY_RESOLVED))
		return EBTOP_PUNT_NEIGHBOUR;
	return admit_egress(d, set, ingress, control, l3_bytes);
}

#endif
