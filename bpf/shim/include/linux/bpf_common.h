/* SPDX-License-Identifier: GPL-2.0-only */
/* Classic BPF's opcodes are what <linux/bpf.h> wants from here; no program of ours names one. */
#ifndef EBTOP_SHIM_BPF_COMMON_H
#define EBTOP_SHIM_BPF_COMMON_H
#endif
