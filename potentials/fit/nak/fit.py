"""Fit the set nak-2026: Na, K, and then the functions between them.

    python potentials/fit/nak/fit.py --stage na --seed 1 -o FOLDER

Every round is stored in FOLDER; a repeated command continues after the last one. The stage `cross` reads the elements
from FOLDER.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from cross import CrossFit
from element import ElementFit, Settings, last_parameters

HERE = Path(__file__).parent


def read_targets(of: str) -> dict[str, tuple[float, float]]:
    """Return value and tolerance of every target of an element or alloy."""
    text = tomllib.loads((HERE / "targets.toml").read_text(encoding="utf-8"))
    return {t["quantity"]: (float(t["value"]), float(t["sigma"])) for t in text["target"] if t["of"] == of}


def main() -> None:
    """Run a stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=("na", "k", "cross"), required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8, help="in all, stored ones included")
    parser.add_argument("--time", type=float, default=40.0, help="of a bulk liquid [ps]")
    parser.add_argument("--film-time", type=float, default=60.0, help="of a film [ps]")
    parser.add_argument("--step", type=float, default=0.6, help="weight against large steps; 2 for the last rounds")
    parser.add_argument("-o", "--folder", type=Path, required=True)
    options = parser.parse_args()
    settings = Settings(time=options.time, film_time=options.film_time, step=options.step)
    fit: ElementFit | CrossFit
    if options.stage == "cross":
        held = {element: last_parameters(options.folder, element) for element in ("Na", "K")}
        fit = CrossFit(held, read_targets("NaK"), settings, options.folder)
    else:
        element = {"na": "Na", "k": "K"}[options.stage]
        fit = ElementFit(element, read_targets(element), settings, options.folder)
    for k in range(fit.restore(), options.rounds):
        fit.round(1000 * options.seed + 100 * k)


if __name__ == "__main__":
    main()
