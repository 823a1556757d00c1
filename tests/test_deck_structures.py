"""Structures that cannot be built: the message has the line, the table and the key of the part, not of another one."""

import pytest

from nakmd.deck.source import DeckSource
from nakmd.errors import StructureError
from nakmd.runs.plan import make_plan
from nakmd.runs.table_error import TableError, of_table

TUBE = '[structure.carbon]\nkind = "nanotube"\nchirality = [10, 10]\nlength = "20 Å"\n'
SHEET = '[structure.carbon]\nkind = "graphene"\nsize = ["25 Å", "25 Å"]\n'
WALLS = '[structure.carbon]\nkind = "bundle"\nwalls = [[10, 10], [11, 11]]\ntubes = 1\nlength = "20 Å"\n'
CRYSTAL = '[structure.crystal]\nelement = "Na"\nrepeat = [3, 3, 3]\nlattice = "4.29 Å"\n'
DOPING = "[structure.carbon.doping]\n"
LIQUID = '[structure.liquid]\nx_K = 0.67\ntemperature = "450 K"\nregion = '
STAGE = '[[stage]]\nkind = "produce"\nsteps = 10\ntemperature = "450 K"\n'
BULK = '[structure.liquid]\nx_K = 0.67\ntemperature = "450 K"\natoms = 500\n'

#: Structure, the line that the message names, and parts of the message.
FAULTS = {
    "less than half a site": (
        TUBE + DOPING + "pyridinic = 0.02\ngraphitic = 0.001\n" + LIQUID + '"around"\n',
        "graphitic = 0.001",
        ("[structure.carbon.doping] graphitic: ", "length in [structure.carbon]"),
    ),
    "sites too dense": (
        TUBE + DOPING + 'pyridinic = 0.2\ndistance = "6 Å"\n' + LIQUID + '"around"\n',
        "pyridinic = 0.2",
        ("[structure.carbon.doping] pyridinic: ", "length in [structure.carbon]"),
    ),
    "too many vacancies": (
        SHEET + DOPING + "vacancy = 0.2\n" + LIQUID + '"beside"\n',
        "vacancy = 0.2",
        ("[structure.carbon.doping] vacancy: ", "size in [structure.carbon]"),
    ),
    "sum of all sites": (
        SHEET + DOPING + "pyridinic = 0.4\ngraphitic = 0.3\n" + LIQUID + '"beside"\n',
        DOPING.strip(),
        ("the sum of graphitic = 0.3, pyridinic = 0.4 is 0.7.",),
    ),
    "narrow tube": (
        TUBE.replace("[10, 10]", "[2, 1]") + LIQUID + '"around"\n',
        "chirality = [2, 1]",
        ("[structure.carbon] chirality: A (2,1) tube",),
    ),
    "walls that touch": (
        WALLS + LIQUID + '"around"\n',
        "walls = [[10, 10], [11, 11]]",
        ("[structure.carbon] walls: The wall (11,11)",),
    ),
    "no room in a tube": (
        TUBE.replace("[10, 10]", "[5, 5]") + LIQUID + '"inside"\n',
        "[structure.liquid]",
        ("[structure.liquid]: ", "follows from the density", "chirality and length in [structure.carbon]"),
    ),
    "too many atoms in a tube": (
        TUBE + LIQUID + '"inside"\natoms = 500\n',
        "atoms = 500",
        ("[structure.liquid] atoms: 500 atoms do not fit", "chirality and length in [structure.carbon]"),
    ),
    "no room beside a sheet": (
        SHEET + LIQUID + '"beside"\nthickness = "2 Å"\n',
        "[structure.liquid]",
        ("thickness in [structure.liquid] and size in [structure.carbon]",),
    ),
    "a droplet larger than the cell": (
        SHEET + LIQUID + '"droplet"\natoms = 2000\n',
        "atoms = 2000",
        ("[structure.liquid] atoms: A droplet of 2000 atoms", "size in [structure.carbon] and vacuum in"),
    ),
    "less than half a guest": (
        CRYSTAL + 'substitute = { element = "K", fraction = 0.001 }\n',
        'substitute = { element = "K", fraction = 0.001 }',
        ("[structure.crystal.substitute]: ", "repeat in [structure.crystal]", "count is a number of atoms"),
    ),
}


def plan_of(structure, path):
    model = "nak-cn" if "carbon" in structure else "nak"
    path.write_text(f'[model]\npotential = "{model}"\n{structure}\n{STAGE}', encoding="utf-8")
    return make_plan(DeckSource.read(path))


@pytest.mark.parametrize("name", FAULTS)
def test_message_names_line_table_and_keys(name, tmp_path):
    structure, line, parts = FAULTS[name]
    (fault,) = plan_of(structure, tmp_path / "deck.toml").faults
    number = (tmp_path / "deck.toml").read_text(encoding="utf-8").splitlines().index(line) + 1
    assert f"deck.toml:{number}: " in fault
    for part in parts:
        assert part in fault


def test_a_refused_value_is_not_reported_again_by_the_builder(tmp_path):
    box = '[structure.box]\nlengths = ["20 Å", "20 Å", "20 Å"]\n'
    (fault,) = plan_of(BULK + box, tmp_path / "dense.toml").faults
    assert "mean a density of 3.51 g/cm³" in fault


def test_a_fault_of_another_table_is_reported_too(tmp_path):
    """The droplet is refused, and the doping, which the builder finds, has nothing to do with it."""
    structure = (
        WALLS.replace(", [11, 11]", "").replace("tubes = 1", "tubes = 3")
        + DOPING
        + "graphitic = 0.0001\n"
        + LIQUID
        + '"droplet"\n'
    )
    faults = plan_of(structure + "atoms = 60\n", tmp_path / "two.toml").faults
    assert any("[structure.carbon.doping] graphitic: " in fault for fault in faults)
    assert any("region" in fault for fault in faults)


def test_an_error_that_names_its_table_stays_as_it_is():
    message = r"^\[a\.b\] x: wrong\. Mend it\.$"
    with pytest.raises(TableError, match=message) as caught, of_table("c"), of_table("a", "b", remedy="Mend it."):
        raise StructureError("wrong.", about="x")
    assert caught.value.path == ("a", "b", "x")
