"""Names, elements and masses of H5MD trajectories for MDAnalysis, which by itself takes only their number from H5MD.

Importing this module registers the parser for files ``*.h5md``; it needs MDAnalysis.

Examples
--------
>>> import MDAnalysis, nakmd.io.mdanalysis                              # doctest: +SKIP
>>> universe = MDAnalysis.Universe("runs/first/trajectory.h5md")        # doctest: +SKIP
>>> universe.select_atoms("name K and around 4 element C")              # doctest: +SKIP

Without this module, a converted frame tells the names and elements:

>>> nakmd.io.convert("trajectory.h5md", "atoms.xyz", frames=0)          # doctest: +SKIP
>>> MDAnalysis.Universe("atoms.xyz", "trajectory.h5md")                 # doctest: +SKIP
"""

from __future__ import annotations

from typing import Any

import numpy as np
from MDAnalysis.core.topology import Topology
from MDAnalysis.core.topologyattrs import (
    Atomids,
    Atomnames,
    Atomtypes,
    Elements,
    Masses,
    Resids,
    Resnames,
    Resnums,
    Segids,
)
from MDAnalysis.topology.base import TopologyReaderBase

from nakmd.elements import element_of
from nakmd.io.trajectory import Trajectory


class H5MDParser(TopologyReaderBase):  # type: ignore[misc]  # MDAnalysis is untyped
    """Topology of an H5MD file: names and elements (K), types (the species, N:graphitic) and masses [amu].

    The ids are the indices of the atoms in their run, of which the file may hold some.

    All atoms are one residue, as there are no molecules.
    """

    format = "H5MD"

    def parse(self, **_: Any) -> Topology:
        """Return the topology.

        Raises
        ------
        FileFormatError
            If the file is damaged, or has no elements.
        """
        with Trajectory(self.filename) as trajectory:
            topology = trajectory.topology
        species = np.array(topology.species_names, dtype=object)[topology.species]
        elements = np.array([element_of(name) for name in topology.species_names], dtype=object)[topology.species]
        attributes = [
            Atomids(np.arange(topology.n_atoms) if topology.run_indices is None else topology.run_indices),
            Atomnames(elements),
            Atomtypes(species),
            Elements(elements.copy()),
            Masses(topology.masses),
            Resids(np.array([1])),
            Resnums(np.array([1])),
            Resnames(np.array(["SYS"], dtype=object)),
            Segids(np.array(["SYSTEM"], dtype=object)),
        ]
        return Topology(topology.n_atoms, 1, 1, attrs=attributes)
