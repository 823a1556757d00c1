"""Properties common to all analyses: drivers, records, equality of live and stored, messages."""

import gc
import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from synthetic import STAGES, frame, interface, topology

import nakmd.analysis as analysis_package
from nakmd.analysis import (
    RDF,
    Affinity,
    Coordination,
    Density,
    Diffusion,
    FrameList,
    FreeEnergyProfile,
    GibbsExcess,
    Immersion,
    LayerDiffusion,
    Lifetimes,
    Record,
    Residence,
    ResidenceMap,
    ShortRangeOrder,
    StructureFactor,
    Thermo,
    analyze,
    coordination,
    diffusion,
    on_request,
    run_all,
    standard_analyses,
)
from nakmd.cell import Cell
from nakmd.errors import AnalysisError, InputError
from nakmd.io.h5md import TrajectoryWriter
from nakmd.io.trajectory import Trajectory
from nakmd.results.results import Results
from nakmd.simulation import LiveAnalysis
from nakmd.system import Frame

pytestmark = pytest.mark.draws


def new_analyses():
    return [
        Thermo(),
        RDF(),
        Diffusion("K"),
        Diffusion("Na", "parallel"),
        LayerDiffusion("K", edges=(0.0, 6.0, np.inf)),
        Coordination("C", "K"),
        Lifetimes("C", "K"),
        Residence("K"),
        ResidenceMap(),
        Affinity(),
        Immersion(),
        Density(),
        GibbsExcess(),
        FreeEnergyProfile(),
    ]


def as_text(records):
    """The records as JSON, without the choice of frames, which an analysis alone does not make."""
    plain = [replace(record, sample=None).to_dict() for record in records]
    return [json.dumps(entries, allow_nan=False, sort_keys=True) for entries in plain]


OF_OTHER_FILES = {"growth", "islands", "sticking", "interfacial_conductance", "stress_map"}


@pytest.fixture(scope="module")
def source():
    return interface()


def test_live_equals_stored_bit_for_bit(source, tmp_path):
    path = tmp_path / "run.h5md"
    live = [LiveAnalysis(analysis, source.topology, every=10) for analysis in new_analyses()]
    writer = TrajectoryWriter(path, source.topology, {"stages": list(STAGES)})
    for made in source:
        # the loop passes views of arrays that change afterwards
        buffer = Frame(**{name: getattr(made, name) for name in Frame.__slots__})
        buffer.positions, buffer.images = made.positions.copy(), made.images.copy()
        writer.write(buffer)
        for observer in live if made.stage == "produce" else ():
            observer.observe(buffer)
        buffer.positions[:] = np.nan
        buffer.images[:] = 99
    writer.close()
    with Trajectory(path) as trajectory:
        stored = run_all(trajectory, new_analyses())
        by_name = run_all(trajectory, new_analyses(), stage=["produce"])
    texts = as_text(observer.analysis.result() for observer in live)
    assert texts == as_text(stored) == as_text(by_name)
    assert texts == as_text(run_all(source, new_analyses()))


def test_a_run_in_two_files_equals_one_file(source, tmp_path):
    frames = [made for made in source if made.stage == "produce"]
    for part, rows in enumerate((frames[:9], frames[9:])):
        with TrajectoryWriter(tmp_path / f"{part}.h5md", source.topology, {"stages": list(STAGES)}) as writer:
            for made in rows:
                writer.write(made)
    analyses = new_analyses()
    for analysis in analyses:
        analysis.prepare(source.topology)
    for part in range(2):
        with Trajectory(tmp_path / f"{part}.h5md") as trajectory:
            for made in trajectory.frames():
                for analysis in analyses:
                    analysis.update(made)
    parts = as_text(analysis.result() for analysis in analyses)
    assert parts == as_text(run_all(source, new_analyses()))


def test_an_early_result_does_not_change_the_final_one(source):
    interrupted, continuous = new_analyses(), new_analyses()
    for analysis in interrupted + continuous:
        analysis.prepare(source.topology)
    for row, made in enumerate(source):
        for a, b in zip(interrupted, continuous):
            a.update(made)
            b.update(made)
            if row == 20:
                a.result()
    assert as_text(a.result() for a in interrupted) == as_text(b.result() for b in continuous)


