"""Files that refer to data outside of themselves are refused by every reader of HDF5."""

import hashlib

import h5py
import numpy as np
import pytest

from nakmd.errors import FileFormatError
from nakmd.io import Trajectory, TrajectoryWriter, read_checkpoint, write_checkpoint
from tests import io_samples as samples
from tests.test_io_foreign import write_foreign


def external(group, name, secret):
    group[name] = h5py.ExternalLink(str(secret), "/numbers")


def through_a_soft_link(group, name, secret):
    group["hidden"] = h5py.ExternalLink(str(secret), "/")
    group[name] = h5py.SoftLink(f"{group.name}/hidden/numbers")


def dangling(group, name, _):
    group[name] = h5py.SoftLink("/nowhere")


def looped(group, name, _):
    group[name] = h5py.SoftLink(f"{group.name}/{name}")


def virtual(group, name, secret):
    layout = h5py.VirtualLayout((2, 2, 3), np.float64)
    layout[...] = h5py.VirtualSource(secret, "numbers", (2, 2, 3))
    group.create_virtual_dataset(name, layout)


def raw(group, name, secret):
    group.create_dataset(name, (2, 2, 3), np.float64, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])


WAYS = {
    external: r"is a link to another file, '.*secret\.h5'",
    through_a_soft_link: r"is a link to another file, '.*secret\.h5'",
    dangling: "is a link to '/nowhere', which does not exist",
    looped: "too many links",  # the words of HDF5
    virtual: r"is a virtual dataset of .*secret\.h5",
    raw: r"is stored in another file, '.*secret\.h5'",
}


@pytest.fixture
def secret(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["numbers"] = np.arange(12.0).reshape(2, 2, 3)
    return tmp_path / "secret.h5"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("member", ["position/value", "velocity/value", "image/value", "unused"])
def test_trajectories_of_others(tmp_path, secret, way, member):
    def change(_, group, __):
        where, _, name = member.rpartition("/")
        place = group.require_group(where) if where else group
        unit = dict(place[name].attrs) if name in place else {}
        if name in place:
            del place[name]
        way(place, name, secret)
        if way in (virtual, raw):
            place[name].attrs.update(unit)

    path = write_foreign(tmp_path / "t.h5md", change=change)
    with pytest.raises(FileFormatError, match=WAYS[way]):
        Trajectory(path)


@pytest.mark.parametrize("way", WAYS)
def test_own_trajectories_read_and_continued(tmp_path, secret, way):
    state = samples.system()
    path = samples.write(tmp_path / "t.h5md", state, range(2))
    with h5py.File(path, "r+") as file:
        del file["parameters/nakmd/masses"]
        way(file["parameters/nakmd"], "masses", secret)
    with pytest.raises(FileFormatError, match=WAYS[way]):
        Trajectory(path)
    with pytest.raises(FileFormatError, match=WAYS[way]):
        TrajectoryWriter(path, state.topology, mode="a")


@pytest.mark.parametrize("way", WAYS)
def test_checkpoints_even_with_a_right_checksum(tmp_path, secret, way):
    path = tmp_path / "checkpoint.h5"
    write_checkpoint(path, {"deck": "", "step": 1})
    with h5py.File(path, "r+") as file:
        way(file, "positions", secret)
        if way in (virtual, raw):
            file["positions"].attrs["kind"] = "array"
    content = path.read_bytes()
    block, rest = content[:512], content[512:]
    old = block.split(b"sha256 ")[1].split(b"\n")[0]
    path.write_bytes(block.replace(old, hashlib.sha256(rest).hexdigest().encode()) + rest)
    with pytest.raises(FileFormatError, match=WAYS[way]):
        read_checkpoint(path)


def test_links_within_the_file_are_allowed(tmp_path):
    """Hard links to step and time, soft links, and groups that contain themselves."""

    def change(file, group, _):
        group["velocity/step"] = group["position/step"]
        group["loop"] = file["particles"]
        group["again"] = h5py.SoftLink("/particles/all/position")

    assert len(Trajectory(write_foreign(tmp_path / "t.h5md", change=change))) == 2


def test_a_file_with_endless_members(tmp_path, monkeypatch):
    monkeypatch.setattr("nakmd.io.outside_links.MOST_MEMBERS", 100)

    def change(file, _, __):
        for k in range(100):
            file.create_group(f"more/{k}")

    with pytest.raises(FileFormatError, match="more than 100 groups and datasets"):
        Trajectory(write_foreign(tmp_path / "t.h5md", change=change))
