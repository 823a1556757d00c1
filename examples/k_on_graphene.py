"""One K or Na atom on graphene: binding energy at hollow, bridge and top sites, with ASE and the nak-cn-dilute set."""

from ase.build import graphene
from ase.constraints import FixAtoms, FixedLine
from ase.optimize import LBFGS

from nakmd.ase import NakMD
from nakmd.potentials import load

BOND = 1.42  # of the rigid sheet that the dilute set was fitted on; the sheet is fixed, so its strain does not matter
SHEET = graphene(size=(10, 10, 1), a=BOND * 3**0.5, vacuum=15.0)
SHEET.pbc = True
A, B = SHEET.cell[0] / 10, SHEET.cell[1] / 10
FIRST = SHEET.positions[0]
SITES = {"hollow": FIRST + (A + 2 * B) / 3, "bridge": FIRST + (2 * A + B) / 6, "top": FIRST}


def adsorption(metal: str, site: str) -> tuple[float, float]:
    """Return binding energy [eV] and height [Å] of an atom that moves only along the surface normal."""
    atoms = SHEET.copy()
    atoms.calc = NakMD(load("nak-cn-dilute"))
    bare = atoms.get_potential_energy()
    atoms.append(metal)
    atoms.positions[-1] = SITES[site] + [0.0, 0.0, 2.7]
    atoms.set_constraint([FixAtoms(range(len(atoms) - 1)), FixedLine(len(atoms) - 1, [0.0, 0.0, 1.0])])
    atoms.calc = NakMD(load("nak-cn-dilute"))
    LBFGS(atoms, logfile=None).run(fmax=1e-4)
    return bare - atoms.get_potential_energy(), atoms.positions[-1, 2] - FIRST[2]


def main() -> dict[str, dict[str, tuple[float, float]]]:
    """Print the table of energies and heights, and return it."""
    table = {metal: {site: adsorption(metal, site) for site in SITES} for metal in ("K", "Na")}
    print("metal  site     binding/eV  height/Å")
    for metal, sites in table.items():
        for site, (energy, height) in sites.items():
            print(f"{metal:5}  {site:7}  {energy:10.4f}  {height:8.3f}")
    return table


if __name__ == "__main__":
    main()