def test_production_stages_are_the_default(source):
    calls = []
    run_all(source, [Coordination("C", "K")], progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (20, None)
    assert len(coordination(source, "C", "K").time) == 20
    assert len(coordination(source, "C", "K", stage="heat").time) == 20
    assert len(coordination(source, "C", "K", stage=["heat", "produce"]).time) == 40
    assert len(coordination(source, "C", "K", stage=["all"]).time) == 40
    calls = []
    coordination(source, "C", "K", stage="all", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (40, 40)
    assert len(coordination(interface(10, stages=("nve",)), "C", "K").time) == 10
    with pytest.raises(AnalysisError, match="stage 'produced'; the stages present are 'heat', 'produce'"):
        coordination(source, "C", "K", stage="produced")


def test_all_standard_analyses_in_one_pass(source):
    records = analyze(source)
    expected = ["thermo", "rdf", "diffusion K", "diffusion Na", "layers K", "layers Na"]
    pairs = ["C-Na", "C-K", "N-Na", "N-K"]
    expected += [f"coordination {pair}" for pair in pairs] + [f"lifetimes {pair}" for pair in pairs]
    expected += [
        "residence K",
        "residence Na",
        "map",
        "affinity",
        "immersion",
        "density",
        "gibbs_excess",
        "free_energy_profile",
    ]
    assert list(records) == expected
    for record in records.values():
        assert isinstance(record, Record)
        text = json.dumps(record.to_dict(), allow_nan=False)
        assert json.loads(text)["unit"] == record.unit
        assert str(record)
        assert record.notes
        assert record.plot().axes
    assert list(analyze(source, ["diffusion"])) == ["diffusion K", "diffusion Na"]


def test_analyses_without_their_atoms_are_omitted_or_refused(source):
    metal = topology(["K"], np.zeros(4))
    assert list(standard_analyses(metal)) == ["thermo", "rdf", "diffusion K"]
    for word, need in (
        ("affinity", "both a wall"),
        ("layers", "both a wall"),
        ("gibbs_excess", "a wall .C, N. and two metals"),
    ):
        with pytest.raises(AnalysisError, match=f"{word} needs {need}"):
            standard_analyses(metal, [word])
    for word in ("surface_tension", "viscosity"):
        with pytest.raises(AnalysisError, match=f"{word} needs metal atoms and no wall"):
            standard_analyses(source.topology, [word])
    with pytest.raises(
        AnalysisError, match="short_range_order needs both sodium and potassium; this system has only K"
    ):
        standard_analyses(metal, ["short_range_order"])
    named = {
        **dict.fromkeys(
            ("structure_factor", "local_order", "non_gaussian", "vacf", "viscosity", "surface_tension"), metal
        ),
        **dict.fromkeys(("thermal_conductivity", "stress_profile"), metal),
        **dict.fromkeys(("short_range_order", "contact_angle"), source.topology),
    }
    # those of films, baths and stress by atom need more than these atoms: they have files of their own
    assert set(named) == set(on_request()) - OF_OTHER_FILES
    for word, kinds in named.items():
        assert next(iter(standard_analyses(kinds, [word]))).split()[0] == word
    with pytest.raises(AnalysisError, match="No analysis is called 'conductivity'"):
        standard_analyses(metal, ["conductivity"])


def test_the_overview_has_one_panel_of_each_quantity_before_two_of_one(source, tmp_path):
    selected = Results(analyze(source, ["thermo", "affinity", "coordination"]))
    order = ["thermo", "affinity", *(f"coordination {pair}" for pair in ("C-K", "N-K", "C-Na", "N-Na"))]
    assert selected.panels() == order
    complete = Results(analyze(source))
    drawn = complete.panels()
    assert len(drawn) == 12 < len(complete.records)
    assert len({name.split()[0] for name in drawn}) == 12
    assert {"diffusion K", "coordination C-K", "lifetimes C-K"} < set(drawn)
    assert complete.overview(tmp_path / "overview.png", "all of it").stat().st_size > 10000
    titles = {row.quantity.strip() for row in complete.rows()}
    assert {"K residence in the first layer", "affinity per area", "heat of immersion, per g of carbon"} < titles


def test_one_failing_analysis_does_not_stop_the_others(source):
    bare = [frame(f.cell, f.unwrapped, f.step, f.time, potential_energy=f.potential_energy) for f in source]
    results = analyze(FrameList(source.topology, bare))
    assert isinstance(results["affinity"], AnalysisError)
    assert isinstance(results["coordination C-K"], Record)
    assert set(results["thermo"].quantities) == {"potential_energy", "volume", "density"}


def test_frames_without_image_counts_are_unwrapped_by_nearest_image(source, tmp_path):
    class Foreign(FrameList):
        has_images = False

    wrapped = [frame(f.cell, f.positions, f.step, f.time) for f in source]
    record = diffusion(Foreign(source.topology, wrapped), "K", stage="all")
    assert any("nearest image" in note for note in record.notes)
    assert record.value == pytest.approx(diffusion(source, "K", stage="all").value, rel=1e-9)


def test_missing_frames_and_wrong_numbers_of_atoms_are_refused(source):
    with pytest.raises(AnalysisError, match="trajectory is empty"):
        analyze(FrameList(source.topology, []), ["rdf"])
    with pytest.raises(AnalysisError, match="has 4 atoms, the topology 135"):
        analyze(FrameList(source.topology, [frame(Cell([20.0] * 3), np.zeros((4, 3)))]), ["rdf"])


def test_a_stage_not_reached_is_refused(source, tmp_path):
    path = tmp_path / "short.h5md"
    with TrajectoryWriter(path, source.topology, {"stages": list(STAGES)}) as writer:
        writer.write(source[0])
    with Trajectory(path) as trajectory, pytest.raises(AnalysisError, match="no frames of stage produce"):
        coordination(trajectory, "C", "K")


def test_analysis_errors_are_input_errors():
    assert issubclass(AnalysisError, InputError)  # exit code 2


def test_plots_use_the_given_axes(source):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots(1, 2)
    assert diffusion(source, "K").plot(axes[0]) is figure
    assert coordination(source, "C", "K").plot(axes[1]) is figure
    assert axes[0].lines
    assert axes[1].lines


def test_public_names_exist():
    for name in analysis_package.__all__:
        assert hasattr(analysis_package, name)


class Endless:
    """Frames generated one at a time; records the memory in use at some of them."""

    def __init__(self, n_frames, samples):
        self.topology = interface(1).topology
        self.stages = ("produce",)
        self._n_frames, self._samples, self.memory = n_frames, samples, []

    def frames(self, stage=None):
        rng = np.random.default_rng(2)
        cell = Cell([20.0, 22.0, 24.0])
        positions = rng.uniform(size=(self.topology.n_atoms, 3)) @ cell.matrix
        for t in range(self._n_frames):
            if t in self._samples:
                gc.collect()
                self.memory.append(tracemalloc.get_traced_memory()[0])
            positions = positions + rng.normal(0.0, 0.1, positions.shape)
            yield frame(cell, positions, t, 0.1 * t, pair_energies=np.ones((4, 4)), stage="produce")


@pytest.mark.parametrize(
    ("make", "fixed"),
    [
        (lambda: RDF(r_max=6.0), 0),
        (lambda: ShortRangeOrder(cutoff=5.0), 0),
        (lambda: StructureFactor(q_max=2.0, bins=20), 0),
        (lambda: Coordination("C", "K"), 0),
        (Affinity, 0),
        (lambda: Diffusion("K", memory=2e5), 1e5),
    ],
    ids=["rdf", "short-range order", "structure factor", "coordination", "affinity", "diffusion"],
)
def test_memory_does_not_grow_with_frames(make, fixed):
    # blocks are joined at 64: after 127 and 255 frames there are 63 of them
    source = Endless(256, (127, 255))
    run_all(Endless(3, ()), [make()])  # compile first: slow while tracemalloc is running
    tracemalloc.start()
    try:
        run_all(source, [make()])
    finally:
        tracemalloc.stop()
    *_, before, after = source.memory  # the frames are read twice: first to find the end of equilibration
    # less than one number per atom (135) and frame; paths have filled at least half of their limit by then
    assert after - before < 800 * (255 - 127) + fixed
