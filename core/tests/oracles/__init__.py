"""Replay oracles: what records and edges promise is compared with what a new kernel does. Real kernels."""
