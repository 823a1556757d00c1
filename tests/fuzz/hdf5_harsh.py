"""Changes of HDF5 files that leave out or replace what a reader may need."""

import h5py
import numpy as np
from hdf5_members import choose, members, replace

#: Numbers that have ended programs: no numbers, limits of types, and those that no quantity has.
NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -1.0, 1.0, 0.5, 1e9, -1e9, 1e30, 1e300, 1e-300, 2.0**31, 2.0**63, 118.0, 119.0)

TYPES = ("f4", "f2", "f8", ">f8", "i1", "u1", "i4", "i8", "u8", "c16", "S8", "?", "text", "pair")

#: Units, boundaries, kinds of entries and names of species, some of which nothing knows.
WORDS = (
    "nm", "Angstrom", "pm", "furlong", "fs", "ps", "s", "nm ps-1", "Angstrom fs-1", "none", "periodic", "array", "json",
    "", "Na", "K", "Xx", "N:graphitic", "é", "x" * 300, "null", "[]", "{}", "-1", "NaN", "1e999", "true", '"heat"',
)  # fmt: skip


def _delete(file, rng):
    del file[rng.choice(members(file))]


def _rename(file, rng):
    name = rng.choice(members(file))
    where, _, last = name.rpartition("/")
    file.move(name, f"{where}/{rng.choice((last + 'x', last.upper(), 'value', '%2E', 'é'))}")


def _copy(file, rng):
    """Put a copy of a member, or a second name of it, in the place of another."""
    source, place = rng.choice(members(file)), rng.choice(members(file))
    if place == source or source.startswith(f"{place}/"):
        raise ValueError("a member cannot replace what contains it")
    del file[place]
    if rng.random() < 0.5:
        file.copy(file[source], place)
    else:
        file[place] = file[source]


def _swap_kind(file, rng):
    """Put a group in the place of a dataset, or a dataset in the place of a group."""
    name = rng.choice(members(file))
    group = isinstance(file[name], h5py.Group)
    del file[name]
    if group:
        file[name] = np.arange(3.0)
    else:
        file.create_group(name)


def _type(file, rng):
    name = choose(file, rng)
    values, kind = file[name][...], rng.choice(TYPES)
    if kind == "text":
        values = np.array([str(value) for value in values.flat], dtype=object).reshape(values.shape)
        replace(file, name, values, dtype=h5py.string_dtype())
    elif kind == "pair":
        replace(file, name, np.zeros(values.shape, dtype=[("a", "f8"), ("b", "i4")]))
    else:
        with np.errstate(all="ignore"):
            replace(file, name, values.astype(kind), chunks=True if values.ndim else None)


def _shape(file, rng):
    name = choose(file, rng)
    values = file[name][...]
    axis = rng.randrange(max(values.ndim, 1))
    made = rng.choice(
        [
            lambda: np.delete(values, -1, axis),
            lambda: np.concatenate([values, np.take(values, [-1], axis)], axis),
            lambda: values[..., None],
            lambda: values[None],
            values.ravel,
            lambda: np.zeros((0, *values.shape[1:]), values.dtype),
            lambda: values.flat[0],
            lambda: values.T,
            lambda: np.repeat(values, 2, axis),
            lambda: h5py.Empty(values.dtype),
        ]
    )()
    replace(file, name, made)


def _fill(file, rng):
    """Declare a dataset of a large size of which nothing is stored."""
    name = choose(file, rng)
    old = file[name]
    shape = list(old.shape)
    shape[rng.randrange(len(shape))] = rng.choice((10**5, 10**8, 2**31, 2**40))
    made = file.create_dataset(None, shape=tuple(shape), dtype=old.dtype, chunks=True, fillvalue=old[...].flat[0])
    for key, value in dict(old.attrs).items():
        made.attrs[key] = value
    del file[name]
    file[name] = made


def _values(file, rng):
    """Set one number, a row, or all to a number that is out of place."""
    name = choose(file, rng, numbers=True)
    values = file[name][...]
    number = rng.choice(NUMBERS)
    with np.errstate(all="ignore"):
        number = np.array(number).astype(values.dtype)
    if values.ndim == 0 or rng.random() < 0.2:
        values[...] = number
    elif rng.random() < 0.5:
        values[rng.randrange(len(values))] = number
    else:
        values.flat[rng.randrange(values.size)] = number
    replace(file, name, values, chunks=True if values.ndim else None)


def _negate(file, rng):
    name = choose(file, rng, numbers=True)
    values = file[name][...]
    if values.ndim > 1 and rng.random() < 0.5:
        values[..., rng.randrange(values.shape[-1])] *= -1  # a cell becomes left-handed
    else:
        values = -values
    replace(file, name, values, chunks=True if values.ndim else None)


def _text(file, rng):
    """Change one text or one byte of a text."""
    names = [name for name in members(file, h5py.Dataset) if file[name].dtype.kind in "SO" or file[name].dtype == "u1"]
    name = rng.choice(names)
    values = file[name][...]
    at = rng.randrange(values.size)
    if values.dtype != "u1":
        values.flat[at] = rng.choice(WORDS).encode()
    elif rng.random() < 0.5:
        values.flat[at] = rng.randrange(256)
    else:
        values = np.frombuffer(rng.choice(WORDS).encode() or b" ", dtype=np.uint8)
    replace(file, name, values, dtype=file[name].dtype)


def _link(file, rng):
    name = rng.choice(members(file))
    del file[name]
    file[name] = rng.choice(
        [
            h5py.SoftLink(f"/{rng.choice(members(file))}"),
            h5py.SoftLink(f"/{name}"),
            h5py.SoftLink("/nowhere"),
            h5py.ExternalLink("other.h5", "/position"),
            file["/"],
        ]
    )


def _attribute(file, rng):
    places = [(name, key) for name in ["/", *members(file)] for key in file[name].attrs]
    name, key = rng.choice(places)
    attributes = file[name].attrs
    old = attributes[key]
    if rng.random() < 0.3:
        del attributes[key]
        return
    attributes[key] = rng.choice(
        [
            lambda: rng.choice(WORDS),
            lambda: rng.choice(WORDS),
            lambda: np.bytes_(rng.choice(WORDS).encode() or b" "),
            lambda: rng.choice(NUMBERS),
            lambda: np.array([1.0, 2.0]),
            lambda: np.array([rng.choice(("none", "periodic")) for _ in range(3)], dtype=h5py.string_dtype()),
            lambda: h5py.Empty("f8"),
            lambda: [old, old],
            lambda: np.bool_(True),
        ]
    )()


ANY = [
    _delete, _rename, _copy, _swap_kind, _type, _type, _shape, _shape, _fill, _values, _values, _values, _negate,
    _text, _link, _attribute, _attribute,
]  # fmt: skip
