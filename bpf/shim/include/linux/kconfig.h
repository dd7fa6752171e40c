/* SPDX-License-Identifier: GPL-2.0-only */
/* First header that bcc includes: the kernel's short integer names. */
#ifndef EBTOP_SHIM_KCONFIG_H
#define EBTOP_SHIM_KCONFIG_H
#include <linux/types.h>
#define CONFIG_BPF_SYSCALL 1
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;
#endif
