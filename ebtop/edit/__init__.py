"""Edits: how they are told, checked by the kernel, and written."""
