"""Makes an ASE calculator from the words of a deck: a module, what to call in it, and keyword arguments."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import ModuleType
from typing import Any

from nakmd.errors import InputError, did_you_mean

#: What an ASE calculator must have; ``calculate`` takes atoms, the properties wanted, and what changed.
_NEEDED = ("calculate", "check_state", "implemented_properties")


@dataclass(frozen=True)
class CalculatorFactory:
    """Where the calculator of a deck comes from.

    Attributes
    ----------
    words : str
        ``"module:factory"``: the class of a calculator, or a function that returns one; ``"tblite.ase:TBLite"``.
    arguments : mapping
        Keyword arguments of the factory.
    folder : Path or None
        Where modules are looked for that are not installed: that of the deck.
    """

    words: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def make(self) -> Any:
        """Return a new calculator.

        Raises
        ------
        InputError
            If the words are not a module and a name in it, the module cannot be imported, the factory fails, or what
            it returns is no ASE calculator with energies and forces.
        """
        module_name, _, name = self._parts()
        found: Any = self._module()
        for part in name.split("."):
            if not hasattr(found, part):
                public = [word for word in dir(found) if not word.startswith("_")]
                raise InputError(f'"{self.words}": {module_name} has no {part}. {did_you_mean(part, public)}')
            found = getattr(found, part)
        try:
            calculator = found(**self.arguments)
        except Exception as error:  # code of others may raise anything
            raise InputError(f'"{self.words}" made no calculator: {in_words(error)}. Correct its arguments.') from error
        check_calculator(calculator, f'What "{self.words}" makes')
        return calculator

    @property
    def digest(self) -> str:
        """SHA-256 of the module beside the deck, empty if an installed one is used."""
        file = self._file()
        return "" if file is None else hashlib.sha256(file.read_bytes()).hexdigest()

    def _parts(self) -> tuple[str, str, str]:
        module_name, colon, name = self.words.partition(":")
        if not name or not all(part.isidentifier() for part in (*module_name.split("."), *name.split("."))):
            raise InputError(
                f'"{self.words}" is not a module and what makes the calculator in it. Write "module:factory", such as '
                '"tblite.ase:TBLite" or "ase.calculators.emt:EMT".'
            )
        return module_name, colon, name

    def _file(self) -> Path | None:
        """Return the file of a module that is not installed but is in the folder; None if there is none."""
        module_name, _, _ = self._parts()
        try:
            installed = importlib.util.find_spec(module_name) is not None
        except (ImportError, ValueError):  # a package above it is not installed, or is no package
            installed = False
        if installed or self.folder is None:
            return None
        file = (self.folder / Path(*module_name.split("."))).with_suffix(".py")
        return file if file.is_file() else None

    def _module(self) -> ModuleType:
        """Import the module; one beside the deck under a name with its digest, so that decks do not share it."""
        module_name, _, _ = self._parts()
        file = self._file()
        own_name = "" if file is None else f"{module_name}_{self.digest[:16]}"
        try:
            if file is None or own_name in sys.modules:
                return importlib.import_module(own_name or module_name)
            spec = importlib.util.spec_from_file_location(own_name, file)
            assert spec is not None and spec.loader is not None  # noqa: PT018  (the file is Python)
            module = sys.modules[own_name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        except Exception as error:  # a module may raise anything while it is imported
            sys.modules.pop(own_name, None)
            raise InputError(
                f"The module {module_name} cannot be imported: {in_words(error)}. Install its package in the Python "
                "environment of nakmd, correct the name, or put the module beside the deck."
            ) from error


def check_calculator(calculator: object, what: str) -> None:
    """Raise `InputError` unless an object is an ASE calculator that has energies and forces."""
    if isinstance(calculator, type) or any(not hasattr(calculator, name) for name in _NEEDED):
        kind = f"the class {calculator.__name__}" if isinstance(calculator, type) else type(calculator).__name__
        raise InputError(
            f"{what} is no ASE calculator, an object with calculate(atoms, properties, system_changes): {kind}."
        )
    known = list(calculator.implemented_properties)  # type: ignore[attr-defined]  # it has them, see above
    missing = [name for name in ("energy", "forces") if name not in known]
    if missing:
        raise InputError(
            f"{what} is a {type(calculator).__name__}, which has no {' and no '.join(missing)}, only "
            f"{', '.join(known) or 'nothing'}: a run needs both."
        )


def package_version(module_name: str) -> tuple[str, str]:
    """Return the distribution that a module belongs to, and its version; empty where unknown."""
    top = module_name.partition(".")[0]
    for distribution in packages_distributions().get(top, []):
        try:
            return distribution, version(distribution)
        except PackageNotFoundError:
            continue
    return "", str(getattr(sys.modules.get(top), "__version__", ""))


def in_words(error: BaseException) -> str:
    """Return kind and text of an error in one line, without the stop at its end."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(" :.")
