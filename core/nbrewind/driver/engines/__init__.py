"""Engines: where cells of a plan run ahead of their turn, beside the notebook's own kernel."""
