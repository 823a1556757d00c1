"""Decks to damage."""

DECKS = {
    "liquid": """
seed = 3
[model]
potential = "nak-2016"
[structure.liquid]
x_K = 0.5
temperature = "450 K"
atoms = 54
[[stage]]
kind = "relax"
steps = 20
[[stage]]
kind = "produce"
steps = 40
timestep = "1 fs"
temperature = "450 K"
ensemble = "nose-hoover"
chain = 3
tau = "0.1 ps"
barostat = { kind = "mtk", pressure = "1 bar", axes = ["xy", "z"] }
[output]
trajectory_every = 10
[analysis]
quantities = ["rdf", "diffusion"]
when = "live"
every = 10
""",
    "tube": """
[model]
potential = "nak-cn"
affinity = 1.1
[structure.carbon]
kind = "nanotube"
chirality = [4, 4]
length = "22.5 Å"
doping = { graphitic = 0.05 }
[structure.liquid]
region = "around"
x_K = 0.67
temperature = "500 K"
thickness = "8 Å"
[[stage]]
kind = "heat"
steps = 30
timestep = "0.5 fs"
temperature = ["100 K", "500 K"]
[[stage]]
kind = "produce"
steps = 40
timestep = "0.5 fs"
ensemble = "langevin"
temperature = "500 K"
[analysis]
quantities = ["coordination", "affinity"]
""",
    "sheet and terms": """
[model]
none = [["C", "C"]]
[[model.terms]]
kind = "morse"
pair = ["Na", "C"]
depth = "0.05 eV"
alpha = "1.2 1/Å"
r_0 = "3.0 Å"
cutoff = "6 Å"
[[model.terms]]
kind = "set"
name = "nak-2016"
[structure.carbon]
kind = "graphene"
size = ["15 Å", "15 Å"]
[structure.liquid]
region = "beside"
x_K = 0.0
temperature = "450 K"
thickness = "8 Å"
[groups]
frozen = ["sheet"]
[[stage]]
kind = "produce"
steps = 20
timestep = "1 fs"
temperature = "400 K"
""",
}
