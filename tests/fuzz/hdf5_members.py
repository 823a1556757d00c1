"""The members of HDF5 files, and the replacement of one."""

import h5py


def members(file, kind=h5py.HLObject):
    """Return all paths of the members of a kind, of which one may have several, without links to elsewhere."""
    found, pending = [], [file]
    while pending:
        group = pending.pop()
        for name in group:
            path = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink) or path.count("/") > 9:
                continue
            member = group[name]
            if isinstance(member, kind):
                found.append(path)
            if isinstance(member, h5py.Group):
                pending.append(member)
    return found


def choose(file, rng, numbers=False):
    """Return the path of a dataset, in half of the choices of numbers; texts of a checkpoint are bytes."""
    names = [
        name for name in members(file, h5py.Dataset) if (file[name].size or 0) < 10**4
    ]  # not one made large before
    if numbers or rng.random() < 0.5:
        names = [name for name in names if file[name].dtype.kind in "fiu" and file[name].dtype.itemsize > 1]
        names = [name for name in names if file[name].size]
    return rng.choice(names)


def replace(file, name, values, **storage):
    """Replace the values of a dataset and keep its attributes, at all its names."""
    old = file[name]
    same = [other for other in members(file, h5py.Dataset) if file[other] == old]
    attributes = dict(old.attrs)
    made = file.create_dataset(None, data=values, **storage)
    for key, value in attributes.items():
        made.attrs[key] = value
    for place in same:
        del file[place]
        file[place] = made
