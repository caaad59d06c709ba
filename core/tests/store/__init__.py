"""The store, with real files and processes."""
