"""A few inputs of the campaign (`make fuzz` runs many), and those that once ended in a fault."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from campaign import attempt, prepare
from kinds import KINDS

#: Numbers of inputs that ended in a fault: a tube of 250,000 atoms, whose build was not announced; line ends
#: of old systems in an XYZ file that announces 2^32 atoms; a cell of the neighbour lists in 8-bit integers.
ONCE_A_FAULT = {"deck": [103], "dump": [1607], "checkpoint": [334]}

#: Most whole files of a kind here: every set would compile its kernels.
MOST_FILES = 4

#: Time limit [s] of one input. It only ends an endless loop: a busy machine may be slow.
LIMIT = 900


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_used_and_damaged_ones_used_or_refused(kind, tmp_path):
    files = prepare(kind, tmp_path)[:MOST_FILES]
    assert [KINDS[kind].use(path) for path in files] == [True] * len(files)
    for number in [*range(8), *ONCE_A_FAULT.get(kind, [])]:
        outcome, why = attempt(kind, files, number, tmp_path, LIMIT)
        assert outcome in ("used", "refused"), f"{kind} {number}: {why}"
