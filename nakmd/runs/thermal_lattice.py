"""The lattice constant of a crystal whose deck gives a temperature: that of the model, without stress."""

from __future__ import annotations

from pathlib import Path

from nakmd.deck.force_model import Model, SetTerm
from nakmd.deck.matter import Structure
from nakmd.errors import InputError, StructureError
from nakmd.potentials import Potential
from nakmd.potentials.library import warm_lattice
from nakmd.runs.potential_builder import potential_file


def with_lattice(
    structure: Structure, model: Model | None, potential: Potential | None, folder: Path, notes: list[str]
) -> Structure:
    """Return a structure in which the lattice constant of a crystal replaces its temperature.

    Parameters
    ----------
    structure : Structure
    model : Model or None
    potential : Potential or None
        That of the model.
    folder : Path
        Paths in the deck are relative to it.
    notes : list of str
        Receives that a member of an ensemble gets the lattice of the set itself.

    Raises
    ------
    StructureError
        If the model does not know its lattice constant at this temperature.
    """
    crystal = structure.crystal
    if crystal is None or crystal.temperature is None:
        return structure
    element, temperature = crystal.element, crystal.temperature
    remedy = f'Give the lattice constant of the model at {temperature:g} K: lattice = "5.33 Å".'
    if model is None or potential is None:
        raise StructureError(f"The lattice constant of {element} at {temperature:g} K needs a valid model. {remedy}")
    acting = [term for term in potential.terms if term.covers(element, element) not in ("", "none")]
    lost = any(term.loses(element, element) for term in potential.terms)
    if model.has_calculator or len(acting) != 1 or lost:
        raise StructureError(
            f"The lattice constant of {element} at {temperature:g} K is known only if one parameter set of the library "
            f"alone acts between {element} atoms. {remedy}"
        )
    if model.potential is not None:
        names = [str(model.potential)]
    else:
        names = [term.name for term in model.terms if isinstance(term, SetTerm)]
    lengths, reasons = [], []
    for name in names:
        file = potential_file(name, folder)
        if file is not None and file[1] != "set":
            continue
        try:
            lengths.append(warm_lattice(name if file is None else file[0], element, temperature))
        except InputError as error:
            reasons.append(str(error))
    if len(lengths) != 1:
        raise StructureError(reasons[0] if reasons else f"The model has no [[lattice]] of {element}. {remedy}")
    if model.member is not None:
        notes.append(
            f"lattice constant of {lengths[0]:.4f} Å at {temperature:g} K: of the set itself, not of its member "
            f"{model.member}; the slab of the member is strained by the difference, up to some tenths of a per cent"
        )
    return structure.model_copy(
        update={"crystal": crystal.model_copy(update={"lattice": lengths[0], "temperature": None})}
    )
