"""Error handling of the verbs: a known error is one message, a bug in nakmd leaves its traceback in a file."""

from __future__ import annotations

import errno
import functools
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, ParamSpec, TypeVar

import typer

from nakmd.errors import NakmdError

#: A disk that is full, has reached a quota, or is mounted without writing.
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)

P = ParamSpec("P")
R = TypeVar("R")

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 3

#: What the exit codes of all verbs mean.
EXIT_CODES = {
    0: "done",
    EXIT_FAILED: "the run failed; the files written so far stay readable",
    EXIT_BAD_INPUT: "invalid input: a deck, a file, an option, or a check that found faults",
    EXIT_INTERRUPTED: "interrupted; the same command, or nakmd resume, continues",
}


@dataclass
class Settings:
    """Global options, given before the verb."""

    debug: bool = False


settings = Settings()


def complain(message: str) -> None:
    """Print a message on standard error."""
    typer.echo(message, err=True)


def guarded(verb: Callable[P, R]) -> Callable[P, R]:
    """Wrap a verb so that errors end it with a message and an exit code instead of a traceback."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except NakmdError as error:
            if settings.debug:
                traceback.print_exc()
            complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as error:
            complain(f"Interrupted. {error}".strip())
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except BrokenPipeError:
            # the reader (head, less) has closed the pipe; redirect, or the interpreter flushes into it again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(EXIT_FAILED) from None
        except MemoryError:
            complain("Out of memory. `nakmd check DECK` estimates the memory that a deck needs.")
            raise typer.Exit(EXIT_FAILED) from None
        except (typer.Exit, typer.Abort):
            raise
        except OSError as error:
            if error.errno not in DISK_ERRORS:
                _crash(error)
            complain(
                f"{error.filename or 'A file'} cannot be written ({error.strerror}). The folder of the output, the "
                "cache of compiled kernels (NAKMD_CACHE_DIR) and the temporary folder need free space. What was "
                "written so far is kept."
            )
            raise typer.Exit(EXIT_FAILED) from None
        except Exception as error:
            if _is_usage_error(error):
                raise
            _crash(error)

    return run


def _is_usage_error(error: Exception) -> bool:
    # depending on its version, typer uses its own copy of click or the installed one
    return hasattr(error, "exit_code") and hasattr(error, "format_message")


def _crash(error: Exception) -> NoReturn:
    if settings.debug or os.environ.get("NAKMD_DEBUG"):
        traceback.print_exc()
    else:
        with tempfile.NamedTemporaryFile(
            "w", prefix="nakmd-crash-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(f"{' '.join(sys.argv)}\n\n")
            traceback.print_exc(file=file)
        text = " ".join(str(error).split())
        complain(
            f"Internal error in nakmd, not in your input: {type(error).__name__}: {text[:300]}\n"
            f"The traceback is in {file.name}; please report it."
        )
    raise typer.Exit(EXIT_FAILED) from None
