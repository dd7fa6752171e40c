/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histograms: values below 8 ns have a bucket each, then every power
 * of two has 8. ebtop/model/histogram.py has the same rule.
 */
#ifndef EBTOP_LATENCY_H
#define EBTOP_LATENCY_H

#include "maps.h"
#include "parse.h"

EBTOP_INLINE __u32 log2_of(__u64 value)
{
	__u32 log = 0;

#pragma unroll
	for (int shift = 32; shift; shift >>= 1) {
		if (value >> shift) {
			value >>= shift;
			log += shift;
		}
	}
	return log;
}

EBTOP_INLINE __u32 latency_bucket(__u64 value_ns)
{
	const __u32 buckets = 1 << EBTOP_BUCKET_BITS;
	__u32 shift, index;

	if (value_ns < buckets)
		return value_ns;
	shift = log2_of(value_ns) - EBTOP_BUCKET_BITS;
	index = shift * buckets + (value_ns >> shift);
	return index < EBTOP_BUCKETS ? index : EBTOP_BUCKETS - 1;
}

EBTOP_INLINE void latency_count(__u32 row, __u32 bucket, __u64 value_ns)
{
	struct ebtop_histogram *histogram = map_histogram(row);

	EBTOP_OPAQUE(bucket); /* the verifier has to see the bound that the compiler knows */
	if (!histogram || bucket >= EBTOP_BUCKETS)
		return;
	histogram->buckets[bucket]++;
	histogram->sum_ns += value_ns;
	if (value_ns > histogram->max_ns)
		histogram->max_ns = value_ns;
}

/* The row of a route, 0 where it has none of its own. */
EBTOP_INLINE __u16 route_histogram(__u32 route)
{
	struct ebtop_quad *quad = map_route_histograms(route >> 2);

	return quad ? quad->half[route & 3] : 0;
}

#endif
