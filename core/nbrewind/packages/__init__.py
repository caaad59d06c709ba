"""Packages: one file that holds a notebook with all that it needs to be repeated elsewhere.

To open, inspect or verify a package runs nothing and unpickles nothing. Its records answer only once it is trusted.
"""
