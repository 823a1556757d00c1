"""House units and conversion constants (CODATA 2022).

All quantities in nakmd are in eV, Å, amu, ps, K and e (LAMMPS ``metal``), with pressure in eV/Å³.
Only the deck and the trajectory reader parse units; kernels receive plain numbers.

ASE uses CODATA 2014: its k_B differs by 3.4e-7, so temperatures agree to seven digits only.
"""

from __future__ import annotations

#: Boltzmann constant [eV/K]; exact since the 2019 SI: 1.380649e-23 J/K / 1.602176634e-19 C.
K_B = 8.617333262145179e-5

#: Acceleration [Å/ps²] of 1 amu under 1 eV/Å: e/(1 amu · 1 Å), amu = 1.66053906892e-27 kg (CODATA 2022).
ACCELERATION = 9648.533202185006

#: Kinetic energy [eV] of 1 amu moving at 1 Å/ps.
AMU_A2_PER_PS2 = 1.0 / ACCELERATION

#: Pressure: 1 eV/Å³ in bar and in GPa (exact).
BAR_PER_EV_A3 = 1.602176634e6
GPA_PER_EV_A3 = 160.2176634

#: Energy: 1 eV in J (exact).
J_PER_EV = 1.602176634e-19

#: Surface energy: 1 eV/Å² in J/m² (exact).
J_PER_M2_PER_EV_A2 = 16.02176634

#: Density: 1 amu/Å³ in g/cm³.
G_PER_CM3_PER_AMU_A3 = 1.66053906892

#: Energy: 1 eV/atom in kJ/mol (exact: e · N_A).
KJ_PER_MOL_PER_EV = 96.48533212331002

#: e²/4πε0 [eV Å]: e/(4π ε0) with ε0 = 8.8541878188e-12 F/m (CODATA 2022).
COULOMB = 14.399645468667815

#: The same constant in the ZBL core of Finnis-Sinclair cubics: the digits used for the check values of the
#: Nichol-Ackland pair functions.
MOLDY_COULOMB = 14.3996454
