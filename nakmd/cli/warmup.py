"""``nakmd warmup``: compile the kernels before the first run."""

from __future__ import annotations

from typing import Annotated

import typer


def warmup(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """Compile all kernels and cache them, so that no run waits for it: once per version, a minute or two.

    Example: nakmd warmup
    """
    import time

    from nakmd.cli.guard import complain
    from nakmd.cli.output import say, show_json
    from nakmd.kernels.jit import CACHE_DIR
    from nakmd.runs.warm import TRIALS, warm_up

    begin = time.perf_counter()
    seconds: dict[str, float] = {}
    for name in TRIALS:
        if not as_json:
            complain(f"{name} ...")
        seconds[name] = warm_up(name)
    if as_json:
        show_json({"cache": CACHE_DIR, "seconds": seconds})
    else:
        for name, time_taken in seconds.items():
            say(f"{name:28} {time_taken:6.1f} s")
        say(f"Compiled in {time.perf_counter() - begin:.0f} s into {CACHE_DIR}")
