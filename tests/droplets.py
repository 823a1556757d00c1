"""Synthetic droplets of known contact angle: uniform density in a shape, diffuse surface, denser next to the wall."""

import math

import numpy as np
from scipy.integrate import solve_ivp
from synthetic import frame, topology

from nakmd.analysis import FrameList
from nakmd.cell import Cell

DENSITY = 0.0128  # atoms/Å³, as NaK-78 at 450 K
SOFT = 0.8  # Å, standard deviation of a Gaussian displacement of atoms: widens the surface without shifting it
TUBE = 12.0


def sheet_atoms(lengths, height):
    x, y = (np.arange(0.0, length, 2.4) for length in lengths)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.column_stack([grid, np.full(len(grid), height)])


def tube_atoms(radius, length):
    angles, steps = np.arange(0.0, 2.0 * math.pi, 2.0 / radius), np.arange(0.0, length, 2.0)
    angle, z = (a.ravel() for a in np.meshgrid(angles, steps, indexing="ij"))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), z])


def scatter(rng, inside, low, high):
    """Points of an ideal gas in a box for which ``inside`` is true."""
    volume = float(np.prod(np.subtract(high, low)))
    points = rng.uniform(low, high, (rng.poisson(DENSITY * volume), 3))
    return points[inside(points)]


def film(wall, cell, inside, low, high, depth, n_frames=80, seed=1, soft=SOFT, axes=(0, 1, 2)):
    """Frames of a droplet on a wall, shifted together at random along ``axes``.

    ``inside`` selects the points of the liquid, ``depth`` is their distance from the wall: the density of the first
    5 Å is doubled, which a fit must ignore.
    """
    rng = np.random.default_rng(seed)
    clouds = []
    for _ in range(n_frames):
        points = scatter(rng, inside, low, high)
        extra = scatter(rng, inside, low, high)
        extra = extra[depth(extra) < 5.0]
        soft_points = np.concatenate([points, extra])
        soft_points += rng.normal(0.0, soft, soft_points.shape)
        clouds.append(soft_points[depth(soft_points) > 1.0])
    # all frames need the same number of atoms: drop a random excess from each
    n = min(len(cloud) for cloud in clouds)
    frames = []
    for step, cloud in enumerate(clouds):
        chosen = cloud[rng.permutation(len(cloud))[:n]]
        shift = np.zeros(3)
        shift[list(axes)] = rng.normal(0.0, 8.0, len(axes))
        frames.append(frame(cell, np.concatenate([wall, chosen]) + shift, step, 0.5 * step, temperature=450.0))
    species = [0] * len(wall) + [1 + i % 2 for i in range(n)]
    return FrameList(topology(["C", "K", "Na"], species, cell.periodic), frames)


def cap_on_sheet(angle, radius=26.0, ridge=False, **how):
    theta = math.radians(angle)
    center = -radius * math.cos(theta)
    cell = Cell([90.0, 40.0 if ridge else 90.0, 120.0])
    center_xy = 45.0

    def inside(p):
        across = (p[:, 0] - center_xy) ** 2 + (0.0 if ridge else (p[:, 1] - center_xy) ** 2)
        return (across + (p[:, 2] - center) ** 2 < radius**2) & (p[:, 2] > 0.0)

    low = [center_xy - radius, 0.0 if ridge else center_xy - radius, 0.0]
    high = [center_xy + radius, 40.0 if ridge else center_xy + radius, center + radius]
    wall = sheet_atoms((90.0, 40.0 if ridge else 90.0), 0.0)
    return film(wall, cell, inside, low, high, lambda p: p[:, 2], **how)


def _tube(inside, depth, length, reach, zs, radius=TUBE, width=110.0, **how):
    cell = Cell([width, width, length])
    low, high = [-reach, -reach, zs[0]], [reach, reach, zs[1]]
    return film(tube_atoms(radius, length), cell, inside, low, high, depth, **how)


