"""Thermal conductivity from the fluctuations of the heat current (Green-Kubo)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import require_frames
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.helfand import (
    Current,
    GreenKuboRecord,
    autocorrelation_of,
    carried_in_window,
    carried_without_memory,
    green_kubo_fields,
    window_of,
)
from nakmd.analysis.named_analysis import AtomsNeeded, TableAnalysis
from nakmd.analysis.numerics.displacements import check_fit, fit_window
from nakmd.analysis.paths import EvenSpacing, even_rows
from nakmd.arrays import FloatArray
from nakmd.currents import DIRECTIONS, FLOW, HEAT, HeatCurrent, column_names
from nakmd.elements import WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, J_PER_EV, K_B

#: 1 eV/(ps Å K) in W/(m K).
W_PER_M_K = J_PER_EV / (1e-12 * 1e-10)

#: Largest kinetic energy of the centre of mass, in units of 3/2 kT, below which the system counts as at rest.
AT_REST = 1e-3


class ThermalConductivityRecord(GreenKuboRecord):
    """A thermal conductivity [W/(m K)] and the functions it is derived from.

    Attributes
    ----------
    carried : dict of str to float [eV]
        Heat that an atom of an element carries along with it, relative to the last element: the part of the current
        that is removed.
    """

    row = "thermal conductivity"
    symbol = "κ"
    current = "heat current"

    carried: dict[str, float]


class ThermalConductivity(TableAnalysis):
    r"""Thermal conductivity of a liquid or a solid in equilibrium, without a flow of matter.

    .. math:: \kappa = \frac{1}{V k_B T^2} \int_0^\infty \langle J_\alpha(0) J_\alpha(t) \rangle \, dt, \qquad
              J = \sum_i \left[ \left( \tfrac12 m_i v_i^2 + U_i \right) v_i + W_i v_i \right]
              - \sum_a h_a \sum_{i \in a} v_i

    averaged over the directions α. The last term is the heat that diffusing atoms carry. In a mixture the number of
    atoms of an element is conserved, and conduction without a flow of matter is

    .. math:: \kappa = \frac{1}{T^2} \left( \Lambda_{qq} - \Lambda_{qd} \Lambda_{dd}^{-1} \Lambda_{dq} \right),

    with Λ the integrals of the heat current q and of the flows d of all elements but one. It is the integral of the
    current above with h = Λ_dd⁻¹ Λ_dq, which makes it smallest: no enthalpies have to be known, and their error enters
    in second order only.

    Parameters
    ----------
    fit : (float, float) [ps], optional
        As in `Viscosity`.
    axis : {"x", "y", "z"}, optional
        Measure the conductivity along this axis only: of a tube, or of a sheet.
    volume : float [Å³], optional
        Volume of the material: of a tube or a sheet, which fill only part of the cell. By default that of the cell.

    Raises
    ------
    AnalysisError
        If the source has no heat current, there is a wall beside a metal, or a wall alone without ``axis`` and
        ``volume``, or the system as a whole moves.

    Notes
    -----
    The integral is measured as that of `Viscosity`, with three components. Use dynamics that leave the total momentum
    at zero (``nve`` or ``bussi``): the current of a system that moves as a whole is not a heat current.

    In a liquid metal electrons carry most of the heat, and no potential has them: this is the conductivity by the
    motion of the atoms.

    The deck writes the current with ``[output] heat_current = true``, in each row of the thermo table; rows 5 to 20 fs
    apart are needed. W_i is that of `nakmd.potentials.Evaluator.compute`, in the form for many-body forces.

    References
    ----------
    Z. Fan et al., Phys. Rev. B 92, 094301 (2015). doi:10.1103/PhysRevB.92.094301
    R. Bertossa et al., Phys. Rev. Lett. 122, 255901 (2019). doi:10.1103/PhysRevLett.122.255901
    """

    name = "thermal_conductivity"
    title = "thermal conductivity (Green-Kubo)"
    panel = 41
    needs_dynamics = True
    on_request = True  # it needs the heat current, which most runs do not write
    atoms = AtomsNeeded(
        "metal atoms and no wall (C, N), which would conduct heat beside them",
        lambda present: bool(present.metals) and not present.walls,
    )
    needs = frozenset({"virials", "energies", "velocities"})

    def __init__(
        self, fit: tuple[float, float] | None = None, axis: str | None = None, volume: float | None = None
    ) -> None:
        check_fit(fit)
        if axis is not None and axis not in DIRECTIONS:
            raise AnalysisError(f"The axis of a conductivity must be 'x', 'y' or 'z', not {axis!r}.")
        if volume is not None and not volume > 0.0:
            raise AnalysisError(f"The volume of a conductor must be positive, not {volume:g} Å³.")
        self.fit, self.axis, self.volume = fit, axis, volume

    def prepare(self, topology: Topology) -> None:
        """Store the elements."""
        self._current = HeatCurrent(topology)
        elements = self._current.elements
        walls, metals = [e for e in elements if e in WALL], [e for e in elements if e not in WALL]
        if walls and metals:
            raise AnalysisError(
                f"The thermal conductivity is that of one material, and this system has {', '.join(metals)} and a wall "
                f"of {', '.join(walls)}. Simulate the liquid or the wall alone at the same temperature."
            )
        if walls and (self.axis is None or self.volume is None):
            raise AnalysisError(
                f"A wall of {', '.join(walls)} fills a part of its cell. Give axis= and volume= [Å³]: of a tube 2π R "
                "times 3.35 Å times its length, for example."
            )
        # atoms of a wall do not diffuse
        self._is_liquid = bool(metals)
        self._moving = elements[:-1] if metals else ()
        of_species = np.array([elements.index(e) if e in elements else -1 for e in topology.elements])
        self._element_masses = np.bincount(
            of_species[topology.species], topology.masses, minlength=len(elements)
        ) / np.bincount(of_species[topology.species], minlength=len(elements))
        self._masses = topology.masses
        self._spacing = EvenSpacing("Thermal conductivity")
        self._heat: list[FloatArray] = []
        self._flow: list[FloatArray] = []
        self._temperatures: list[float] = []
        self._volumes: list[float] = []

    def update(self, frame: Frame) -> None:
        """Store the current of one frame."""
        missing = [name for name in ("velocities", "energies", "virials") if getattr(frame, name) is None]
        if missing:
            raise AnalysisError(
                f"The frame at step {frame.step} has no {', '.join(missing)} of its atoms, so there is "
                "no heat current. Write it with [output] heat_current = true, in every row of the thermo table."
            )
        if not self._spacing.accept(frame):
            return
        assert frame.velocities is not None
        assert frame.energies is not None
        assert frame.virials is not None
        self._current.compute(frame.velocities, frame.energies, frame.virials)
        self._heat.append(self._current.heat.sum(axis=0))
        self._flow.append(self._current.flow.copy())
        squares = np.einsum("i,ic,ic->", self._masses, frame.velocities, frame.velocities) / ACCELERATION
        kinetic_temperature = float(squares) / (3.0 * len(self._masses) * K_B)
        self._temperatures.append(kinetic_temperature if frame.temperature is None else frame.temperature)
        self._volumes.append(frame.cell.volume)

    def result(self) -> ThermalConductivityRecord:
        """Return the conductivity."""
        require_frames(len(self._heat), 32, "Thermal conductivity")
        return self._of_series(
            np.array(self._heat),
            np.array(self._flow),
            self._spacing.step,
            float(np.mean(self._temperatures)),
            float(np.mean(self._volumes)),
            (f"from {len(self._heat)} frames", *self._spacing.notes),
        )

    def of_table(
        self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice
    ) -> ThermalConductivityRecord | None:
        """Return the conductivity from the rows of the thermo table."""
        self.prepare(source.topology.whole)
        elements = self._current.elements
        names = {word: [column_names(word, element) for element in elements] for word in (HEAT, FLOW)}
        needed = {"time", "temperature", "volume", *(c for rows in names.values() for row in rows for c in row)}
        if not needed <= set(table):
            return None
        rows = choice.table_rows(table)
        require_frames(len(rows), 32, "Thermal conductivity")
        columns = {name: np.asarray(table[name], dtype=np.float64)[rows] for name in needed}
        kept, step = even_rows(columns["time"], "Thermal conductivity")
        heat, flow = (
            np.stack([np.stack([columns[c][:kept] for c in row], axis=1) for row in names[word]], axis=1)
            for word in (HEAT, FLOW)
        )
        if not (np.all(np.isfinite(heat)) and np.all(np.isfinite(flow))):
            raise AnalysisError("Some rows of the thermo table have no heat current. Choose a stage that has it.")
        return self._of_series(
            heat.sum(axis=1),
            flow,
            step,
            float(columns["temperature"][:kept].mean()),
            float(columns["volume"][:kept].mean()),
            (f"from {kept} rows of the thermo table",),
        )

    def _of_series(
        self,
        heat: FloatArray,
        flow: FloatArray,
        step: float,
        temperature: float,
        volume: float,
        notes: tuple[str, ...],
    ) -> ThermalConductivityRecord:
        """Return the conductivity from heat currents (n, 3) [eV Å/ps] and flows (n, n_elements, 3) [Å/ps]."""
        momentum = np.einsum("e,nec->nc", self._element_masses, flow)
        thermal = 3.0 * float(self._masses.sum()) * ACCELERATION * K_B * temperature
        moving = float(np.mean(np.sum(momentum**2, axis=1))) / thermal
        if self._is_liquid and moving > AT_REST:
            raise AnalysisError(
                f"The system moves as a whole, with {moving:.2g} of the thermal energy of a free particle, so its "
                'energy current is not a heat current. Use ensemble "nve" or "bussi", which leave the total momentum '
                "at zero."
            )
        axes = [DIRECTIONS.index(self.axis)] if self.axis else [0, 1, 2]
        words = _words(len(axes))
        conductor = volume if self.volume is None else self.volume
        factor = W_PER_M_K / (conductor * K_B * temperature**2)
        flows = flow[:, : len(self._moving)][:, :, axes]
        current = heat[:, axes]
        carried = np.zeros(len(self._moving))
        fit = self.fit
        if self._moving:
            # a first guess without memory shows how long the current remembers
            carried = carried_without_memory(current[..., None], flows)
            first = autocorrelation_of(current - np.einsum("a,nac->nc", carried, flows))
            low, high = window_of(first / first[0], step, words) if fit is None else fit_window(fit, len(heat), step)
            carried = carried_in_window(current, flows, step, low, high)
            current = current - np.einsum("a,nac->nc", carried, flows)
            fit = (low * step, high * step)
        fields = green_kubo_fields(current, step, factor, words, fit)
        text = ", ".join(f"{h:.3f} eV by {e}" for e, h in zip(self._moving, carried, strict=True))
        if text:
            notes = (*notes, f"no flow of matter: heat carried relative to {self._current.elements[-1]}, {text}")
        return ThermalConductivityRecord(
            quantity="thermal conductivity",
            unit="W/(m K)",
            temperature=temperature,
            volume=conductor,
            carried={e: float(h) for e, h in zip(self._moving, carried, strict=True)},
            **fields | {"notes": (*notes, *fields["notes"])},
        )


def _words(n: int) -> Current:
    return Current(
        coefficient="thermal conductivity",
        current="heat current",
        sample="heat currents",
        short="current",
        remedy="Record it every 5 to 20 fs: [output] thermo_every = 10 at a timestep of 1 fs.",
        components="three components" if n == 3 else "one component",
    )


def thermal_conductivity(
    source: FrameSource,
    fit: tuple[float, float] | None = None,
    axis: str | None = None,
    volume: float | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> ThermalConductivityRecord:
    """Return the thermal conductivity from the thermo table of the run, or from frames with virials by atom.

    Parameters as in `ThermalConductivity`, ``frames`` as in `FrameOptions`.

    Examples
    --------
    >>> import numpy as np
    >>> from nakmd import Frame
    >>> from nakmd.analysis import FrameList, thermal_conductivity
    >>> from nakmd.structures import liquid
    >>> melt, random = liquid(1.0, 450.0, n_atoms=20), np.random.default_rng(1)
    >>> place, speeds = melt.cell.wrap(melt.positions), random.normal(0.0, 3.0, (20, 3))
    >>> frames = []
    >>> for k in range(2000):  # currents that are forgotten within 0.1 ps
    ...     speeds = 0.9 * speeds + np.sqrt(1.0 - 0.9**2) * random.normal(0.0, 3.0, (20, 3))
    ...     speeds -= speeds.mean(axis=0)
    ...     frame = Frame(k, 0.01 * k, *place, melt.cell, speeds, temperature=450.0)
    ...     frame.energies, frame.virials = np.full(20, -0.8), np.zeros((20, 3, 3))
    ...     frames.append(frame)
    >>> thermal_conductivity(FrameList(melt.topology, frames)).text
    '0.00124 ± 0.00019 W/(m K)'
    """
    analysis = ThermalConductivity(fit, axis, volume)
    return cast(ThermalConductivityRecord, analysis.of_run(source, FrameChoice.of(source, **frames), progress))
