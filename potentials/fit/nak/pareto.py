"""What the figures of the fit cost each other: `variants.json` and `pareto.png` from stored rounds.

    python potentials/fit/nak/pareto.py "1.6 a"=FOLDER "1.7 a"=OTHER ...

Every measured round of every named folder is a point: the tension of the liquid against its diffusion, coloured by the
error of the other targets together. Without folders the figure is drawn again from `variants.json`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from element import COLD
from response import Response
from targets import read_targets

mpl.use("Agg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
MARKERS = "osD^v"
#: Raw D in the cell of the fit is lower than that of a large cell [Å²/ps], as in targets.toml.
SIZE_OF_CELL = 0.055
#: Measured D at 400 K [Å²/ps], Larsson et al. (1972).
MEASURED_D = {"Na": 0.527, "K": 0.599}
#: Points farther off than this (rms in tolerances) are left out: the first rounds.
WORST = 4.0


def points_of(folder: Path, element: str, variant: str) -> list[dict[str, Any]]:
    """Return the measured rounds of an element."""
    targets, out = read_targets(element), []
    for path in sorted(folder.glob(f"{element}_*.json")):
        text = json.loads(path.read_text(encoding="utf-8"))
        responses = {key: Response.of(r) for key, r in text["responses"].items()}
        errors = [(text["cold"][name] - targets[name][0]) / targets[name][1] for name in COLD]
        errors += [
            (r.value - targets["pressure"][0]) / targets["pressure"][1]
            for key, r in responses.items()
            if key.startswith("pressure")
        ]
        out.append({
            "element": element, "variant": variant, "round": path.stem, "D": round(text["diffusion"]["400"], 3),
            "tension": round(responses["tension@400"].value, 1),
            "tension_error": round(responses["tension@400"].error, 1),
            "vacancy": round(text["cold"]["vacancy"], 4), "height": round(responses["height@400"].value, 3),
            "others": round(float(np.sqrt(np.mean(np.square(errors)))), 2),
        })  # fmt: skip
    return out


def draw(points: list[dict[str, Any]], file: Path) -> None:
    """Draw tension against diffusion for Na and K."""
    figure, axes = plt.subplots(1, 2, figsize=(9.0, 3.8), constrained_layout=True)
    variants = list(dict.fromkeys(p["variant"] for p in points))
    shown = None
    for ax, element in zip(axes, ("Na", "K"), strict=True):
        for marker, variant in zip(MARKERS, variants, strict=False):
            mine = [p for p in points if p["element"] == element and p["variant"] == variant and p["others"] < WORST]
            if not mine:
                continue
            x, y = np.array([[p["D"] + SIZE_OF_CELL, p["tension"]] for p in mine]).T
            errors = [p["tension_error"] for p in mine]
            ax.errorbar(x, y, errors, xerr=0.03, fmt="none", ecolor="0.8", lw=0.8, zorder=1)
            shown = ax.scatter(
                x,
                y,
                c=[p["others"] for p in mine],
                vmin=0.0,
                vmax=WORST,
                cmap="viridis_r",
                marker=marker,
                label=variant,
            )
        target = read_targets(element)["tension"][0]
        ax.plot(MEASURED_D[element], target, "*", color="tab:red", ms=13, label="measured")
        ax.set(xlabel="D at 400 K / Å² ps⁻¹", ylabel="surface tension at 400 K / mN m⁻¹", title=element)
        ax.legend(fontsize="x-small")
    if shown is not None:
        figure.colorbar(shown, ax=axes, label="other targets, rms in tolerances")
    figure.savefig(file, dpi=130)


def main() -> None:
    """Collect the rounds and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", metavar="NAME=FOLDER")
    store = HERE / "variants.json"
    named = [text.split("=", 1) for text in parser.parse_args().folders]
    if named:
        points = [
            p for name, folder in named for element in ("Na", "K") for p in points_of(Path(folder), element, name)
        ]
        store.write_text(json.dumps(points, indent=0) + "\n", encoding="utf-8")
    draw(json.loads(store.read_text(encoding="utf-8")), HERE / "pareto.png")


if __name__ == "__main__":
    main()
