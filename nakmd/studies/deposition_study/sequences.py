"""In which order the metals arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: Species of n atoms in their order of arrival, by the name of the sequence.
SEQUENCES: Mapping[str, Callable[[int], list[str]]] = {
    "Na": lambda n: ["Na"] * n,
    "K": lambda n: ["K"] * n,
    "Na and K in turn": lambda n: ["Na" if k % 2 == 0 else "K" for k in range(n)],
    "Na, then K": lambda n: ["Na"] * (n - n // 2) + ["K"] * (n // 2),
    "K, then Na": lambda n: ["K"] * (n - n // 2) + ["Na"] * (n // 2),
}
