/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The books: one verdict for each packet that the driver hands over, one count
 * on the route that it matched. Plain ++ is exact: the programs of one CPU do
 * not nest (softirq), and no two CPUs share a row.
 */
#ifndef EBTOP_ACCOUNT_H
#define EBTOP_ACCOUNT_H

#include "maps.h"
#include "parse.h"

EBTOP_INLINE void account_route(const struct ebtop_decision *d, __u32 verdict)
{
	struct ebtop_route_counter *counter;
	struct ebtop_route_other *other;

	if (verdict == EBTOP_FORWARDED) {
		counter = map_route_counter(d->route);
		if (counter) {
			counter->packets++;
			counter->bytes += d->l2_bytes;
		}
		return;
	}
	other = map_route_other(d->route);
	if (!other)
		return;
	if (verdict == EBTOP_PUNT_OBSERVE || verdict == EBTOP_PUNT_BYPASS) {
		other->observed_packets++;
		other->observed_bytes += d->l2_bytes;
	} else if (verdict == EBTOP_DROP_BLACKHOLE) {
		other->drops++;
	} else {
		other->punts++;
	}
}

EBTOP_INLINE void account(const struct ebtop_decision *d, __u32 verdict)
{
	struct ebtop_verdict_row *row = map_verdicts(d->ingress);

	if (row && verdict < EBTOP_VERDICTS)
		row->packets[verdict]++;
	if (d->route)
		account_route(d, verdict);
}

/* Lets the engine keep alive what carries traffic; a store only when the second changed. */
EBTOP_INLINE void account_adjacency(struct ebtop_adjacency *adjacency, __u64 now_jiffies)
{
	__u32 now = now_jiffies >> 8;

	if (adjacency->used != now)
		adjacency->used = now;
}

#endif
