"""Faults of a structure as faults of the deck: in which table, about which key, and which keys would mend them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nakmd.deck.messages import Problem
from nakmd.errors import StructureError
from nakmd.toml_lines import KeyPath


class TableError(StructureError):
    """A part of a structure that cannot be built, in the words of the deck.

    Parameters
    ----------
    message : str
    path : KeyPath
        Of the key or the table that describes the part.
    """

    def __init__(self, message: str, path: KeyPath) -> None:
        super().__init__(message)
        self.path = path

    def __reduce__(self) -> tuple[type[StructureError], tuple[Any, ...]]:
        """Pickle by the arguments: errors are passed between processes."""
        return type(self), (str(self), self.path)


@contextmanager
def of_table(*tables: str, key: str = "", remedy: str = "") -> Iterator[None]:
    """Name table and key in the errors of a part that is built; those that name theirs already stay as they are.

    Parameters
    ----------
    tables : str
        Names of the tables down to that of the part.
    key : str
        The key that the errors are about, where the error does not name one (`StructureError.about`).
    remedy : str
        A sentence on the keys of other tables that would mend it; left out where the error blames ``key`` itself.

    Raises
    ------
    TableError
        In place of any other `StructureError`.

    Examples
    --------
    >>> with of_table("structure", "carbon", key="chirality"):
    ...     raise StructureError("The tube is too narrow.")
    Traceback (most recent call last):
        ...
    nakmd.runs.table_error.TableError: [structure.carbon] chirality: The tube is too narrow.
    """
    try:
        yield
    except TableError:
        raise
    except StructureError as error:
        about = error.about or key
        named = f"[{'.'.join(tables)}]{' ' * bool(about)}{about}"
        blamed = bool(key) and error.about == key
        text = f"{named}: {error} {'' if blamed else remedy}".rstrip()
        raise TableError(text, (*tables, about) if about else tables) from None


def problem_of(error: Exception, path: KeyPath) -> Problem:
    """Return the problem of an error: of the table that it names, else of ``path``."""
    return Problem(error.path if isinstance(error, TableError) else path, str(error))
