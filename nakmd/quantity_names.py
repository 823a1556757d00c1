"""The quantities that nakmd measures by name: one line each.

Everything else about a quantity stands in its class. The names stand apart because decks and the shell need them
before anything is measured, and `nakmd.analysis` takes a tenth of a second to import.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Name of each quantity, and its class: a module of `nakmd.analysis` and the class in it. In the order of the table.
QUANTITIES: Mapping[str, str] = {
    "thermo": "thermo.Thermo",
    "rdf": "rdf.RDF",
    "structure_factor": "structure_factor.StructureFactor",
    "short_range_order": "short_range_order.ShortRangeOrder",
    "local_order": "local_order.LocalOrder",
    "diffusion": "diffusion.Diffusion",
    "layers": "layer_diffusion.LayerDiffusion",
    "vacf": "velocities.VelocityCorrelation",
    "non_gaussian": "non_gaussian.NonGaussian",
    "viscosity": "viscosity.Viscosity",
    "coordination": "coordination.Coordination",
    "lifetimes": "lifetimes.Lifetimes",
    "residence": "residence.Residence",
    "map": "residence_map.ResidenceMap",
    "affinity": "affinity.Affinity",
    "immersion": "immersion.Immersion",
    "density": "density.Density",
    "gibbs_excess": "gibbs_excess.GibbsExcess",
    "free_energy_profile": "free_energy_profile.FreeEnergyProfile",
    "surface_tension": "surface_tension.SurfaceTension",
    "contact_angle": "contact_angle.ContactAngle",
}
