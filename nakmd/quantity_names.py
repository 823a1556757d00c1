"""Registry of the quantities that nakmd measures: one line each.

Everything else about a quantity is defined in its class. The names are in a separate module because decks and the
command line need them without the import of `nakmd.analysis`, which takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Name of each quantity, and its class as ``module.class`` in `nakmd.analysis`; in the order of the results table.
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
    "thermal_conductivity": "thermal_conductivity.ThermalConductivity",
    "coordination": "coordination.Coordination",
    "lifetimes": "lifetimes.Lifetimes",
    "residence": "residence.Residence",
    "map": "residence_map.ResidenceMap",
    "affinity": "affinity.Affinity",
    "immersion": "immersion.Immersion",
    "density": "density.Density",
    "stress_profile": "stress_profile.StressProfile",
    "stress_map": "stress_map.StressMap",
    "interfacial_conductance": "interfacial_conductance.InterfacialConductance",
    "gibbs_excess": "gibbs_excess.GibbsExcess",
    "free_energy_profile": "free_energy_profile.FreeEnergyProfile",
    "surface_tension": "surface_tension.SurfaceTension",
    "contact_angle": "contact_angle.ContactAngle",
    "growth": "growth.Growth",
    "islands": "islands.Islands",
    "sticking": "sticking.Sticking",
}
