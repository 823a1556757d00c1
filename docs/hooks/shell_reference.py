"""Pages of the manual that list every command of the shell, made from the commands themselves."""

from __future__ import annotations


def shell_reference() -> dict[str, str]:
    """Return the pages: path below the folder of the manual → Markdown."""
    return {}
