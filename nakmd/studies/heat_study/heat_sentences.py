"""What the figures of heat say, in sentences that follow from them."""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.studies.heat_study import routes
from nakmd.studies.input_samples import ends, median_text, short
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs

#: Width of a posterior over that of the prior from which a measurement has told little.
TOLD_LITTLE = 0.5

#: Shares in all heat below and above which a route cannot be, or must be, the main one.
MINORITY, MAJORITY = 0.5, 0.5


def sentences(figures: Figures, inputs: Inputs) -> Iterator[str]:
    """Yield the sentences, that on the claim first."""
    yield _verdict(figures)
    yield _overlap(figures)
    yield from _wetting(figures)
    yield _camera(figures)
    yield from _measured(figures, inputs)
    yield (
        f"If Na and K are not premixed, mixing cools: {median_text(figures[f'adiabatic.{routes.LIQUIDS}'])} for the "
        f"liquids, {median_text(figures[f'adiabatic.{routes.SOLIDS}'])} with melting, without losses. That hides any "
        "of the routes."
    )
    biot = figures["biot"]
    yield f"One temperature of the electrode is a fair assumption: the Biot number is {biot.notes[0]}."


def _percent(figure: StudyFigure) -> str:
    low, high = ends(figure)
    return f"{100 * (figure.value or 0.0):.0f} % ({100 * low:.0f} … {100 * high:.0f} %)"


def _verdict(figures: Figures) -> str:
    """Return what the camera, and a calorimeter, could tell of the nitrogen's route."""
    share = figures[f"share.{routes.REPLACED}"]
    begin = f"Of the heat of all routes together, {routes.REPLACED} gives {_percent(share)}, if it happens as supposed."
    low, high = ends(share)
    if low > MAJORITY:
        return f"{begin} It is the main source of heat for these inputs: a camera sees it above all."
    widths = {
        name: figures[f"{name}.narrowing"].value
        for name in ("camera", "calorimeter")
        if figures[f"{name}.narrowing"].value is not None
    }
    told = "".join(
        f" A {name} leaves {100.0 * width:.0f} % of the width of its heat before the measurement."
        for name, width in widths.items()
        if width is not None
    )
    if "camera" not in widths:
        told += f" The routes together do not explain the measured peak: {' '.join(figures['camera.narrowing'].notes)}"
    if widths and all(width is not None and width < TOLD_LITTLE for width in widths.values()):
        return f"{begin}{told} For these inputs the measurement tells how much it is."
    main = " It is not the main source of heat." if high < MINORITY else ""
    return f"{begin}{told}{main} IR alone cannot assign the heat to graphitic N."


def _overlap(figures: Figures) -> str:
    """Return which routes could give the same reading."""
    low, high = ends(figures[f"seen.{routes.REPLACED}"])
    names = [
        name
        for name in (*routes.WETTING.values(), *routes.REACTIONS)
        if name != routes.REPLACED
        and ends(figures[f"seen.{name}"])[0] < high
        and ends(figures[f"seen.{name}"])[1] > low
    ]
    seen = f"Its highest reading would be {median_text(figures[f'seen.{routes.REPLACED}'])}"
    if not names:
        return f"{seen}; no other route gives the same."
    return f"{seen}. The same could come from {', '.join(names)}."


def _wetting(figures: Figures) -> Iterator[str]:
    """Yield the sign of the heat of wetting of each wall by both surface energies."""
    for wall, name in routes.WETTING.items():
        found = figures.of(f"by model.{name}")
        signs = {variant: _sign(figure) for variant, figure in found.items()}
        systematic = next(iter(found.values())).model_error
        error = "" if systematic is None else f"; half their range is {short(systematic, 2)} J/g"
        if len(set(signs.values())) == 1:
            yield (
                f"Wetting of a {wall} wall is {next(iter(signs.values()))} by both models and with both surface "
                f"energies: {median_text(figures[f'heat.{name}'])}{error}."
            )
        else:
            parts = ", ".join(f"{sign} ({variant}: {median_text(found[variant])})" for variant, sign in signs.items())
            yield f"The sign of the heat of wetting of a {wall} wall is open: {parts}{error}."


def _sign(figure: StudyFigure) -> str:
    low, high = ends(figure)
    return "exothermic" if low > 0.0 else "endothermic" if high < 0.0 else "within the errors of zero"


def _camera(figures: Figures) -> str:
    return (
        f"The camera reads {median_text(figures['camera.band'])} of a rise by the integral over its band, and "
        f"{median_text(figures['camera.ratio'])} by the ratio of emissivities. A warming of what is reflected by 1 K "
        f"reads {median_text(figures['camera.background'])} without any heat."
    )


def _measured(figures: Figures, inputs: Inputs) -> Iterator[str]:
    """Yield what the measured peak needs."""
    rise, time = inputs["heat.measured_rise"], inputs["heat.measured_time"]
    measured = f"A reading of {rise.text} after {time.text} ({rise.source.partition(':')[0]})"
    heat = figures["inverse.heat"]
    if heat.value is None:
        yield f"{measured} was not evaluated: {' '.join(heat.notes)}"
        return
    needed = figures[f"needed.{routes.REPLACED}"]
    others = [name for name in routes.REACTIONS if name != routes.REPLACED]
    possible = ", ".join(f"{name} {figures[f'possible.{name}'].value:.2f}" for name in others)
    yield (
        f"{measured} is {median_text(heat)} of carbon. For {routes.REPLACED} alone that is {median_text(needed)} of "
        f"the atoms of the wall (y_N × graphitic share × converted); the chance that the inputs allow it is "
        f"{figures[f'possible.{routes.REPLACED}'].value:.2f}. The same for the others alone: {possible}."
    )
    parts = [
        f"{figure.key.rpartition('.')[2]} {figure.value:+.2f}"
        for figure in figures
        if figure.key.startswith("calorimeter.correlation.") and figure.value is not None
    ]
    yield (
        f"Posterior correlations of {routes.REPLACED} with the others, if a calorimeter measures their sum: "
        f"{', '.join(parts)}. One number constrains a sum, not its parts."
    )
