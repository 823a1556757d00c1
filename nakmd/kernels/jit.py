"""The decorators of the compiled layer, their flags, and the folder of compiled code.

Only this file and those of the vector type, whose names begin with `simd`, use Numba's internals.

The cache folder is named by a digest of every source that holds compiled code: Numba checks only the file of the
function it compiles, so an edit in an imported formula would otherwise leave stale forces behind. Code outside the
package is part of the key of each kernel (`nakmd.kernels.outside_code`).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

# Waiting threads spin for some microseconds and then sleep. On a loaded machine a spinning thread keeps the thread
# that it waits for off its core: a step of 4,000 atoms took 50 ms with OpenMP's default. On a quiet machine this
# setting takes 0.7 ms, as unlimited spinning does; sleeping immediately takes 1.2 ms. OpenMP reads the variable when
# Numba loads it.
os.environ.setdefault("GOMP_SPINCOUNT", "5000")

from nakmd.kernels.thread_count import default_threads

# Numba reads the variable now, and again before it compiles: it must stay set.
os.environ["NUMBA_NUM_THREADS"] = str(default_threads())

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core.codegen import CPUCodeLibrary
from numba.extending import register_jitable
from numba.np.ufunc import parallel

from nakmd.kernels.outside_code import outside_digest

F = TypeVar("F", bound=Callable[..., Any])

#: Whether kernels are compiled; NUMBA_DISABLE_JIT=1 runs them as plain Python.
COMPILED = not numba.config.DISABLE_JIT
if not COMPILED:
    # Lanes that a mask will discard may overflow. Compiled code does not warn, so plain Python must not either.
    np.seterr(over="ignore", invalid="ignore")

#: Contraction and reassociation without the assumption that NaN does not occur: an exploding run must be seen.
FAST = {"contract", "arcp", "nsz", "reassoc"}

prange = numba.prange


def compiled_sources(package: Path) -> list[Path]:
    """Return the files of the package that hold compiled code or constants that it reads.

    These are all kernels, the units, and those files of potentials, at any depth, that define a formula. Readers,
    records and exporters are not among them, so an edit there recompiles nothing.
    """
    formulas = [path for path in (package / "potentials").rglob("*.py") if b"\n@term\n" in path.read_bytes()]
    return sorted([package / "units.py", *(package / "kernels").rglob("*.py"), *formulas])


def source_digest() -> str:
    """Return a digest of `compiled_sources` and of the versions of Numba and Python."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]}".encode())
    for path in compiled_sources(package):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return the folder of compiled kernels: ``NAKMD_CACHE_DIR`` or the user's cache folder."""
    given = os.environ.get("NAKMD_CACHE_DIR")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "nakmd"


# Numba reads its setting when a function is decorated, so this must run before any kernel is.
numba.config.CACHE_DIR = str(cache_folder() / source_digest())
CACHE_DIR: str = numba.config.CACHE_DIR


def nothing_is_compiled() -> bool:
    """Return whether the cache folder holds no compiled kernel."""
    return COMPILED and not any(Path(CACHE_DIR).rglob("*.nbc"))


# A parallel kernel contains copies of the functions that Numba compiles for its loops. Numba leaves these copies weak:
# the process that compiles runs the first copy, optimised once, and a process that loads the kernel from the cache runs
# the copy inside it, optimised twice, which sums in a different order. A run that was killed while it compiled and then
# resumed would differ in the last bits. As internal functions, the copies inside the kernel are the ones that run.
_optimize = CPUCodeLibrary._optimize_final_module  # noqa: SLF001  (Numba has no option for linkage)
_kernels_in_work = 0


def _optimize_with_internal_copies(library: CPUCodeLibrary) -> None:
    """Make the linked functions of a kernel internal, then optimise it."""
    if _kernels_in_work:
        for function in library._final_module.functions:  # noqa: SLF001
            if not function.is_declaration and function.linkage == llvm.Linkage.linkonce_odr:
                function.linkage = "internal"
    _optimize(library)


CPUCodeLibrary._optimize_final_module = _optimize_with_internal_copies  # noqa: SLF001


def _compiled_as_cached(dispatcher: Any) -> Any:
    """Return a compiled function that runs the same code in the process that compiles it as from the cache."""
    if not COMPILED:
        return dispatcher
    compiler = dispatcher._compiler  # noqa: SLF001
    compile_signature = compiler.compile

    def compile_with_internal_copies(*signature: Any) -> Any:
        global _kernels_in_work  # noqa: PLW0603  (Numba holds its compiler lock here)
        _kernels_in_work += 1
        try:
            return compile_signature(*signature)
        finally:
            _kernels_in_work -= 1

    compiler.compile = compile_with_internal_copies
    return _optionally_cached(_keyed_by_outside_code(dispatcher))


def _keyed_by_outside_code(dispatcher: Any) -> Any:
    """Return a compiled function whose key in the cache includes the code outside the package that it contains."""
    cache = dispatcher._cache  # noqa: SLF001
    key_of = cache._index_key  # noqa: SLF001

    def key_with_outside_code(signature: Any, codegen: Any) -> tuple[Any, ...]:
        outside = outside_digest(dispatcher.py_func)
        key: tuple[Any, ...] = key_of(signature, codegen)
        return (*key, outside) if outside else key

    cache._index_key = key_with_outside_code  # noqa: SLF001
    return dispatcher


