"""The text of an input of LAMMPS: what holds in all stages, and the stages, each of which can be the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nakmd._version import __version__
from nakmd.engines.lammps_stages import TranslatedStage

#: Names of the files of an export.
DATA, POTENTIAL, INPUT, PARITY, MANIFEST, README = (
    "system.data", "potential.in", "in.lammps", "parity.in", "export.json", "README.md",
)  # fmt: skip

#: Restart files that a run writes in turn, and the one that it writes when it is asked to stop.
RESTARTS = ("restart.a", "restart.b")
STOPPED = "stopped.restart"

#: The file that asks a run to stop, and the steps between two looks for it, which take microseconds.
STOP = "stop"
HALT_EVERY = 10

#: Log of a run, named in README.md and in the manifest.
LOG = "log.lammps"

#: Columns of the thermo table of LAMMPS: keyword, name in the table of nakmd; pressures are in bar.
THERMO = {
    "step": "step",
    "temp": "temperature",
    "pe": "potential_energy",
    "ke": "kinetic_energy",
    "etotal": "total_energy",
    "econserve": "conserved",
    "press": "pressure_bar",
    "pxx": "pressure_xx",
    "pyy": "pressure_yy",
    "pzz": "pressure_zz",
    "pyz": "pressure_yz",
    "pxz": "pressure_xz",
    "pxy": "pressure_xy",
    "vol": "volume",
    "lx": "length_a",
    "ly": "length_b",
    "lz": "length_c",
}

#: Skin [Å] of the neighbour lists. It changes the speed and nothing else.
SKIN = 1.0


@dataclass(frozen=True)
class InputParts:
    """What an input is made of.

    Attributes
    ----------
    title : str
        First line, a comment.
    boundary : str
        ``"p p p"``.
    masses : sequence of float [amu]
        Of the types; files of embedded-atom tables set masses too, so they are set after the potential.
    groups : sequence of str
        Commands that define the groups.
    moving : str
        Group of the atoms that move.
    held : sequence of str
        Commands for atoms that are held in all stages.
    stages : sequence of TranslatedStage
    dump : str
        Columns of the dumps.
    stored : str
        Group of the atoms in the dumps.
    dump_every, thermo_every, restart_every : int
    """

    title: str
    boundary: str
    masses: Sequence[float]
    groups: Sequence[str]
    moving: str
    held: Sequence[str]
    stages: Sequence[TranslatedStage]
    dump: str
    stored: str
    dump_every: int
    thermo_every: int
    restart_every: int

    def setting(self, read: str) -> list[str]:
        """Return the commands before the first stage; ``read`` reads the atoms."""
        return [
            "units metal",
            "atom_style atomic",
            "atom_modify map yes",
            "newton on",
            f"boundary {self.boundary}",
            "box tilt large",
            read,
            f"include {POTENTIAL}",
            *(f"mass {a} {float(mass)!r}" for a, mass in enumerate(self.masses, start=1)),
            f"neighbor {SKIN!r} bin",
            "neigh_modify every 1 delay 0 check yes",
        ]

    def text(self) -> str:
        """Return the whole input."""
        lines = [
            f"# {self.title}",
            f"# Written by nakmd {__version__}.",
            "# To continue: -var restart FILE, -var first NUMBER (the stage), and within a stage -var begin STEP, at",
            "# which the stage began. -var more STEPS makes the last stage longer.",
            f"# A file called {STOP} ends it after at most {HALT_EVERY} steps, with {STOPPED}.",
            "variable continued equal is_defined(variable,restart)",
            "variable first index 1",
            "variable begin index -1",
            "variable more index 0",
            'variable append string "no"',
            'if "${continued}" then \'variable append string "yes"\'',
            *self.setting(f'if "${{continued}}" then "read_restart ${{restart}}" else "read_data {DATA}"'),
            "",
            *self.groups,
            f"compute t_moving {self.moving} temp",
            *self.held,
            f"thermo {self.thermo_every}",
            f"thermo_style custom {' '.join(THERMO)}",
            "thermo_modify format float %.17g norm no lost error temp t_moving flush yes",
            f"restart {self.restart_every} {' '.join(RESTARTS)}",
            f"variable stop equal is_file({STOP})",
            f"fix stop all halt {HALT_EVERY} v_stop > 0 error soft message no",
            "jump SELF stage_${first}",
        ]
        for stage in self.stages:
            lines += ["", *self._stage(stage)]
        return "\n".join(lines) + "\n"

    def _stage(self, one: TranslatedStage) -> list[str]:
        return [
            f"label stage_{one.number}",
            'if "${begin} < 0" then "variable resumed equal 0" "variable begin delete" "variable begin index $(step)" '
            'else "variable resumed equal 1"',
            f"variable end equal ${{begin}}+{one.stage.steps}" + ("+${more}" if one is self.stages[-1] else ""),
            "variable after equal ${begin}+1",
            f'print "{one.begins} ${{begin}}"',
            f"dump frames {self.stored} custom {self.dump_every} {one.dump} {self.dump}",
            "dump_modify frames sort id format float %.17g append ${append}"
            + (" delay ${after}" if one.number > 1 else ""),
            *one.commands,
            f'if "${{stop}} > 0 && $(step) < ${{end}}" then "write_restart {STOPPED}" quit',
            "undump frames",
            *(f"unfix {name}" for name in one.unfix),
            *(f"uncompute {name}" for name in one.uncompute),
            f'print "{one.ends} $(step)"',
            f"write_restart {one.restart}",
            "variable begin delete",
            "variable begin index -1",
        ]
