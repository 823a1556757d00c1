"""A digest of the code outside the package that a kernel contains, for the keys of the cache of compiled code.

The folder of the cache is named by a digest of the package (`nakmd.kernels.jit`). A formula in a user's module is not
part of it, and Numba's key holds only the name of such a function: an edit would leave stale forces in the cache.
"""

from __future__ import annotations

import hashlib
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

#: Modules whose functions Numba replaces by its own; the versions of Python and Numba are part of the folder's name.
LIBRARIES = ("builtins", "math", "numba", "numpy")

_PACKAGE = __name__.partition(".")[0]


def outside_digest(kernel: Any) -> str:
    """Return a digest of all code and constants outside the package that a kernel can call or read.

    It is taken from the functions in memory, which are what is compiled: their file may have been edited since.

    Parameters
    ----------
    kernel : function

    Returns
    -------
    str
        Empty if nothing of the kernel is outside the package.
    """
    parts: list[bytes] = []
    _visit(kernel, parts, set())
    return hashlib.sha256(b"\0".join(parts)).hexdigest() if parts else ""


def _visit(value: Any, parts: list[bytes], seen: set[int]) -> None:
    """Append what a function outside the package consists of, and what it reads; else only follow the closure."""
    value = getattr(value, "py_func", value)  # a compiled function
    if not isinstance(value, FunctionType) or id(value) in seen or _root(value.__module__) in LIBRARIES:
        return
    seen.add(id(value))
    outside = _root(value.__module__) != _PACKAGE
    if outside:
        parts.append(value.__qualname__.encode())
        _add_code(value.__code__, parts)
        for default in value.__defaults__ or ():
            _read(default, set(), parts, seen)
    names = _names(value.__code__)
    for cell in value.__closure__ or ():
        _read(cell.cell_contents, names, parts, seen) if outside else _visit(cell.cell_contents, parts, seen)
    if outside:
        for name in sorted(names & value.__globals__.keys()):
            parts.append(name.encode())
            _read(value.__globals__[name], names, parts, seen)


def _read(value: Any, names: set[str], parts: list[bytes], seen: set[int]) -> None:
    """Append what a function outside the package reads: a constant, another function, attributes of a module."""
    if isinstance(value, ModuleType):
        if _root(value.__name__) not in (*LIBRARIES, _PACKAGE):
            for name in sorted(names & vars(value).keys()):
                parts.append(name.encode())
                _read(vars(value)[name], names, parts, seen)
    elif callable(value):
        _visit(value, parts, seen)
    elif isinstance(value, np.ndarray):
        parts += [str((value.dtype, value.shape)).encode(), value.tobytes()]
    else:
        parts.append(repr(value).encode())


def _add_code(code: CodeType, parts: list[bytes]) -> None:
    """Append instructions and constants, those of inner functions included."""
    parts += [code.co_code, repr((code.co_names, code.co_varnames)).encode()]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add_code(constant, parts)
        else:
            parts.append(repr(constant).encode())


def _names(code: CodeType) -> set[str]:
    """Return the names that a function reads, those of inner functions included."""
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _root(module: str | None) -> str:
    """Return the top-level package of a module."""
    return (module or "").partition(".")[0]
