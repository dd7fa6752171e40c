/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest-prefix match. IPv4 is DIR-24-8 (Gupta, Lin, McKeown 1998): one read
 * for prefixes up to /24, two for longer ones. IPv6 is a trie with a 16-bit
 * root and 8-bit strides over the same pool of blocks, every length 0..128.
 */
#ifndef EBTOP_FIB_H
#define EBTOP_FIB_H

#include "maps.h"
#include "parse.h"

EBTOP_INLINE int leaf_is_block(__u32 leaf)
{
	return leaf >> EBTOP_LEAF_BLOCK_SHIFT;
}

EBTOP_INLINE __u32 leaf_route(__u32 leaf)
{
	return leaf >> EBTOP_LEAF_ROUTE_SHIFT & EBTOP_LEAF_ROUTE_MASK;
}

/* The set of a leaf: its own ten bits, or the side array's word. */
EBTOP_INLINE __u32 leaf_set(__u32 leaf)
{
	__u32 set = leaf & EBTOP_LEAF_SET_MASK;
	__u32 route = leaf_route(leaf);
	struct ebtop_pair *pair;

	if (set != EBTOP_INDIRECT_SET)
		return set;
	pair = map_route_sets(route >> 1);
	return pair ? pair->word[route & 1] : EBTOP_SET_UNSUPPORTED;
}

EBTOP_INLINE __u32 block_leaf(__u32 leaf, __u8 byte)
{
	struct ebtop_block *block = map_block(leaf & ~(1u << EBTOP_LEAF_BLOCK_SHIFT));

	return block ? block->leaf[byte] : EBTOP_SET_NO_ROUTE;
}

EBTOP_INLINE __u32 fib_lookup4(__be32 address)
{
	__u32 host = EBTOP_BE32(address);
	struct ebtop_pair *pair = map_root4(host >> 9);
	__u32 leaf;

	if (!pair) /* array: for the verifier only */
		return EBTOP_SET_NO_ROUTE;
	leaf = pair->word[host >> 8 & 1];
	return leaf_is_block(leaf) ? block_leaf(leaf, host & 0xff) : leaf;
}

EBTOP_INLINE __u32 fib_lookup6(const __u8 *address)
{
	__u32 top = (__u32)address[0] << 8 | address[1];
	struct ebtop_pair *pair = map_root6(top >> 1);
	__u32 leaf;

	if (!pair) /* array: for the verifier only */
		return EBTOP_SET_NO_ROUTE;
	leaf = pair->word[top & 1];
	for (int depth = 2; depth < 16; depth++) {
		if (!leaf_is_block(leaf))
			break;
		leaf = block_leaf(leaf, address[depth]);
	}
	return leaf;
}

#endif
