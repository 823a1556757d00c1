"""Free energy of K and Na from the liquid to a pyridinic site, and of K to a bare sheet, by umbrella windows.

    python examples/umbrella/study.py [directory]

runs the decks pyridinic.toml and pristine.toml without restraints and windows of 120 ps for each coordinate, and writes
results.json, results.md and a figure for each. A stopped study is resumed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nakmd.analysis import UmbrellaRecord
from nakmd.deck.changes import with_settings
from nakmd.deck.source import DeckSource
from nakmd.simulation import SiteDistance, WallDistance
from nakmd.simulation.restraints import Coordinate
from nakmd.studies import umbrella

HERE = Path(__file__).parent


class Case(NamedTuple):
    """A coordinate: deck, what is measured, centres [Å] in the order of the runs, springs [eV/Å²], and ranges [Å].

    The free energy is zero in ``bulk``; atoms are counted in each of the wells.
    """

    deck: str
    coordinate: Coordinate
    centres: Sequence[float]
    springs: Sequence[float]
    bulk: tuple[float, float]
    wells: Sequence[tuple[float, float]]


def down(first: float, step: float, number: int = 12) -> list[float]:
    """Return centres from the liquid towards the wall."""
    return [round(first - step * k, 3) for k in range(number)]


CASES = {
    # on the barrier at 3 Å, where the K that enters pushes out Na, soft windows slide down to either side
    "K to the site": Case(
        "pyridinic", SiteDistance(species="K", site="N:pyridinic", nearest="centre"),
        [*down(7.6, 0.5), 2.9, 2.7, 2.5], [0.6] * 12 + [3.0] * 3, (6.8, 7.6), [(0.0, 2.7), (3.0, 5.4)],
    ),
    "Na to the site": Case(
        "pyridinic", SiteDistance(species="Na", site="N:pyridinic", nearest="centre"),
        [*down(7.1, 0.5), 4.85, 2.75, 2.45, 5.3, 2.2, 3.0], [*[0.6] * 13, 3.0, 3.0, 0.6, 3.0, 3.0],
        (6.6, 7.2), [(0.0, 2.7), (2.7, 4.8)],
    ),
    "K to the wall": Case(
        "pristine", WallDistance(species="K", nearest="centre"), down(9.1, 0.6), [0.5] * 12, (8.0, 9.2), [(0.0, 4.7)]
    ),
}  # fmt: skip


def main(
    directory: str | Path = "runs/umbrella",
    cases: dict[str, Case] | None = None,
    steer: float = 8.0,
    duration: float = 120.0,
    settings: Sequence[str] = (),
    resamples: int = 200,
) -> dict[str, UmbrellaRecord]:
    """Run all cases, print and store the results, and return the records; ``settings`` change the decks."""
    records, folder = {}, Path(directory)
    for name, case in (CASES if cases is None else cases).items():
        for well in case.wells:  # the runs are made once
            record = umbrella(
                with_settings(DeckSource.read(HERE / f"{case.deck}.toml"), settings),
                case.coordinate,
                case.centres,
                case.springs,
                folder / name.replace(" ", "-"),
                case.bulk,
                steer=steer,
                duration=duration,
                well=well,
                free=folder / f"free-{case.deck}",
                resamples=resamples,
            )
            records[f"{name}, {well[0]:g} to {well[1]:g} Å"] = record
            print(record)
        record.plot().savefig(folder / f"{name.replace(' ', '-')}.png", dpi=130)
    stored = {name: record.to_dict() for name, record in records.items()}
    (folder / "results.json").write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
    (folder / "results.md").write_text(table(records), encoding="utf-8")
    return records


def table(records: dict[str, UmbrellaRecord]) -> str:
    """Return the results as a table: value and standard error."""
    lines = [
        "| well | depth | atoms in it | without restraints | transfer |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, record in records.items():
        measures = (record.depth, record.occupancy, record.free_occupancy, record.transfer)
        words = " | ".join("" if measure is None else measure.text for measure in measures)
        lines.append(f"| {name} | {words} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main(*sys.argv[1:2])
