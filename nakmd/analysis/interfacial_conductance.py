"""Interfacial (Kapitza) conductance: the heat between wall and metal per area and temperature drop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from nakmd.analysis.base import require_frames
from nakmd.analysis.frame_choice import FrameChoice, FrameOptions
from nakmd.analysis.frame_source import FrameProgress, FrameSource
from nakmd.analysis.geometry.parallel_tubes import ParallelTubes
from nakmd.analysis.geometry.profile import Profile
from nakmd.analysis.geometry.surfaces import Tube
from nakmd.analysis.geometry.wall_baths import WallBaths
from nakmd.analysis.interfacial_conductance_record import LEAST_ATOMS, InterfacialConductanceRecord
from nakmd.analysis.named_analysis import INTERFACE, TableAnalysis
from nakmd.analysis.numerics.block_sums import BlockSums
from nakmd.analysis.numerics.jackknife import jackknife, merged
from nakmd.analysis.numerics.mean_rates import mean_rates
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.stress_profile import directions_of
from nakmd.arrays import FloatArray
from nakmd.currents import bath_column
from nakmd.elements import WALL
from nakmd.errors import AnalysisError
from nakmd.system import Frame, Topology
from nakmd.units import ACCELERATION, J_PER_EV, K_B

#: 1 eV/(ps Å² K) in MW/(m² K).
MW_PER_M2_K = J_PER_EV / (1e-12 * 1e-20) * 1e-6

#: Number of time blocks for errors, at least; twice as many at most.
BLOCKS = 10

#: Difference of the two flows of heat, in standard errors, above which the run was not stationary.
STATIONARY = 3.0


class InterfacialConductance(TableAnalysis):
    r"""Conductance of heat of the interface between a wall and a metal, from a stage with two baths (NEMD).

    .. math:: G = \frac{Q}{A \, (T_\mathrm{wall} - T_\mathrm{metal})}

    with Q the mean of the heat that the baths of the wall give and that the baths of the metal take, and A the area of
    the wall on all sides with metal.

    Parameters
    ----------
    width : float [Å]
        Bin width of the temperature profile.
    fit : (float, float) [Å], optional
        Distances between which the profile is fitted. Default: from the wall to the bath of the metal.

    Raises
    ------
    AnalysisError
        If the stage has no baths on wall and metal, the bath of the metal has no region, or the wall does not move.

    Notes
    -----
    The temperatures are those of the kinetic energies. The profile of the metal is fitted by a straight line in the
    distance d from a sheet, and in the logarithm of the radius around a tube, with weights by the number of atoms, and
    extrapolated to the nuclei of the wall. That the wall has one temperature is an approximation: the motion along the
    normal, which the metal feels, is colder than the rest if heat enters the wall faster than its modes exchange it.
    The record has both.

    **Only atoms carry this heat.** Electrons carry most of the heat of a real metal, and some may cross the interface:
    this is the part by vibrations, of classical atoms, without their heat capacity freezing out. As the Debye
    temperature of carbon is above 1000 K, its fast modes are in a real wall not excited at these temperatures.

    Errors are by jackknife over blocks of time. The direction of the flow may matter: exchange the two temperatures of
    the deck for a second run. G should not depend on the difference of temperatures, on the time constants of the
    baths and on the thickness of the metal, which only further runs can show.

    References
    ----------
    G. L. Pollack, Rev. Mod. Phys. 41, 48 (1969). doi:10.1103/RevModPhys.41.48
    """

    name = "interfacial_conductance"
    title = "conductance of heat between wall and metal (Kapitza)"
    panel = 62
    on_request = True  # it needs a stage with two baths
    atoms = INTERFACE
    needs = frozenset({"velocities"})
    needs_table = True

    def __init__(self, width: float = 1.0, fit: tuple[float, float] | None = None) -> None:
        self.fit = fit
        if fit is not None and not 0.0 <= fit[0] < fit[1]:
            raise AnalysisError(f"The profile is fitted between two distances, the smaller one first, not {fit}.")
        self._width = width
        self._works: tuple[FloatArray, list[FloatArray]] | None = None
        Profile(None, "wall", "z", width)  # its checks of the parameters

    def prepare(self, topology: Topology) -> None:
        """Choose the atoms."""
        self._profile = Profile(None, "wall", "z", self._width)
        self._profile.prepare(topology)
        wall = np.isin(topology.species, [s for s, e in enumerate(topology.elements) if e in WALL])
        self._wall = np.flatnonzero(wall)
        self._masses = topology.masses / ACCELERATION
        self._sums = BlockSums()
        self._times: list[float] = []
        self._radius: float | None = None

    def update(self, frame: Frame) -> None:
        """Add the kinetic energies of one frame."""
        if frame.velocities is None:
            raise AnalysisError(
                f"The frame at step {frame.step} has no velocities, so there is no temperature. Write them with "
                "[output] velocities = true."
            )
        placed, counted, places = self._profile.binned(frame)
        n_bins = len(self._profile.edges) - 1
        atoms = self._profile.chosen[counted]
        squares = self._masses[atoms] * np.sum(frame.velocities[atoms] ** 2, axis=1)
        bins, side = places % n_bins, places // n_bins
        masses = self._masses[self._wall]
        motion = frame.velocities[self._wall]
        motion = motion - masses @ motion / masses.sum()  # the wall as a whole has no temperature
        normal = directions_of(placed, frame.positions[self._wall])[0]
        # a heat bath leaves three degrees of freedom of the wall as a whole, one along its normal for a sheet
        n_wall = len(self._wall) - 1
        table = np.zeros((3, n_bins))
        table[0] = np.bincount(bins, squares, minlength=n_bins) / (3.0 * K_B)
        table[1] = np.bincount(bins, minlength=n_bins)
        table[2, 0] = float(masses @ np.sum(motion**2, axis=1)) / (3.0 * K_B * n_wall)
        table[2, 1] = float(masses @ np.sum(normal * motion, axis=1) ** 2) / (K_B * n_wall)
        table[2, 2] = float(placed.areas[np.unique(side)].sum())
        self._sums.add(table)
        self._times.append(frame.time)
        if isinstance(placed, ParallelTubes):
            raise AnalysisError("The wall has several tubes, and the region of a bath is measured from one axis.")
        if isinstance(placed, Tube):
            if np.any(side > 0):
                raise AnalysisError(
                    "There is metal inside the tube, where no place is far from the wall: put it around the tube only."
                )
            self._radius = placed.outer

    def of_table(self, source: FrameSource, table: Mapping[str, NDArray[Any]], choice: FrameChoice) -> None:
        """Store the works of the baths, and leave the rest to a pass over the frames, which `of_run` makes next."""
        self._baths = WallBaths.of(source, choice.measured)
        rows = choice.table_rows(table)
        columns = [
            [np.asarray(table[bath_column(group)], dtype=np.float64)[rows] for group in groups]
            for groups in (self._baths.of_wall, self._baths.of_metal)
        ]
        self._works = np.asarray(table["time"], dtype=np.float64)[rows], [np.sum(works, axis=0) for works in columns]

    def result(self) -> InterfacialConductanceRecord:
        """Return the conductance.

        Raises
        ------
        AnalysisError
            If the frames come without a thermo table, or are too few.
        """
        if self._works is None:
            raise AnalysisError(
                "The flow of heat is in the thermo table, and these frames have none. Measure the trajectory of a run "
                "with two [[stage.bath]]."
            )
        require_frames(len(self._times), 4, "An interfacial conductance")
        # a block lasts from its first frame to the first frame of the next one
        complete = self._sums.block_means()[: (len(self._times) - 1) // self._sums.length]
        blocks = merged(complete, BLOCKS)
        length = self._sums.length * (len(complete) // len(blocks))
        edges = np.array(self._times)[: len(blocks) * length + 1 : length]
        time, works = self._works
        flows = np.array([mean_rates(time, work, edges) for work in works]).T
        return self._of_blocks(flows, blocks, self._baths)

    def _of_blocks(self, flows: FloatArray, blocks: FloatArray, baths: WallBaths) -> InterfacialConductanceRecord:
        """Return the conductance from flows [eV/ps] into both, (k, 2), and tables (k, 3, n_bins) of blocks of time."""
        n_bins = blocks.shape[2]
        edges = self._profile.edges
        distance = 0.5 * (edges[1:] + edges[:-1])
        place = distance if self._radius is None else np.log1p(distance / self._radius)
        low, high = self.fit if self.fit is not None else (0.0, baths.free_distance(self._radius or 0.0))
        fitted = (edges[:-1] >= low) & (edges[1:] <= high) & (blocks[:, 1].mean(axis=0) > LEAST_ATOMS)
        if fitted.sum() < 2:
            raise AnalysisError(
                f"There is no metal in two bins of {self._width:g} Å between {low:g} and {high:g} Å from the wall. Let "
                "the bath of the metal begin farther away, or give fit= another range."
            )

        def numbers(flat: FloatArray) -> FloatArray:
            table = flat[2:].reshape(3, n_bins)
            temperature = np.divide(table[0], table[1], out=np.full(n_bins, np.nan), where=table[1] > 0.0)
            # a bin that is empty in some blocks has no weight in them
            slope, metal = np.polyfit(place[fitted], np.nan_to_num(temperature[fitted]), 1, w=np.sqrt(table[1][fitted]))
            wall, normal, area = table[2, :3]
            heat = 0.5 * (flat[0] - flat[1])
            value = MW_PER_M2_K * heat / (area * (wall - metal))
            return np.array([value, flat[0], -flat[1], wall - metal, wall, normal, metal, slope, *temperature])

        joined = np.concatenate([flows, blocks.reshape(len(blocks), -1)], axis=1)
        found = numbers(joined.mean(axis=0))
        error, n_effective = jackknife(joined, numbers)
        _, n_effective = jackknife(joined, lambda flat: numbers(flat)[0])
        measures = [
            Measure(float(v), float(e), unit, n_effective)
            for v, e, unit in zip(
                found[:7], error[:7], ("MW/(m² K)", "eV/ps", "eV/ps", "K", "K", "K", "K"), strict=True
            )
        ]
        whole, from_wall, into_metal, drop, wall, normal, metal = measures
        mismatch, mismatch_error = (
            float(found[1] - found[2]),
            float(jackknife(joined, lambda flat: flat[0] + flat[1])[0]),
        )
        notes = [
            f"baths: {baths.text}; profile fitted from {low:g} to {high:g} Å",
            "conduction by the atoms alone: a metal conducts by electrons, which the model does not have",
        ]
        if abs(mismatch) > STATIONARY * mismatch_error:
            notes.append(
                f"the wall is given {mismatch:+.3g} ± {mismatch_error:.2g} eV/ps more than the metal loses: not "
                "stationary, leave out more at the beginning"
            )
        if abs(drop.value) < STATIONARY * drop.error:
            notes.append("the temperature drop is not significant: take baths that differ more, or run longer")
        return InterfacialConductanceRecord(
            quantity="interfacial conductance",
            **whole.fields,
            notes=(*notes, *self._profile.notes(self._sums.count)),
            from_wall=from_wall,
            into_metal=into_metal,
            drop=drop,
            wall=wall,
            wall_normal=normal,
            metal=metal,
            area=float(blocks[:, 2, 2].mean()),
            distance=distance,
            temperature=found[8:],
            temperature_error=error[8:],
            number=blocks[:, 1].mean(axis=0),
            line=np.where(distance <= high, found[6] + found[7] * place, np.nan),
            fit=(float(low), float(high)),
        )


def interfacial_conductance(
    source: FrameSource,
    width: float = 1.0,
    fit: tuple[float, float] | None = None,
    progress: FrameProgress | None = None,
    **frames: Unpack[FrameOptions],
) -> InterfacialConductanceRecord:
    """Return the interfacial conductance of a run with two baths.

    Parameters as in `InterfacialConductance`, ``frames`` as in `FrameOptions`.
    """
    analysis = InterfacialConductance(width, fit)
    return cast(InterfacialConductanceRecord, analysis.of_run(source, FrameChoice.of(source, **frames), progress))
