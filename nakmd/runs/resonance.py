"""Whether the long one of two time steps is short enough for the fastest vibration of the wall."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from nakmd.deck.messages import Problem
from nakmd.deck.stage_sections import Dynamics, Relax
from nakmd.deck.time_steps import TimeSteps
from nakmd.integrators import Mobility
from nakmd.potentials import Potential
from nakmd.runs.fastest_vibration import fastest_vibration
from nakmd.simulation import Stage
from nakmd.system import System

#: Long steps, in periods of the fastest vibration, above which a deck gets a warning, and is refused: resonances of
#: fourth and third order are at a quarter and a third of the period, instability is at a half of it
#: (Ma, Izaguirre & Skeel, SIAM J. Sci. Comput. 24, 1951 (2003), doi:10.1137/S1064827501399833).
UNWISE, IMPOSSIBLE = 0.25, 0.5


def check_resonance(
    sections: Sequence[Relax | Dynamics], stages: Sequence[Stage], system: System, potential: Potential
) -> Iterator[Problem]:
    """Yield the stages whose long time step is too long for the fastest vibration of the free atoms of the wall.

    Parameters
    ----------
    sections : sequence of Relax or Dynamics
    stages : sequence of Stage
        Those of the sections; they fit system and model.
    system : System
    potential : Potential
    """
    fastest = math.nan
    for index, (section, stage) in enumerate(zip(sections, stages, strict=True)):
        if not isinstance(section, Dynamics) or not isinstance(section.timestep, TimeSteps):
            continue
        if math.isnan(fastest):  # frozen and rigid groups are those of all stages
            free = Mobility(system, stage.frozen, stage.tethered, stage.rigid).free
            fastest = fastest_vibration(potential, system, free)
        if fastest * section.outer_step <= UNWISE:
            continue
        is_fatal = fastest * section.outer_step > IMPOSSIBLE
        most, part = (IMPOSSIBLE, "half") if is_fatal else (UNWISE, "a quarter")
        longest = max(1, math.floor(UNWISE / fastest / section.inner_step)) * section.inner_step
        yield Problem(
            ("stage", index, "timestep", "rest"),
            f"[[stage]] {index + 1} ({section.name or section.kind}) timestep rest of {section.outer_step * 1e3:g} fs "
            f"is {'too ' if is_fatal else ''}long: the fastest vibration of the wall has a period of "
            f"{1e3 / fastest:.1f} fs ({fastest:.1f} THz), and above {part} of it, {1e3 * most / fastest:.1f} fs, "
            f"resonance {'makes the motion unstable' if is_fatal else 'lets the energy drift'}. "
            f'Write rest = "{longest * 1e3:g} fs".',
            is_fatal,
        )
