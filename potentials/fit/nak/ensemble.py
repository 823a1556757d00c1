"""Draw members of the ensemble: parameters that agree with the data of the fit, by its Gauss-Newton Hessian.

    python potentials/fit/nak/ensemble.py FOLDER

The residuals of the fit are divided by their tolerances, so that (JᵀJ)⁻¹ is the covariance of the parameters within the
tolerances. Four draws are taken with both signs: the mean over the eight members is the set. The functions between Na
and K of a member follow those of its elements by corresponding states, and have a draw of their own in addition.
Written to FOLDER/members.json; record.py puts them into the set.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from cross import CrossFit, fitted_elements, mean_functions
from element import ElementFit
from rounds import Settings
from targets import read_targets

from nakmd.arrays import FloatArray

#: Draws, each with both signs.
DRAWS, SEED = 4, 2026
#: Step of the derivatives, in units of 0.02 + 0.1 |θ|.
STEP = 1e-3


def draws(residuals: Callable[[FloatArray], FloatArray], theta: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return changes of the parameters, (DRAWS, n), with the covariance (JᵀJ)⁻¹."""
    scale = 0.02 + 0.1 * np.abs(theta)
    rows = []
    for k in range(len(theta)):
        change = np.zeros(len(theta))
        change[k] = STEP * scale[k]
        rows.append((residuals(theta + change) - residuals(theta - change)) / (2.0 * STEP))
    values, vectors = np.linalg.eigh(np.array(rows) @ np.array(rows).T)
    root = vectors / np.sqrt(np.maximum(values, 1e-6 * values.max()))
    return np.asarray(random.standard_normal((DRAWS, len(theta))) @ root.T * scale)


def main() -> None:
    """Draw the members and print the spread of their cold figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    random = np.random.default_rng(SEED)
    held = fitted_elements(folder)
    changes = {}
    for element, theta in held.items():
        fit = ElementFit(element, read_targets(element), Settings(), folder)
        fit.restore()
        fit.theta = theta
        changes[element] = draws(lambda t, fit=fit: fit.residuals(t, trust=False), theta, random)  # type: ignore[misc]
        figures = [fit.cold.figures(theta + change) for change in changes[element]]
        print(
            element,
            {k: f"{np.mean([f[k] for f in figures]):.4f} ± {np.std([f[k] for f in figures]):.4f}" for k in figures[0]},
        )
    cross = CrossFit(held, read_targets("NaK"), Settings(), folder)
    cross.restore()
    center = cross.theta = cross.best()
    own = draws(lambda t: cross.residuals(t, trust=False), center, random)
    members = []
    for k in range(DRAWS):
        for sign in (1.0, -1.0):
            moved = {element: theta + sign * changes[element][k] for element, theta in held.items()}
            between = center + mean_functions(moved) - mean_functions(held) + sign * own[k]
            members.append({"Na": moved["Na"].tolist(), "K": moved["K"].tolist(), "NaK": between.tolist()})
    (folder / "members.json").write_text(json.dumps(members), encoding="utf-8")


if __name__ == "__main__":
    main()
