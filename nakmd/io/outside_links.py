"""Refusal of HDF5 files that refer to data outside themselves: external and dangling links, virtual and raw datasets.

Such a file would make a reader open any other file of the user, and its content is not covered by checksums.
"""

from __future__ import annotations

import h5py

from nakmd.errors import FileFormatError

#: Most members of a file that are examined. A trajectory or checkpoint has about a hundred.
MOST_MEMBERS = 20_000

_REMEDY = "Copy the data into one file (h5repack, or h5py's Group.copy with expand_external=True)."


def refuse_outside_data(path: object, file: h5py.File) -> None:
    """Raise if any member of a file is stored outside of it.

    Parameters
    ----------
    path : object
        The file, for messages.
    file : h5py.File

    Raises
    ------
    FileFormatError
        On external links, soft links that lead nowhere, virtual datasets, datasets in raw external files, and files
        with more than `MOST_MEMBERS` members. Soft links within the file are allowed: they cannot leave it except
        through one of these.
    """
    pending: list[h5py.Group] = [file]
    soft: list[tuple[h5py.Group, str, str]] = []
    seen = {h5py.h5o.get_info(file.id).addr}
    while pending:
        group = pending.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise FileFormatError(path, f"{where} is a link to another file, {link.filename!r}.", _REMEDY)
            if isinstance(link, h5py.SoftLink):
                soft.append((group, name, link.path))
                continue  # followed only when there is no link to another file on its way
            member = group[name]
            address = h5py.h5o.get_info(member.id).addr
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_MEMBERS:
                raise FileFormatError(path, f"the file has more than {MOST_MEMBERS} groups and datasets.")
            if isinstance(member, h5py.Group):
                pending.append(member)
            elif isinstance(member, h5py.Dataset):
                _refuse_outside_storage(path, member)
    for group, name, target in soft:
        if group.get(name) is None:  # `in` is true for links that lead nowhere
            where = f"{group.name.rstrip('/')}/{name}"
            raise FileFormatError(path, f"{where} is a link to {target!r}, which does not exist.")


def _refuse_outside_storage(path: object, dataset: h5py.Dataset) -> None:
    if dataset.is_virtual:
        sources = sorted({source.file_name for source in dataset.virtual_sources()})
        raise FileFormatError(path, f"{dataset.name} is a virtual dataset of {', '.join(sources[:3])}.", _REMEDY)
    if dataset.external:
        raise FileFormatError(path, f"{dataset.name} is stored in another file, {dataset.external[0][0]!r}.", _REMEDY)