def ridge_on_tube(angle, radius=22.0, outside=True, tube=TUBE, **how):
    """Two circles that intersect at the angle: the law of cosines gives the distance of their centres."""
    theta = math.radians(angle)
    sign = 1.0 if outside else -1.0
    apart = math.sqrt(tube**2 + radius**2 - 2.0 * sign * tube * radius * math.cos(theta))

    def inside(p):
        own = np.hypot(p[:, 0], p[:, 1]) > tube if outside else np.hypot(p[:, 0], p[:, 1]) < tube
        return own & (np.hypot(p[:, 0], p[:, 1] - apart) < radius)

    def depth(p):
        return sign * (np.hypot(p[:, 0], p[:, 1]) - tube)

    reach = apart + radius if outside else tube
    return _tube(inside, depth, 40.0, reach, (0.0, 40.0), tube, **how)


def clamshell_on_tube(angle, radius=18.0, tube=40.0, **how):
    apart = tube - radius * math.cos(math.radians(angle))

    def inside(p):
        off = p - np.array([0.0, apart, 50.0])
        return (np.sum(off**2, axis=1) < radius**2) & (np.hypot(p[:, 0], p[:, 1]) > tube)

    cell = Cell([160.0, 160.0, 100.0])
    low, high = [-radius, tube - 8.0, 50.0 - radius], [radius, apart + radius, 50.0 + radius]
    return film(tube_atoms(tube, 100.0), cell, inside, low, high, lambda p: np.hypot(p[:, 0], p[:, 1]) - tube, **how)


def plug_in_tube(angle, half=25.0, tube=14.0, **how):
    """A column with menisci of curvature -cos θ/R at both ends."""
    cosine = math.cos(math.radians(angle))
    bend = tube / cosine if abs(cosine) > 1e-6 else math.inf

    def end(r):
        return half if math.isinf(bend) else half + math.copysign(1.0, bend) * (abs(bend) - np.sqrt(bend**2 - r**2))

    def inside(p):
        r = np.hypot(p[:, 0], p[:, 1])
        return (r < tube) & (np.abs(p[:, 2] - 50.0) < end(np.minimum(r, tube)))

    return _tube(inside, lambda p: tube - np.hypot(p[:, 0], p[:, 1]), 100.0, tube, (8.0, 92.0), tube, width=60.0, **how)


def barrel_on_tube(angle, apex=30.0, tube=TUBE, **how):
    """A droplet of constant mean curvature; its outline is integrated from the apex: dφ/ds = 2H - cos φ/r."""

    def outline(curvature):
        def slope(_, y):
            _, r, phi = y
            return [math.cos(phi), -math.sin(phi), curvature - math.cos(phi) / r]

        def at_tube(_, y):
            return y[1] - tube

        at_tube.terminal = True
        return solve_ivp(slope, (0.0, 400.0), [0.0, apex, 0.0], events=at_tube, max_step=0.2, rtol=1e-9)

    # bisection of the curvature for the angle at the tube: the angle grows with the curvature
    low, high = 1.001 / apex, 2.0 / (apex - tube)
    for _ in range(60):
        middle = 0.5 * (low + high)
        trial = outline(middle)
        reaches_tube = len(trial.t_events[0]) > 0
        if not reaches_tube or trial.y[2, -1] < math.radians(angle):
            low = middle
        else:
            high = middle
    x, r, _ = outline(high).y
    half = float(x.max())

    def inside(p):
        along, radius = np.abs(p[:, 2] - 70.0), np.hypot(p[:, 0], p[:, 1])
        # x(r) is single-valued below the apex: the outline is monotonic
        return (radius > tube) & (radius < apex) & (along < np.interp(radius, r[::-1], x[::-1]))

    return _tube(
        inside,
        lambda p: np.hypot(p[:, 0], p[:, 1]) - tube,
        140.0,
        apex,
        (70.0 - half, 70.0 + half),
        tube,
        **how,
    )
