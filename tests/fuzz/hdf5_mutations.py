"""Changes of HDF5 files that leave them valid HDF5: members, types, shapes, values, links, storage and attributes.

Damaged bytes of an HDF5 file rarely get past its checksums, so most inputs come from here. Gentle changes keep what
a reader needs; harsh ones change anything.
"""

import io
import random

import h5py
import numpy as np
from hdf5_harsh import ANY, NUMBERS, WORDS
from hdf5_members import choose, members, replace
from mutations import FACTORS


def restructured(content, seed, changes):
    """Return the content of an HDF5 file with one or two changes of a list, which follow from the seed."""
    rng = random.Random(seed)
    buffer = io.BytesIO(content)
    done = 0
    with h5py.File(buffer, "r+", libver=("v110", "v110")) as file:
        for _ in range(40):
            change = rng.choice(changes)
            try:
                change(file, rng)
            except (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError, AttributeError, IndexError):
                continue  # a change that this member does not allow, or that HDF5 refuses
            done += 1
            if done >= 1 + (rng.random() < 0.3):
                break
    return buffer.getvalue()


def _restore(file, rng):
    """Change only how a dataset is stored."""
    name = choose(file, rng)
    values, options = file[name][...], {}
    if values.ndim and values.size:
        limits = tuple(None if rng.random() < 0.5 else n for n in values.shape)
        chunks = tuple(rng.randint(1, n) for n in values.shape)
        options = rng.choice(
            [
                {},
                {"chunks": chunks, "maxshape": limits},
                {"chunks": chunks, "compression": "gzip", "shuffle": True},
                {"chunks": True, "compression": "lzf", "fletcher32": True},
                {"chunks": chunks, "fletcher32": True, "maxshape": limits},
            ]
        )
    replace(file, name, values, **options)


def _scale(file, rng):
    """Scale all numbers of a dataset by one factor, or one of them."""
    name = choose(file, rng, numbers=True)
    values = file[name][...]
    factor = rng.choice(FACTORS[:5])
    if values.dtype.kind != "f":
        raise TypeError("whole numbers are names of things")
    if rng.random() < 0.5:
        values *= factor
    else:
        values.flat[rng.randrange(values.size)] *= factor
    replace(file, name, values, chunks=True if values.ndim else None)


def _reorder(file, rng):
    """Exchange two rows of a dataset, repeat one, or turn all around."""
    name = choose(file, rng, numbers=True)
    values = file[name][...]
    if values.ndim == 0 or len(values) < 2:
        raise TypeError("one row has no order")
    a, b = rng.sample(range(len(values)), 2)
    action = rng.randrange(3)
    if action == 0:
        values[[a, b]] = values[[b, a]]
    elif action == 1:
        values[a] = values[b]
    else:
        values = values[::-1]
    replace(file, name, values, chunks=True)


def _add(file, rng):
    """Add a member or an attribute that no reader knows."""
    groups = ["/", *members(file, h5py.Group)]
    place = file[rng.choice(groups)]
    action = rng.randrange(3)
    if action == 0:
        place.create_group("unknown").attrs["note"] = rng.choice(WORDS)
    elif action == 1:
        place["unknown"] = np.arange(rng.randrange(5)) * rng.choice((1, 0.5))
    else:
        place.attrs["unknown"] = rng.choice([rng.choice(WORDS), rng.choice(NUMBERS), np.arange(3)])


def _alias(file, rng):
    """Replace a member by a link to itself under another name."""
    name = rng.choice(members(file))
    file["elsewhere"] = file[name]
    del file[name]
    file[name] = h5py.SoftLink("/elsewhere")


def _widen(file, rng):
    """Store the same numbers in a larger type."""
    name = choose(file, rng, numbers=True)
    values = file[name][...]
    wider = {"f": "f8", "i": "i8", "u": "u8" if rng.random() < 0.5 else "u4"}[values.dtype.kind]
    replace(file, name, values.astype(rng.choice((wider, wider.replace("f8", ">f8")))), chunks=True)


#: Changes of which a reader needs to know nothing: those of numbers, and of members that may be links.
NUMERIC = [_restore, _restore, _scale, _scale, _reorder]
GENTLE = [*NUMERIC, _scale, _add, _alias, _widen]
HARSH = [*ANY, _reorder, _scale]
