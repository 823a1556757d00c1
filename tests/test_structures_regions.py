"""Regions and accessible volumes, against geometry."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nakmd.cell import Cell
from nakmd.structures import Cylinder, Inside, Slab, Sphere, accessible_volume
from nakmd.structures.distances import lengths_of
from nakmd.system import System


@given(st.floats(1.0, 6.0), st.integers(0, 2))
@settings(max_examples=10, deadline=None)
def test_volumes_against_geometry(radius, axis):
    cell = Cell([16.0, 18.0, 20.0])
    one_atom = System([[1.0, 2.0, 19.0]], [0], ("C",), cell)
    excluded = cell.volume - accessible_volume(one_atom, Inside(cell), radius, 0.25)
    # the boundary cuts grid cubes: the error is a shell of a quarter of the spacing, 0.0625 Å
    tolerance = 4.0 * pi * radius**2 * 0.0625
    assert excluded == pytest.approx(4.0 / 3.0 * pi * radius**3, abs=tolerance)
    empty = System(np.zeros((0, 3)), [], (), cell)
    tube = accessible_volume(empty, Cylinder(cell, (1.0, 2.0), radius), 1.0, 0.25)
    assert tube == pytest.approx(pi * radius**2 * 20.0, abs=2.0 * pi * radius * 20.0 * 0.0625)
    sphere = accessible_volume(empty, Sphere(cell, (1.0, 2.0, 19.0), radius), 1.0, 0.25)
    assert sphere == pytest.approx(4.0 / 3.0 * pi * radius**3, abs=tolerance)
    slab = accessible_volume(empty, Slab(cell, 15.0, 15.0 + radius, axis), 1.0, 0.25)
    area = cell.volume / cell.lengths[axis]
    # to one plane of grid points
    assert slab == pytest.approx(radius * area, abs=0.26 * area)


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_inward_is_the_gradient_of_depth(seed):
    random = np.random.default_rng(seed)
    triclinic = Cell([[12.0, 0.0, 0.0], [3.0, 11.0, 0.0], [1.0, 2.0, 14.0]], (False, True, False))
    orthorhombic = Cell([12.0, 13.0, 14.0])
    regions = [
        Inside(triclinic),
        Cylinder(orthorhombic, (4.0, 5.0), 3.0),
        Cylinder(orthorhombic, (4.0, 5.0), 3.0, outside=True),
        Slab(orthorhombic, 3.0, 8.0, 1),
        Sphere(orthorhombic, (2.0, 3.0, 4.0), 4.0),
        Sphere(orthorhombic, (2.0, 3.0, 4.0), 4.0) & Cylinder(orthorhombic, (4.0, 5.0), 3.0, outside=True),
    ]
    points = random.random((40, 3)) * 12.0
    h = 1e-6
    for region in regions:
        gradient = np.stack(
            [(region.depth(points + h * e) - region.depth(points - h * e)) / (2.0 * h) for e in np.eye(3)], axis=1
        )
        # depth has kinks at centres and where two boundaries are equally near: differences are invalid there
        smooth = np.abs(lengths_of(gradient) - 1.0) < 1e-6
        assert smooth.mean() > 0.9
        # rounding error of differences of numbers of 10 Å over 2e-6 Å
        assert np.allclose(gradient[smooth], region.inward(points)[smooth], atol=1e-5)
        assert np.all(region.confine(points)[region.depth(points) >= 0.0] == points[region.depth(points) >= 0.0])
