"""The kinds of thermostats, barostats, minimisers and moves, by the words that decks use: one line for each."""

from __future__ import annotations

from nakmd.integrators.andersen import Andersen
from nakmd.integrators.barostat import Barostat
from nakmd.integrators.base import Minimiser
from nakmd.integrators.bussi import Bussi
from nakmd.integrators.cell_rescaling import CellRescaling
from nakmd.integrators.fire import Fire
from nakmd.integrators.langevin import Langevin
from nakmd.integrators.move import Move
from nakmd.integrators.mtk import MTK
from nakmd.integrators.nose_hoover import NoseHoover
from nakmd.integrators.swap import Swap
from nakmd.integrators.thermostat import Thermostat
from nakmd.integrators.transmutation import Transmutation

THERMOSTATS: dict[str, type[Thermostat]] = {
    "langevin": Langevin,
    "bussi": Bussi,
    "nose-hoover": NoseHoover,
    "andersen": Andersen,
}

BAROSTATS: dict[str, type[Barostat]] = {
    "cell-rescaling": CellRescaling,
    "mtk": MTK,
}

MINIMISERS: dict[str, type[Minimiser]] = {
    "fire": Fire,
}

MOVES: dict[str, type[Move]] = {
    "swap": Swap,
    "transmutation": Transmutation,
}
