"""Routers and hosts in network namespaces: for the demo, the tests and the benchmarks."""
