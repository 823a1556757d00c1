"""A run from Python: a deck, a run, and one result with its standard error."""

import sys

import nakmd


def main(directory: str = "runs/first", steps: int = 5000) -> "nakmd.Run":
    """Run a small bulk liquid, print its diffusion coefficients, and return the run."""
    deck = nakmd.Deck(
        title="a first run",
        model={"potential": "nak"},
        structure={"liquid": {"x_K": 0.67, "temperature": "450 K", "atoms": 500}},
        stage=[
            {"kind": "relax", "steps": 100},
            {"kind": "equilibrate", "steps": steps // 5, "timestep": "4 fs", "temperature": "450 K"},
            {"kind": "produce", "steps": steps, "timestep": "4 fs", "temperature": "450 K", "ensemble": "bussi"},
        ],
        output={"trajectory_every": 20},
    )
    run = nakmd.run(deck, directory=directory)
    result = nakmd.analysis.diffusion(run.trajectory, species="K")
    print(f"D(K) = {result.value:.3f} ± {result.error:.3f} {result.unit}")
    print(run.results)
    return run


if __name__ == "__main__":
    main(*sys.argv[1:2])
