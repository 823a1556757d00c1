"""Embedded atoms of Chebyshev polynomials: the set nak-2026, read from its file, one pair of atoms at a time."""

import math
import tomllib
from pathlib import Path

from reference.analytic_eam import EmbeddedTwin

FILE = Path(__file__).resolve().parents[2] / "potentials" / "nak-2026.toml"


class ChebyshevTwin(EmbeddedTwin):
    """Na and K, the polynomials by their recurrence."""

    def __init__(self):
        record = tomllib.loads(FILE.read_text(encoding="utf-8"))
        self.known = [entry["symbol"] for entry in record["element"]]
        self.pairs = {frozenset(entry["elements"]): entry for entry in record["pair"]}
        self.densities = {(entry["of"], entry["at"]): entry["phi"] for entry in record["density"]}
        self.embeddings = {entry["element"]: entry["F"] for entry in record["embedding"]}
        self.longest = max(entry["cutoff"] for entry in record["pair"])

    def series(self, r, coefficients, entry):
        """Return t³ Σ c_n T_n(s) with its first and second derivative, r between start and cutoff."""
        width = entry["cutoff"] - entry["start"]
        t = (entry["cutoff"] - r) / width
        value = slope = bend = 0.0
        for n, c in enumerate(coefficients):
            v, d, b = self.polynomial(n, 2.0 * t - 1.0)
            value += c * v
            slope += c * d * 2.0
            bend += c * b * 4.0
        f = t**3 * value
        df = 3.0 * t**2 * value + t**3 * slope
        ddf = 6.0 * t * value + 6.0 * t**2 * slope + t**3 * bend
        return f, -df / width, ddf / width**2

    @staticmethod
    def polynomial(n, s):
        """Return T_n and its derivatives by the recurrence T_{n+1} = 2 s T_n - T_{n-1}, differentiated twice."""
        now, before = (1.0, 0.0, 0.0), (s, 1.0, 0.0)  # T_0 and T_{-1}
        for _ in range(n):
            value = 2.0 * s * now[0] - before[0]
            slope = 2.0 * now[0] + 2.0 * s * now[1] - before[1]
            bend = 4.0 * now[1] + 2.0 * s * now[2] - before[2]
            now, before = (value, slope, bend), now
        return now

    def inside(self, r, coefficients, entry):
        """Return a function and its derivative, continued below start by its Taylor polynomial."""
        if r >= entry["cutoff"]:
            return 0.0, 0.0
        f, df, ddf = self.series(max(r, entry["start"]), coefficients, entry)
        u = min(r - entry["start"], 0.0)
        return f + u * df + 0.5 * u * u * ddf, df + u * ddf

    def pair(self, r, a, b):
        """Return V and dV/dr with the wall."""
        entry = self.pairs[frozenset((a, b))]
        v, dv = self.inside(r, entry["V"], entry)
        depth = max(entry["start"] - r, 0.0)
        return v + entry["wall"] * depth**3, dv - 3.0 * entry["wall"] * depth**2

    def density(self, r, of, at):
        """Return the density that an atom contributes at another, and its derivative."""
        return self.inside(r, self.densities[of, at], self.pairs[frozenset((of, at))])

    def embed(self, rho, name):
        """Return F and dF/dρ."""
        f0, f1, f2, f3, f4 = self.embeddings[name]
        low, high = max(0.85 - rho, 0.0), max(1.25 - rho, 0.0)
        energy = -f0 * math.sqrt(rho) + f1 * rho**2 + f2 * rho**3 + f3 * rho * low**3 + f4 * rho * high**3
        slope = -0.5 * f0 / math.sqrt(rho) + 2.0 * f1 * rho + 3.0 * f2 * rho**2
        slope += f3 * (low**3 - 3.0 * rho * low**2) + f4 * (high**3 - 3.0 * rho * high**2)
        return energy, slope
