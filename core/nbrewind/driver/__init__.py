"""Executes notebooks through a kernel client: recording all of it, or repeating only what must run."""
