/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every map, and the one way to each. User space makes the maps (types, sizes
 * and flags: ebtop/datapath/maps.py) and the loader ties them to these ids.
 *
 * The strides come from the loader as EBTOP_ROUTES and EBTOP_HISTOGRAMS.
 * A per-CPU array is one mapped array laid out by CPU: user space reads it
 * without a system call, and no two CPUs share a row.
 */
#ifndef EBTOP_MAPS_H
#define EBTOP_MAPS_H

#include "abi.h"
#include "helpers.h"

enum ebtop_map {
	EBTOP_MAP_CONTROL = 1,
	EBTOP_MAP_PORTS = 2,
	EBTOP_MAP_ROOT4 = 3,
	EBTOP_MAP_ROOT6 = 4,
	EBTOP_MAP_BLOCKS = 5,
	EBTOP_MAP_SETS = 6,
	EBTOP_MAP_MEMBERS = 7,
	EBTOP_MAP_ADJACENCIES = 8,
	EBTOP_MAP_ROUTE_SETS = 9,
	EBTOP_MAP_ROUTE_HISTOGRAMS = 10,
	EBTOP_MAP_NEIGHBOURS = 11,
	EBTOP_MAP_VERDICTS = 12,
	EBTOP_MAP_ROUTE_COUNTERS = 13,
	EBTOP_MAP_ROUTE_OTHERS = 14,
	EBTOP_MAP_HISTOGRAMS = 15,
	EBTOP_MAP_EGRESS_PORTS = 16,
};

/* The kernel rounds a value up to 8 bytes: smaller ones share a value. */
struct ebtop_pair {
	__u32 word[2];
};

struct ebtop_quad {
	__u16 half[4];
};

struct ebtop_block {
	__u32 leaf[EBTOP_BLOCK];
};

struct ebtop_verdict_row {
	__u64 packets[EBTOP_VERDICTS];
};

EBTOP_INLINE struct ebtop_control *map_control(void)
{
	__u32 index = 0;

	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_CONTROL), &index);
}

EBTOP_INLINE struct ebtop_port *map_port(__u32 slot)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_PORTS), &slot);
}

EBTOP_INLINE struct ebtop_pair *map_root4(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROOT4), &index);
}

EBTOP_INLINE struct ebtop_pair *map_root6(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROOT6), &index);
}

EBTOP_INLINE struct ebtop_block *map_block(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_BLOCKS), &index);
}

EBTOP_INLINE struct ebtop_set *map_set(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_SETS), &index);
}

EBTOP_INLINE struct ebtop_member *map_member(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_MEMBERS), &index);
}

EBTOP_INLINE struct ebtop_adjacency *map_adjacency(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ADJACENCIES), &index);
}

EBTOP_INLINE struct ebtop_pair *map_route_sets(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROUTE_SETS), &index);
}

EBTOP_INLINE struct ebtop_quad *map_route_histograms(__u32 index)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROUTE_HISTOGRAMS), &index);
}

EBTOP_INLINE __u32 *map_neighbour(const struct ebtop_neighbour_key *key)
{
	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_NEIGHBOURS), key);
}

EBTOP_INLINE struct ebtop_verdict_row *map_verdicts(__u32 slot)
{
	__u32 index = ebtop_cpu() * EBTOP_PORTS + slot;

	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_VERDICTS), &index);
}

EBTOP_INLINE struct ebtop_route_counter *map_route_counter(__u32 route)
{
	__u32 index = ebtop_cpu() * EBTOP_ROUTES + route;

	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROUTE_COUNTERS), &index);
}

EBTOP_INLINE struct ebtop_route_other *map_route_other(__u32 route)
{
	__u32 index = ebtop_cpu() * EBTOP_ROUTES + route;

	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_ROUTE_OTHERS), &index);
}

EBTOP_INLINE struct ebtop_histogram *map_histogram(__u32 row)
{
	__u32 index = ebtop_cpu() * EBTOP_HISTOGRAMS + row;

	return ebtop_map_lookup(EBTOP_MAP(EBTOP_MAP_HISTOGRAMS), &index);
}

/* XDP_REDIRECT, or XDP_PASS where the slot is empty. */
EBTOP_INLINE long map_redirect(__u32 slot)
{
	return ebtop_redirect_map(EBTOP_MAP(EBTOP_MAP_EGRESS_PORTS), slot, XDP_PASS);
}

#endif
