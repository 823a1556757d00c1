"""Analysis of trajectories with error estimates: structure, motion, contact, affinity, heat, wetting.

Each analysis is a class (``prepare``, ``update``, ``result``) for use during a run, and a function of the same
noun that applies it to a trajectory. `analyze` runs all analyses that apply to the atoms in one pass over the
file; `nakmd.quantity_names` lists them.
"""

from __future__ import annotations

from nakmd.analysis.affinity import Affinity, AffinityRecord, affinity
from nakmd.analysis.arrhenius import ArrheniusRecord, arrhenius
from nakmd.analysis.base import Analysis, Record
from nakmd.analysis.contact_angle import ContactAngle, ContactAngleRecord, contact_angle
from nakmd.analysis.coordination import Coordination, CoordinationRecord, coordination
from nakmd.analysis.density import Density, DensityRecord, density
from nakmd.analysis.diffusion import Diffusion, DiffusionRecord, diffusion
from nakmd.analysis.drive import measure, run_all
from nakmd.analysis.finite_size import FiniteSizeRecord, extrapolate_size, yeh_hummer
from nakmd.analysis.frame_choice import FrameOptions
from nakmd.analysis.frame_source import FrameList, FrameProgress, FrameSource
from nakmd.analysis.free_energy import FreeEnergyRecord, affinity_free_energy
from nakmd.analysis.free_energy_profile import FreeEnergyProfile, FreeEnergyProfileRecord, free_energy_profile
from nakmd.analysis.gibbs_excess import GibbsExcess, GibbsExcessRecord, gibbs_excess
from nakmd.analysis.green_kubo import ViscosityRecord
from nakmd.analysis.growth import Growth, growth
from nakmd.analysis.growth_record import GrowthRecord
from nakmd.analysis.immersion import Immersion, ImmersionRecord, heat_of_immersion
from nakmd.analysis.interfacial_conductance import InterfacialConductance, interfacial_conductance
from nakmd.analysis.interfacial_conductance_record import InterfacialConductanceRecord
from nakmd.analysis.islands import Islands, IslandsRecord, islands
from nakmd.analysis.layer_diffusion import LayerDiffusion, LayerDiffusionRecord, layer_diffusion
from nakmd.analysis.lifetimes import Lifetimes, LifetimesRecord, lifetimes
from nakmd.analysis.local_order import LocalOrder, LocalOrderRecord, local_order
from nakmd.analysis.named_analysis import NamedAnalysis
from nakmd.analysis.non_gaussian import NonGaussian, NonGaussianRecord, non_gaussian
from nakmd.analysis.numerics.statistics import Measure
from nakmd.analysis.rdf import RDF, PartialRDF, RDFRecord, rdf
from nakmd.analysis.registry import on_request, quantity
from nakmd.analysis.residence import Residence, ResidenceRecord, residence
from nakmd.analysis.residence_map import ResidenceMap, ResidenceMapRecord, residence_map
from nakmd.analysis.seeds import CombinedRecord, combine
from nakmd.analysis.short_range_order import ShortRangeOrder, ShortRangeOrderRecord, short_range_order
from nakmd.analysis.standard import analyze, lacking_analyses, standard_analyses, unmeasured_quantities
from nakmd.analysis.sticking import Sticking, StickingRecord, sticking
from nakmd.analysis.stress_map import StressMap, StressMapRecord, stress_map
from nakmd.analysis.stress_profile import StressProfile, StressProfileRecord, stress_profile
from nakmd.analysis.structure_factor import StructureFactor, structure_factor
from nakmd.analysis.structure_factor_record import StructureFactorRecord
from nakmd.analysis.surface_tension import SurfaceTension, SurfaceTensionRecord, surface_tension
from nakmd.analysis.thermal_conductivity import (
    ThermalConductivity,
    ThermalConductivityRecord,
    thermal_conductivity,
)
from nakmd.analysis.thermo import Thermo, ThermoRecord, thermo
from nakmd.analysis.umbrella_free_energy import umbrella_free_energy
from nakmd.analysis.umbrella_record import UmbrellaRecord
from nakmd.analysis.van_t_hoff import VanTHoffRecord, van_t_hoff
from nakmd.analysis.velocities import VelocityCorrelation, VelocityRecord, velocity_correlation
from nakmd.analysis.viscosity import Viscosity, viscosity
from nakmd.analysis.young_dupre import YoungDupreRecord, young_dupre
from nakmd.quantity_names import QUANTITIES

__all__ = [
    "QUANTITIES",
    "RDF",
    "Affinity",
    "AffinityRecord",
    "Analysis",
    "ArrheniusRecord",
    "CombinedRecord",
    "ContactAngle",
    "ContactAngleRecord",
    "Coordination",
    "CoordinationRecord",
    "Density",
    "DensityRecord",
    "Diffusion",
    "DiffusionRecord",
    "FiniteSizeRecord",
    "FrameList",
    "FrameOptions",
    "FrameProgress",
    "FrameSource",
    "FreeEnergyProfile",
    "FreeEnergyProfileRecord",
    "FreeEnergyRecord",
    "GibbsExcess",
    "GibbsExcessRecord",
    "Growth",
    "GrowthRecord",
    "Immersion",
    "ImmersionRecord",
    "InterfacialConductance",
    "InterfacialConductanceRecord",
    "Islands",
    "IslandsRecord",
    "LayerDiffusion",
    "LayerDiffusionRecord",
    "Lifetimes",
    "LifetimesRecord",
    "LocalOrder",
    "LocalOrderRecord",
    "Measure",
    "NamedAnalysis",
    "NonGaussian",
    "NonGaussianRecord",
    "PartialRDF",
    "RDFRecord",
    "Record",
    "Residence",
    "ResidenceMap",
    "ResidenceMapRecord",
    "ResidenceRecord",
    "ShortRangeOrder",
    "ShortRangeOrderRecord",
    "Sticking",
    "StickingRecord",
    "StressMap",
    "StressMapRecord",
    "StressProfile",
    "StressProfileRecord",
    "StructureFactor",
    "StructureFactorRecord",
    "SurfaceTension",
    "SurfaceTensionRecord",
    "ThermalConductivity",
    "ThermalConductivityRecord",
    "Thermo",
    "ThermoRecord",
    "UmbrellaRecord",
    "VanTHoffRecord",
    "VelocityCorrelation",
    "VelocityRecord",
    "Viscosity",
    "ViscosityRecord",
    "YoungDupreRecord",
    "affinity",
    "affinity_free_energy",
    "analyze",
    "arrhenius",
    "combine",
    "contact_angle",
    "coordination",
    "density",
    "diffusion",
    "extrapolate_size",
    "free_energy_profile",
    "gibbs_excess",
    "growth",
    "heat_of_immersion",
    "interfacial_conductance",
    "islands",
    "lacking_analyses",
    "layer_diffusion",
    "lifetimes",
    "local_order",
    "measure",
    "non_gaussian",
    "on_request",
    "quantity",
    "rdf",
    "residence",
    "residence_map",
    "run_all",
    "short_range_order",
    "standard_analyses",
    "sticking",
    "stress_map",
    "stress_profile",
    "structure_factor",
    "surface_tension",
    "thermal_conductivity",
    "thermo",
    "umbrella_free_energy",
    "unmeasured_quantities",
    "van_t_hoff",
    "velocity_correlation",
    "viscosity",
    "yeh_hummer",
    "young_dupre",
]
