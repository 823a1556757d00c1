"""Fit the set nak-2026: Na, K, and then the functions between them.

    python potentials/fit/nak/fit.py -o FOLDER

One core needs an hour. Every round is stored in FOLDER; a repeated command continues after the last one. `--stage` does
one part of it, so that Na and K can be fitted at the same time; the stage `cross` reads the elements from FOLDER.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from cross import CrossFit, fitted_elements
from element import ElementFit
from rounds import Settings
from targets import read_targets

#: Seeds and numbers of rounds of the stored stages.
SEEDS = {"na": 1, "k": 2, "cross": 1}
ROUNDS = {"na": 16, "k": 14, "cross": 10}


def main() -> None:
    """Run a stage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=("na", "k", "cross"), help="one part; by default all")
    parser.add_argument("--seed", type=int, help="by default that of the stored stages")
    parser.add_argument("--rounds", type=int, help="in all, stored ones included; by default those of the set")
    parser.add_argument("--time", type=float, default=40.0, help="of a bulk liquid [ps]")
    parser.add_argument("--film-time", type=float, default=100.0, help="of a film [ps]")
    parser.add_argument("-o", "--folder", type=Path, required=True)
    options = parser.parse_args()
    settings = Settings(time=options.time, film_time=options.film_time)
    for stage in (options.stage,) if options.stage else ("na", "k", "cross"):
        run(stage, settings, options)


def run(stage: str, settings: Settings, options: argparse.Namespace) -> None:
    """Run the rounds of a stage that are not stored yet."""
    fit: ElementFit | CrossFit
    if stage == "cross":
        held = fitted_elements(options.folder)
        fit = CrossFit(held, read_targets("NaK"), settings, options.folder)
    else:
        element = {"na": "Na", "k": "K"}[stage]
        fit = ElementFit(element, read_targets(element), settings, options.folder)
    for k in range(fit.resume(), options.rounds or ROUNDS[stage]):
        fit.round(1000 * (options.seed or SEEDS[stage]) + 100 * k)


if __name__ == "__main__":
    main()
