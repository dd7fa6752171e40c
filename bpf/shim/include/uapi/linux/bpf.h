/* SPDX-License-Identifier: GPL-2.0-only */
/* bcc brings its own copy and has included it by now. */
