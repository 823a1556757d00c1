"""What the figures of the electrode say, in sentences that follow from them."""

from __future__ import annotations

from collections.abc import Iterator

from nakmd.studies.heat_study.routes import WALLS
from nakmd.studies.input_samples import ends, median_text, short
from nakmd.studies.study import Figures
from nakmd.studies.study_figures import StudyFigure
from nakmd.studies.study_inputs import Inputs

#: Chance from which pores hold the metal, and below which they do not.
HOLDS, FAILS = 0.9, 0.1

#: Where the claimed share lies to the 95 % range of a reading, in words.
WITHIN, OVER, UNDER = "agrees with it", "is below it at any rate", "is above it, unless other metal is lost"


def sentences(figures: Figures, inputs: Inputs) -> Iterator[str]:
    """Yield the sentences, that on the claim first."""
    yield _verdict(figures, inputs)
    yield _by_mass(figures)
    yield _others(figures)
    tied = figures["tied.total"]
    yield (
        f"Less carbon ties up {_percent(tied)} of the metal in all: first layer {_percent(figures['tied.layer'])}, "
        f"graphitic N {_percent(figures['tied.nitrogen'])} (one K at each is assumed), oxygen groups "
        f"{_percent(figures['tied.oxygen'])}, water {_percent(figures['tied.water'])}. Contacts of C and K act on the "
        "active share through wetting and surface, not through the metal that they bind."
    )
    yield from _hold(figures)
    less, more = inputs["electrode.fraction_after"], inputs["electrode.fraction_before"]
    yield (
        f"With {_plain(less.text)} ({less.evidence}) instead of {_plain(more.text)} ({more.evidence}) of carbon by "
        f"mass, the capacity of the electrode is {median_text(figures['capacity.gain'])} times as large."
    )


def standing(figures: Figures, inputs: Inputs) -> dict[str, str]:
    """Return for each reading, with less carbon, how it stands to the claimed share: `WITHIN`, `OVER` or `UNDER`."""
    target = inputs["electrode.active"]
    low, high = target.middle - target.deviation, target.middle + target.deviation
    found = {letter: [figures[f"{letter}.after"]] for letter in "ABC"} | {"D": list(figures.of("D").values())}
    words = {}
    for letter, each in found.items():
        first, last = min(ends(f)[0] for f in each), max(ends(f)[1] for f in each)
        words[letter] = OVER if last < low else UNDER if first > high else WITHIN
    return words


def _percent(figure: StudyFigure) -> str:
    low, high = ends(figure)
    middle = 100.0 * (figure.value or 0.0)
    around = f" ({short(100.0 * low, 2)} … {short(100.0 * high, 2)} %)" if low < high else ""
    return f"{short(middle, 2)} %{around}"


def _verdict(figures: Figures, inputs: Inputs) -> str:
    """Return which readings the claimed share can have."""
    target, found = inputs["electrode.active"], standing(figures, inputs)
    parts = [f"reading {letter} {words}" for letter, words in found.items()]
    return (
        f"As stated untestable: neither the definition of {_plain(target.text)} active nor the carbon content could be "
        f"read. For the inputs here, with less carbon, {'; '.join(parts)}."
    )


def _plain(text: str) -> str:
    """Return a number without the unit 1."""
    return text.removesuffix(" 1")


def _by_mass(figures: Figures) -> str:
    network = figures["needs.A.network"].value or 0.0
    return (
        f"A, by mass, asks for {_percent(figures['needs.A'])} of carbon by mass, that is films of "
        f"{median_text(figures['needs.A.film'])} on its surface; the chance that so much carbon forms a network is "
        f"{short(network, 2)}."
    )


def _others(figures: Figures) -> str:
    return (
        f"B, by capacity, asks for {_percent(figures['needs.B'])} of carbon, if bound metal is all that is lost. C, "
        f"by K alone, is {_percent(figures['needs.C.most'])} at most in this NaK, without any carbon, and asks for a "
        f"metal with a share of K by mass of {median_text(figures['needs.C'])}; above 1 there is none. D, the "
        f"activity of K, is {median_text(figures['D', 'recalled'])} (recalled) or "
        f"{median_text(figures['D', 'regular solution'])} (regular solution), and asks for x_K of "
        f"{median_text(figures['needs.D'])}, whatever the carbon."
    )


def _hold(figures: Figures) -> Iterator[str]:
    """Yield whether pores of each wall hold the metal, by both tensions."""
    for wall in WALLS:
        chances = figures.of(f"holds.weight.{wall}")
        angles = figures.of(f"angle.{wall}")
        words = {model: _word(figure.value or 0.0) for model, figure in chances.items()}
        parts = ", ".join(f"{median_text(angles[model])} with the {model}" for model in angles)
        if len(set(words.values())) == 1:
            said = next(iter(words.values()))
        else:
            said = "depend on the surface: " + ", ".join(f"{word} with the {model}" for model, word in words.items())
        pressures = ", ".join(short(f.value or 0.0, 2) for f in figures.of(f"holds.pressure.{wall}").values())
        yield (
            f"Pores between {wall} walls {said} the metal against its weight (angle {parts}); chance against the "
            f"assumed pressure too: {pressures}."
        )


def _word(chance: float) -> str:
    return "hold" if chance > HOLDS else "do not hold" if chance < FAILS else "may hold"
