"""The only room that speaks netlink or reads the kernel's settings."""
