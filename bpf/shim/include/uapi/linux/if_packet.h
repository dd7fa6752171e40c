/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by bcc, unused by XDP programs. */
