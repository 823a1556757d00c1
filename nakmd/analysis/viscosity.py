"""Shear viscosity from the fluctuations of the pressure tensor (Green-Kubo)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import require_frames
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.green_kubo import ViscosityRecord, green_kubo
from nakmd.analysis.named_analysis import METAL_ALONE, TableAnalysis
from nakmd.analysis.numerics.displacements import check_fit
from nakmd.analysis.paths import EvenSpacing, even_rows
from nakmd.analysis.pressure_tensor import refuse_wall, require_stress
from nakmd.arrays import FloatArray
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, K_B

_VOIGT = ("xx", "yy", "zz", "yz", "xz", "xy")


class Viscosity(TableAnalysis):
    r"""Shear viscosity of a homogeneous liquid in equilibrium.

    .. math:: \eta = \frac{V}{k_B T} \int_0^\infty \langle P_\alpha(0) P_\alpha(t) \rangle \, dt
              = \frac{V}{k_B T} \lim_{t \to \infty} \frac{1}{2} \frac{d}{dt}
              \left\langle [G_\alpha(s + t) - G_\alpha(s)]^2 \right\rangle, \qquad
              G_\alpha(t) = \int_0^t P_\alpha \, dt'

    averaged over the five independent components α of the traceless pressure tensor, each with the same variance in
    an isotropic liquid: P_xy, P_xz, P_yz, (P_xx - P_yy)/2, (2 P_zz - P_xx - P_yy)/(2√3).

    Parameters
    ----------
    fit : (float, float) [ps], optional
        Window of the linear fit to the squared Helfand moment G. Default: from 6 integrated correlation times of the
        stress (self-consistent: the first t above 6 ∫₀ᵗ c) to twice that.

    Raises
    ------
    AnalysisError
        If there is a wall, no pressure tensor, or the autocorrelation of the stress falls below one half between
        adjacent rows.

    Notes
    -----
    The second form averages the integral of the first over a window of upper limits, with the weights of a linear fit,
    so that no cutoff has to be chosen on a noisy curve. Each component is treated as a particle with the path G, so
    that errors are those of `Diffusion`: from the scatter over five components times time segments, with Student's t.

    The stress of liquid NaK decorrelates within about 0.2 to 0.5 ps. Rows of the thermo table are 50 steps apart
    by default; use ``[output] thermo_every = 5`` in the deck (5 to 20 fs; every row costs one virial). An error of
    10 % needs hundreds of correlation times.

    References
    ----------
    Helfand, Phys. Rev. 119, 1 (1960). doi:10.1103/PhysRev.119.1
    Daivis & Evans, J. Chem. Phys. 100, 541 (1994). doi:10.1063/1.466970
    """

    name = "viscosity"
    title = "shear viscosity of the liquid (Green-Kubo)"
    panel = 40
    needs_dynamics = True
    on_request = True  # it needs samples about 10 fs apart, which most runs do not have
    atoms = METAL_ALONE
    needs = frozenset({"virial", "velocities"})

    def __init__(self, fit: tuple[float, float] | None = None) -> None:
        check_fit(fit)
        self.fit = fit

    def prepare(self, topology: Topology) -> None:
        """Store the masses."""
        refuse_wall(topology, "Viscosity")
        self._masses = topology.masses
        self._spacing = EvenSpacing("Viscosity")
        self._pressures: list[FloatArray] = []
        self._temperatures: list[float] = []
        self._lengths: list[FloatArray] = []
        self._volumes: list[float] = []

    def update(self, frame: Frame) -> None:
        """Store the pressure tensor of one frame."""
        require_stress(frame, "viscosity")
        assert frame.velocities is not None
        assert frame.virial is not None
        if not self._spacing.accept(frame):
            return
        v = frame.velocities
        pairs = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
        kinetic = np.array([self._masses @ (v[:, a] * v[:, b]) for a, b in pairs]) / ACCELERATION
        self._pressures.append((kinetic + frame.virial) / frame.cell.volume)
        kinetic_temperature = float(kinetic[:3].sum()) / (3.0 * len(v) * K_B)
        self._temperatures.append(kinetic_temperature if frame.temperature is None else frame.temperature)
        self._lengths.append(frame.cell.lengths)
        self._volumes.append(frame.cell.volume)

    def result(self) -> ViscosityRecord:
        """Return the viscosity."""
        require_frames(len(self._pressures), 32, "Viscosity")
        return green_kubo(
            np.array(self._pressures),
            self._spacing.step,
            float(np.mean(self._temperatures)),
            float(np.mean(self._volumes)),
            np.mean(self._lengths, axis=0),
            self.fit,
            (f"from {len(self._pressures)} frames", *self._spacing.notes),
        )

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> ViscosityRecord | None:
        """Return the viscosity from the rows of the thermo table."""
        refuse_wall(source.topology, "Viscosity")
        if not {"time", "temperature", "volume", *(f"pressure_{v}" for v in _VOIGT)} <= set(table):
            return None
        rows = choice.table_rows(table)
        columns = {name: np.asarray(table[name], dtype=np.float64)[rows] for name in table if name != "stage"}
        require_frames(len(rows), 32, "Viscosity")
        kept, step = even_rows(columns["time"], "Viscosity")
        pressures = np.stack([columns[f"pressure_{v}"][:kept] for v in _VOIGT], axis=1)
        if not np.all(np.isfinite(pressures)):
            raise AnalysisError("Some rows of the thermo table have no pressure tensor. Choose a stage that has it.")
        lengths = [columns[f"length_{v}"].mean() for v in "abc"] if "length_a" in columns else [math.nan] * 3
        return green_kubo(
            pressures,
            step,
            float(columns["temperature"][:kept].mean()),
            float(columns["volume"][:kept].mean()),
            np.array(lengths),
            self.fit,
            (f"from {kept} rows of the thermo table",),
        )


def viscosity(
    source: FrameSource,
    fit: tuple[float, float] | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ViscosityRecord:
    """Return the viscosity from the thermo table of the run, or from the frames if it has no pressure tensor.

    Parameters
    ----------
    source : FrameSource
    fit : (float, float) [ps], optional
        As in `Viscosity`.
    progress : callable, optional
    frames
        As in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, viscosity
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=8), np.random.default_rng(1)
    >>> virials, rest = np.zeros((3000, 6)), np.zeros((8, 3))
    >>> for k in range(1, 3000):  # a stress that is forgotten within 0.1 ps
    ...     virials[k] = 0.9 * virials[k - 1] + random.normal(0.0, 0.1, 6)
    >>> place = melt.cell.wrap(melt.positions)
    >>> frames = [
    ...     Frame(k, 0.01 * k, *place, melt.cell, rest, temperature=450.0, virial=w) for k, w in enumerate(virials)
    ... ]
    >>> viscosity(FrameList(melt.topology, frames)).text
    '0.029 ± 0.007 mPa s'
    """
    return cast(ViscosityRecord, Viscosity(fit).of_run(source, FrameChoice.of(source, **frames), progress))
