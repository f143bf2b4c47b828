"""``python -m corridors``: the command."""

from corridors.cli import main

main()
