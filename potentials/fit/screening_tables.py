"""Write the results of screening.py: the numbers of the model, and the tables of SCREENING.md."""

from __future__ import annotations

import re
from typing import Any

from films import DOPED, METALS, MIXED, SECOND_HEIGHT, STACK

#: Keys of [[term.screening.element]] that the calibration gives.
NUMBERS = ("residual", "rho_0", "doped_residual", "doping_scale")

#: K in a (2 x 2) layer [eV per atom], PBE, same cell: on graphene, and the layer alone (cohesion).
LAYER_COMPUTED, COHESION_COMPUTED = -0.80, -0.597

#: Before and after a table of SCREENING.md.
BEGIN, END = "<!-- {}: written by screening.py -->", "<!-- end of {} -->"


def with_numbers(text: str, found: dict[str, Any]) -> str:
    """Return the text of a model file with the calibrated numbers of each metal."""
    head, *blocks = text.split("[[term.screening.element]]")
    for k, old in enumerate(blocks):
        block = old
        symbol = re.search(r'^symbol = "(\w+)"$', block, re.MULTILINE)
        if symbol is None:
            raise SystemExit("An entry [[term.screening.element]] of the model has no symbol.")
        for name in NUMBERS:
            line, n = rf"^{name} = .*$", found[symbol[1]][name]
            if len(re.findall(line, block, re.MULTILINE)) != 1:
                raise SystemExit(f"{symbol[1]} has no line {name}, or several; write one by hand first.")
            block = re.sub(line, f"{name} = {n}", block, flags=re.MULTILINE)
        blocks[k] = block
    return "[[term.screening.element]]".join([head, *blocks])


def with_tables(text: str, tables: dict[str, list[list[str]]]) -> str:
    """Return a Markdown text with the tables between its markers replaced; the first row of each is its head."""
    for name, (head, *rows) in tables.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise SystemExit(f"SCREENING.md has no markers of the table {name}.")
        lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
        text = before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + rest.partition(end)[2]
    return text


def tables_of(results: dict[str, Any]) -> dict[str, list[list[str]]]:
    """Return the tables of SCREENING.md by name, from the results that screening.json stores."""
    return {"films": films_table(results), "comparison": comparison(results), "doped": doped_table(results)}


def films_table(results: dict[str, Any]) -> list[list[str]]:
    """Return the fitted films: density, S and error."""
    out = [["metal", "film", "ρ", "S", "rms over heights (meV)"]]
    for metal in METALS:
        for name, film in results[metal]["films"].items():
            if name in {STACK, MIXED[metal], *DOPED.values()}:
                continue
            few = f" ({len(film['heights'])} heights)" if len(film["heights"]) < 3 else ""
            rms = f"{1e3 * film['rms_energy']:.0f}{few}"
            out.append([metal, name.replace("2x2", "2×2"), f"{film['density']:.2f}", f"{film['S']:.2f}", rms])
    return out


def comparison(results: dict[str, Any]) -> list[list[str]]:
    """Return the data outside the fit."""
    checks, layer = results["checks"], results["checks"]["2x2 layer of K"]
    residual = {metal: f"{results[metal]['residual']:.2f}" for metal in METALS}
    kc8, films = checks["KC8"], {metal: results[metal]["films"] for metal in METALS}
    sheet = next(row for row in checks["2x2 layers on doped sheets"]["K"] if row["doping"] == 0.0)
    return [
        ["", "model", "reference"],
        ["S of K between two sheets (the stack of KC₈, layers above each other)",
         residual["K"], f"{films['K'][STACK]['S']:.2f} (PBE)"],
        ["KC₈ against bulk K and sheets without interlayer binding",
         f"{_signed(kc8['model without dispersion, as computed'])} eV per K",
         f"{_signed(kc8['computed'])} (PBE, the same stack)"],
        ["the same, pairs not screened", f"{_signed(kc8['model without screening and dispersion'])} eV per K", "–"],
        ["KC₈ against bulk K and graphite", f"{_signed(kc8['model'])} eV per K",
         f"{_signed(kc8['measured'])} (calorimetry)"],
        ["S of K under a layer of Na (2×2, 3.0 Å)", residual["K"], f"{films['K'][MIXED['K']]['S']:.2f} (PBE)"],
        ["S of Na under a layer of K (2×2, 2.8 Å)", residual["Na"], f"{films['Na'][MIXED['Na']]['S']:.2f} (PBE)"],
        ["(2×2) layer of K on graphene, against free atoms", f"{_signed(layer['energy'])} eV at {layer['height']} Å",
         f"{_signed(layer['literature'])} (literature), {_signed(LAYER_COMPUTED)} eV (PBE, same cell)"],
        ["contribution of the sheet, at 3.0 Å", _signed(sheet["model"]), f"{_signed(sheet['computed'])} (PBE)"],
        ["contribution of the layer itself", _signed(layer["cohesion"]), f"{_signed(COHESION_COMPUTED)} (PBE)"],
    ]  # fmt: skip


def doped_table(results: dict[str, Any]) -> list[list[str]]:
    """Return the layers on doped sheets at 3.0 Å and at one more height."""
    out = [["metal", "N per atom", "3.0 Å: PBE", "model", "residual of the clean sheet",
            "3.4 Å (K), 2.7 Å (Na): PBE", "model"]]  # fmt: skip
    for metal in METALS:
        rows = results["checks"]["2x2 layers on doped sheets"][metal]
        beyond = max(row["doping"] for row in rows)
        for doping in sorted({row["doping"] for row in rows}):
            at = {row["height"]: row for row in rows if row["doping"] == doping}
            label = f"{doping:.3f}" if doping else "0"
            line = [metal, label + (", in no fit" if doping == beyond else "")]
            line += [_milli(at[3.0][key]) for key in ("computed", "model", "clean")]
            other = at.get(SECOND_HEIGHT[metal])
            line += [_milli(other[key]) if other else "–" for key in ("computed", "model")]
            out.append(line)
    return out


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _milli(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−").replace("+0.000", "0.000")
