/* SPDX-License-Identifier: GPL-2.0-only */
/* decide(): the verdict on a packet, without any side effect. */
#ifndef EBTOP_DECIDE_H
#define EBTOP_DECIDE_H

#include "admit.h"
#include "fib.h"
#include "maps.h"
#include "parse.h"
#include "path.h"

/* A port's slot is where open addressing from its ifindex ends. */
EBTOP_INLINE struct ebtop_port *port_find(__u32 ifindex, __u32 *slot)
{
	for (__u32 probe = 0; probe < EBTOP_PORTS; probe++) {
		__u32 index = (ifindex + probe) & (EBTOP_PORTS - 1);
		struct ebtop_port *port = map_port(index);

		EBTOP_OPAQUE(probe); /* keeps the loop's bound visible to the verifier */
		if (port && port->ifindex == ifindex) {
			*slot = index;
			return port;
		}
	}
	return 0;
}

EBTOP_INLINE __u32 decide_ipv4(const struct ebtop_frame *frame, struct ebtop_decision *d,
			       const struct ebtop_port *port, const struct ebtop_control *control)
{
	const struct ebtop_ipv4 *ip = frame->start + sizeof(struct ebtop_ethernet);
	const void *l4 = ip + 1;
	struct ebtop_flow flow = { .ip = ip, .l4 = l4, .end = frame->end };
	__be32 source, destination;
	__u32 verdict, leaf, l3_bytes;

	if (l4 > frame->end)
		return EBTOP_PUNT_TRUNCATED;
	l3_bytes = EBTOP_BE16(ip->total_length);
	source = ebtop_word(&ip->source);
	destination = ebtop_word(&ip->destination);
	verdict = admit_ipv4_header(ip, frame->bytes - sizeof(struct ebtop_ethernet));
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	if (!(port->flags & EBTOP_PORT_IPV4))
		return EBTOP_PUNT_FORWARDING_OFF;
	verdict = admit_ipv4_addresses(source, destination);
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	leaf = fib_lookup4(destination);
	d->route = leaf_route(leaf);
	d->l2_bytes = sizeof(struct ebtop_ethernet) + l3_bytes;
	verdict = admit_ipv4_source(source, port, d->ingress);
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	flow.protocol = ip->protocol;
	if (!(ip->fragment & EBTOP_BE16(EBTOP_FRAGMENTED))) {
		flow.with_ports = 1;
		verdict = admit_checksum(frame, l4, ip->protocol, sum_words(&ip->source, 4),
					 l3_bytes - sizeof(*ip));
		if (verdict != EBTOP_FORWARDED)
			return verdict;
	}
	return decide_path(d, leaf_set(leaf), &flow, &ip->destination, port, control, l3_bytes);
}

EBTOP_INLINE __u32 decide_ipv6(const struct ebtop_frame *frame, struct ebtop_decision *d,
			       const struct ebtop_port *port, const struct ebtop_control *control)
{
	const struct ebtop_ipv6 *ip = frame->start + sizeof(struct ebtop_ethernet);
	const void *l4 = ip + 1;
	struct ebtop_flow flow = { .ip = ip, .l4 = l4, .end = frame->end, .with_ports = 1,
				   .is_ipv6 = 1 };
	__u32 verdict, leaf, l3_bytes;

	if (l4 > frame->end)
		return EBTOP_PUNT_TRUNCATED;
	l3_bytes = EBTOP_BE16(ip->payload_length) + sizeof(*ip);
	verdict = admit_ipv6_header(ip, frame->bytes - sizeof(struct ebtop_ethernet));
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	if (!(port->flags & EBTOP_PORT_IPV6))
		return EBTOP_PUNT_FORWARDING_OFF;
	verdict = admit_ipv6_addresses(ip);
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	leaf = fib_lookup6(ip->destination);
	d->is_ipv6 = 1;
	d->route = leaf_route(leaf);
	d->l2_bytes = sizeof(struct ebtop_ethernet) + l3_bytes;
	flow.protocol = ip->next_header;
	verdict = admit_checksum(frame, l4, flow.protocol, sum_words(ip->source, 16),
				 l3_bytes - sizeof(*ip));
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	return decide_path(d, leaf_set(leaf), &flow, ip->destination, port, control, l3_bytes);
}

EBTOP_INLINE __u32 decide(const struct ebtop_frame *frame, struct ebtop_decision *d,
			  const struct ebtop_port *port, const struct ebtop_control *control,
			  __u64 now_jiffies)
{
	const struct ebtop_ethernet *ethernet = frame->start;
	__u32 verdict;

	if (now_jiffies > control->lease_jiffies)
		return EBTOP_PUNT_LEASE;
	if ((const void *)(ethernet + 1) > frame->end)
		return EBTOP_PUNT_TRUNCATED;
	verdict = admit_mac(ethernet, port);
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	verdict = admit_ethertype(ethernet->type);
	if (verdict != EBTOP_FORWARDED)
		return verdict;
	if (ethernet->type == EBTOP_BE16(EBTOP_ETHERTYPE_IPV4))
		return decide_ipv4(frame, d, port, control);
	return decide_ipv6(frame, d, port, control);
}

#endif
