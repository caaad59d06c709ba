"""Data-flow cases: cells that run once, in order, in a real kernel, and the edges that must be found between them."""
