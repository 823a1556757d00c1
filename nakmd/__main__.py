"""``python -m nakmd`` is the command ``nakmd``."""

from nakmd.cli.app import main

main()
