"""Folders of sweeps with made results, whose statistics are known exactly."""

import itertools
import json

import numpy as np


def entry(record, name, number, error, unit="", n_effective=50.0, **more):
    """Return a row of the table of a run, as `Results.table` writes it."""
    text = f"{number} {unit}" if error is None else f"{number} ± {error} {unit}"
    return {
        "quantity": name, "value": text, "frames": "all 100 frames", "note": "", "record": record, "name": name,
        "number": number, "error": error, "unit": unit, "n_effective": n_effective, "trend": 0.3,
        "stages": ["produce"], **more,
    }  # fmt: skip


def axis(name, values, key=None, **more):
    return {"name": name, "key": key or f"structure.liquid.{name}", "values": values, **more}


def write_sweep(folder, axes, table_of, lost=(), failed=(), verdict="settled"):
    """Write a sweep over the product of the axes.

    Parameters
    ----------
    folder : Path
    axes : list of dict
        Entries of the index.
    table_of : callable
        Takes the labels of a point, and returns the table of its results.
    lost, failed : collections of int
        Indices of points that have not run, and that have failed.
    verdict : str
        Of every run.
    """
    points = []
    for index, values in enumerate(itertools.product(*(entry["values"] for entry in axes))):
        labels = dict(zip((entry["name"] for entry in axes), values))
        point = {"index": index, "id": f"{index:012x}", "changes": {}, "labels": labels}
        points.append({**point, "seed": labels.get("seed", 1)})
        run = folder / "points" / point["id"]
        if index in lost:
            continue
        run.mkdir(parents=True)
        if index in failed:
            (run / "failure.json").write_text(json.dumps({"message": "The atoms overlap.", "exit_code": 1}))
            continue
        (run / "status.json").write_text(json.dumps({"status": "finished", "nakmd": "1.0"}))
        results = {"verdict": verdict, "notes": [], "failures": {}, "table": table_of(labels)}
        (run / "results.json").write_text(json.dumps(results))
    folder.mkdir(exist_ok=True)
    index = {"name": "made", "deck": "seed = 1\n", "deck_name": "made.toml", "folder": ".", "axes": axes}
    (folder / "index.json").write_text(json.dumps({**index, "points": points}))
    return folder


def noisy(seed):
    """Return a generator of numbers for a label of any kind."""
    return np.random.default_rng(seed)
