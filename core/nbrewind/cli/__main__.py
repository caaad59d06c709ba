"""``python -m nbrewind.cli``: the command without its script."""

from nbrewind.cli import main

main()
