"""Write structure.json: g(r) of liquid Na and K at 400 K that the fit holds to.

    python potentials/fit/nak/structure.py

No measured g(r) is at hand, only the positions of its first peak. The set of Nichol and Ackland has the measured
position for Na and is 2 % too long for K. Its g(r) is taken; the fit moves the first peak to its target.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from features import MIDDLES, histogram, pairs_within
from sampling import run_bulk

from nakmd.potentials import load


def main() -> None:
    """Run both liquids."""
    out = {"r": [round(float(r), 3) for r in MIDDLES]}
    for element, x_K in (("Na", 0.0), ("K", 1.0)):
        run = run_bulk(load("nichol-ackland-2016", elements=[element]), x_K, 400.0, 686, 5, 8.0, 60.0)
        volume, n = float(np.prod(run.lengths)), run.positions.shape[1]
        g = np.mean([histogram(pairs_within(x, run.lengths, 9.6)[2], n, volume) for x in run.positions], axis=0)
        out[element] = [round(float(x), 4) for x in g]
        print(element, "D", run.diffusion())
    Path(__file__).with_name("structure.json").write_text(json.dumps(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