def _optionally_cached(dispatcher: Any) -> Any:
    """Return a compiled function that works without its cache: a full disk or a damaged file only costs compilation.

    Each file of the cache ends with the SHA-256 of what is before it. Numba notices damage only where it breaks its
    format, and a damaged file of code would run.
    """
    cache = dispatcher._cache  # noqa: SLF001
    files = cache._cache_file  # noqa: SLF001
    opened, load_index, load_data = files._open_for_write, files._load_index, files._load_data  # noqa: SLF001

    @contextmanager
    def open_for_write(path: str) -> Iterator[BinaryIO]:
        with opened(path) as file:
            yield file
            file.flush()
            file.write(hashlib.sha256(Path(file.name).read_bytes()).digest())

    def load_intact_index() -> Any:
        return load_index() if _is_intact(Path(files._index_path)) else {}  # noqa: SLF001

    def load_intact_data(name: str) -> Any:
        path = Path(files._data_path(name))  # noqa: SLF001
        if not _is_intact(path):
            raise OSError(f"{path} is damaged")  # Numba then compiles and replaces the file
        return load_data(name)

    files._open_for_write, files._load_index = open_for_write, load_intact_index  # noqa: SLF001
    files._load_data = load_intact_data  # noqa: SLF001
    load, save = cache.load_overload, cache.save_overload

    def load_if_possible(*arguments: Any) -> Any:
        with suppress(OSError):
            return load(*arguments)
        return None

    def save_if_possible(*arguments: Any) -> None:
        with suppress(OSError):
            save(*arguments)

    cache.load_overload, cache.save_overload = load_if_possible, save_if_possible
    return dispatcher


def _is_intact(path: Path) -> bool:
    """Return whether a file of the cache ends with its digest; also if there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return True
    return hashlib.sha256(content[:-32]).digest() == content[-32:]


def term(function: F) -> F:
    """Mark a formula: ordinary Python outside kernels, inlined by the compiler inside them.

    The function is registered, not compiled on its own: a closure over a compiled function has an identity that
    differs in every process, and the disk cache would never hit. Inlining is forced: a parameter table expands into a
    hundred arguments, which LLVM's cost model rejects, and a call for every eight pairs made the forces of the metal
    several times slower.
    """
    return cast(F, register_jitable(forceinline=True)(function))


def kernel(function: F) -> F:
    """Compile for one thread, strict IEEE arithmetic."""
    return cast(F, _compiled_as_cached(numba.njit(cache=True, nogil=True, error_model="numpy")(function)))


def lean_kernel(function: F) -> F:
    """Compile for one thread, strict IEEE arithmetic, without Numba's runtime: it creates no arrays.

    No references to the arrays of a parameter table are counted (see `fast_parallel_kernel`).
    """
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False)
    return cast(F, _compiled_as_cached(decorate(function)))


def parallel_kernel(function: F) -> F:
    """Compile with `prange` over threads, strict IEEE arithmetic."""
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)
    return cast(F, _compiled_as_cached(decorate(function)))


# Without Numba's runtime no references are counted. Counting those of a parameter table for every eight pairs cost
# eight times as much as the arithmetic (forces of NaK: 0.96 -> 0.12 µs per atom). Such kernels cannot create arrays.
def fast_parallel_kernel(function: F) -> F:
    """Compile with `prange` over threads, with contraction and reassociation (`FAST`); it creates no arrays."""
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, parallel=True, fastmath=FAST)
    return cast(F, _compiled_as_cached(decorate(function)))


def set_threads(threads: int) -> int:
    """Set the number of threads of parallel kernels, at most `available_threads`; return it."""
    number = max(1, min(int(threads), available_threads()))
    numba.set_num_threads(number)
    return number


def available_threads() -> int:
    """Return the number of threads that Numba was started with; 1 in a process that was forked after that."""
    return 1 if _is_forked else int(numba.config.NUMBA_NUM_THREADS)


_is_forked = False


# GNU OpenMP cannot use its threads in a fork of the process that started them. Numba then writes a line and sends
# SIGTERM to itself; if a handler is installed for it, as during a run, kernels return at once and leave their arrays
# as they were. A team of one thread needs no other thread and works; results have the same bits. The second call of
# `launch_threads` only tells Numba which process it is in.
def _continue_on_one_thread() -> None:
    global _is_forked  # noqa: PLW0603
    if not parallel._is_initialized:  # noqa: SLF001  (no threads yet: the fork starts its own)
        return
    _is_forked = True
    if parallel.threading_layer() == "omp":
        layer = sys.modules["numba.np.ufunc.omppool"]
        ctypes.CFUNCTYPE(None, ctypes.c_int)(layer.launch_threads)(1)
    numba.set_num_threads(1)


if COMPILED and hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_continue_on_one_thread)


def versions() -> dict[str, str]:
    """Return what determines the last bits of a result: versions, and the CPU for which the code is compiled."""
    return {
        "numba": numba.__version__,
        "llvm": ".".join(map(str, llvm.llvm_version_info)),
        "cpu": llvm.get_host_cpu_name(),
        "threading_layer": str(numba.config.THREADING_LAYER),
    }
