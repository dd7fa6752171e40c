// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs. Ingress: decide, redirect, then rewrite and account; a packet
 * that is not redirected leaves untouched. Egress runs from the device map just
 * before transmit and measures. The lease is renewed by a program as well, so
 * that its 64 bits are one store.
 */
#include "abi.h"
#include "maps.h"
#include "parse.h"
#include "decide.h"
#include "rewrite.h"
#include "latency.h"
#include "account.h"

EBTOP_INLINE struct ebtop_frame frame_of(struct xdp_md *ctx)
{
	struct ebtop_frame frame = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	frame.bytes = frame.end - frame.start;
	return frame;
}

/* Leaves the stamp in front of the frame; a driver without room for it measures nothing. */
EBTOP_INLINE void stamp(struct xdp_md *ctx, const struct ebtop_decision *d,
			const struct ebtop_control *control)
{
	struct ebtop_stamp *stamp;

	if (ebtop_adjust_meta(ctx, -(int)sizeof(*stamp)))
		return;
	stamp = (void *)(long)ctx->data_meta;
	if ((void *)(stamp + 1) > (void *)(long)ctx->data)
		return;
	stamp->time_ns = ebtop_ktime_ns();
	stamp->route = d->route;
	stamp->histogram = route_histogram(d->route);
	stamp->ingress = d->ingress;
	stamp->egress = d->egress;
	stamp->generation = control->generation;
	stamp->magic = EBTOP_STAMP_MAGIC;
	stamp->spare = 0;
}

/* Rewrites what redirect_map has accepted; nothing in it can fail but for the verifier's eyes. */
EBTOP_INLINE void rewrite(struct xdp_md *ctx, const struct ebtop_decision *d, __u64 now_jiffies)
{
	struct ebtop_frame frame = frame_of(ctx);
	struct ebtop_ethernet *ethernet = frame.start;
	struct ebtop_adjacency *adjacency = map_adjacency(d->adjacency);

	if (!adjacency || (void *)(ethernet + 1) + sizeof(struct ebtop_ipv4) > frame.end)
		return;
	rewrite_macs(ethernet, adjacency);
	account_adjacency(adjacency, now_jiffies);
	if (!d->is_ipv6)
		rewrite_ipv4((void *)(ethernet + 1));
	else if ((void *)(ethernet + 1) + sizeof(struct ebtop_ipv6) <= frame.end)
		rewrite_ipv6((void *)(ethernet + 1));
}

/* Cuts what lies behind the IP length, as the kernel does (padding of short frames). */
EBTOP_INLINE int trim(struct xdp_md *ctx, __u32 frame_bytes, __u32 l2_bytes)
{
	if (frame_bytes <= l2_bytes)
		return 0;
	return ebtop_adjust_tail(ctx, -(int)(frame_bytes - l2_bytes));
}

int ebtop_ingress(struct xdp_md *ctx)
{
	struct ebtop_frame frame = frame_of(ctx);
	struct ebtop_control *control = map_control();
	struct ebtop_decision space, *d = &space;
	struct ebtop_port *port;
	__u64 now_jiffies = ebtop_jiffies();
	__u32 verdict;

	EBTOP_OPAQUE(d); /* kept in memory: as registers, every early exit would set each field */
	__builtin_memset(d, 0, sizeof(*d));
	port = port_find(ctx->ingress_ifindex, &d->ingress);
	if (!port || !control)
		return XDP_PASS;
	verdict = decide(&frame, d, port, control, now_jiffies);
	if (verdict == EBTOP_FORWARDED && map_redirect(d->egress) != XDP_REDIRECT)
		verdict = EBTOP_PUNT_REDIRECT;
	if (verdict == EBTOP_FORWARDED && trim(ctx, frame.bytes, d->l2_bytes))
		verdict = EBTOP_PUNT_REDIRECT;
	account(d, verdict);
	if (verdict == EBTOP_DROP_BLACKHOLE)
		return XDP_DROP;
	if (verdict != EBTOP_FORWARDED)
		return XDP_PASS;
	stamp(ctx, d, control);
	rewrite(ctx, d, now_jiffies);
	return XDP_REDIRECT;
}

int ebtop_egress(struct xdp_md *ctx)
{
	struct ebtop_stamp *stamp = (void *)(long)ctx->data_meta;
	struct ebtop_control *control = map_control();
	__u64 now_ns = ebtop_ktime_ns();
	__u64 latency_ns;
	__u32 bucket;

	if ((void *)(stamp + 1) > (void *)(long)ctx->data || !control)
		return XDP_PASS;
	if (stamp->magic != EBTOP_STAMP_MAGIC || stamp->generation != (__u16)control->generation)
		return XDP_PASS;
	latency_ns = now_ns > stamp->time_ns ? now_ns - stamp->time_ns : 0;
	bucket = latency_bucket(latency_ns);
	latency_count(stamp->egress & (EBTOP_PORTS - 1), bucket, latency_ns);
	if (stamp->histogram)
		latency_count(stamp->histogram, bucket, latency_ns);
	ebtop_adjust_meta(ctx, sizeof(*stamp));
	return XDP_PASS;
}

int ebtop_lease(struct xdp_md *ctx)
{
	struct ebtop_control *control = map_control();
	__u64 now_jiffies = ebtop_jiffies();

	(void)ctx;
	if (!control)
		return XDP_ABORTED;
	control->lease_jiffies = now_jiffies + control->lease_span_jiffies;
	control->renewed_jiffies = now_jiffies;
	control->renewed_ns = ebtop_ktime_ns();
	return XDP_PASS;
}
