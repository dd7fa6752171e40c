/* SPDX-License-Identifier: GPL-2.0-only */
/* XDP programs carry no kernel version. */
#ifndef EBTOP_SHIM_VERSION_H
#define EBTOP_SHIM_VERSION_H
#define LINUX_VERSION_CODE 0
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#endif
