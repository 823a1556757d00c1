"""The targets of the fit, from targets.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("targets.toml")


def read_targets(of: str) -> dict[str, tuple[float, float]]:
    """Return value and tolerance of every target of an element, or of the alloy (``"NaK"``)."""
    text = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {t["quantity"]: (float(t["value"]), float(t["sigma"])) for t in text["target"] if t["of"] == of}
