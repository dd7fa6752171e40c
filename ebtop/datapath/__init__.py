"""The only room that knows bcc, bpf(2) and the maps."""
