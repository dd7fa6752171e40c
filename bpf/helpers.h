/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's helpers by their stable numbers (enum bpf_func_id,
 * include/uapi/linux/bpf.h), and map references by id: the loader replaces each
 * id with the descriptor of the map that it made. Nothing here is bcc's
 * dialect, so that a stock clang compiles the same text.
 */
#ifndef EBTOP_HELPERS_H
#define EBTOP_HELPERS_H

#include "abi.h"

#ifdef EBTOP_PLAIN /* bcc brings these itself (include/uapi/linux/bpf.h) */
enum xdp_action {
	XDP_ABORTED = 0,
	XDP_DROP,
	XDP_PASS,
	XDP_TX,
	XDP_REDIRECT,
};

struct xdp_md {
	__u32 data;
	__u32 data_end;
	__u32 data_meta;
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u32 egress_ifindex;
};

int ebtop_ingress(struct xdp_md *ctx);
int ebtop_egress(struct xdp_md *ctx);
int ebtop_lease(struct xdp_md *ctx);
#endif

static void *(*const ebtop_map_lookup)(void *map, const void *key) = (void *)1;
static __u64 (*const ebtop_ktime_ns)(void) = (void *)5;
static __u32 (*const ebtop_cpu)(void) = (void *)8;
static long (*const ebtop_redirect_map)(void *map, __u64 key, __u64 flags) = (void *)51;
static long (*const ebtop_adjust_meta)(void *ctx, int delta) = (void *)54;
static long (*const ebtop_adjust_tail)(void *ctx, int delta) = (void *)65;
static __u64 (*const ebtop_jiffies)(void) = (void *)118;

/* A 64-bit load that the verifier takes for a map: BPF_PSEUDO_MAP_FD with our id. */
__u64 ebtop_pseudo(__u64 kind, __u64 id) __asm__("llvm.bpf.pseudo");

/* Hides from the compiler what it knows of a value. */
#define EBTOP_OPAQUE(value) __asm__ volatile("" : "+r"(value))

#define EBTOP_MAP(id) ((void *)ebtop_pseudo(1, id))

#endif
