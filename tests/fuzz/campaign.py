"""A campaign of damaged inputs: every one must be read correctly or refused with one message.

``python tests/fuzz/campaign.py 100000`` runs that many, in equal shares of the kinds, and prints a table;
``python tests/fuzz/campaign.py --kind deck --number 123`` repeats one and shows the input.
A worker process handles the inputs of one kind; it is replaced when it ends, hangs or grows.
"""

import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from kinds import KINDS
from mutations import mutated

#: Longest time [s] and largest growth of memory [bytes] that one input may take.
LONGEST = 20
LARGEST = 2 << 30

#: What became of an input. The first two are right.
OUTCOMES = ("used", "refused", "traceback", "hang", "memory", "crash")


class Hang(BaseException):
    """The input took longer than `LONGEST`; not an Exception, so that no reader catches it."""


def memory():
    """Return the resident memory of this process [bytes]."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def prepare(kind, folder):
    """Write the whole files of a kind; return them."""
    whole = folder / "whole"
    whole.mkdir(exist_ok=True)
    return KINDS[kind].files(whole)


def _stop(_number, _frame):
    raise Hang


def attempt(kind, files, number, folder, longest=LONGEST):
    """Use the input with this number; return its outcome and, for a fault, what happened."""
    from nakmd.errors import NakmdError

    target = KINDS[kind]
    source = files[number % len(files)]
    path = folder / source.name
    path.write_bytes(getattr(target, "damaged", mutated)(source.read_bytes(), kind, number))
    before = memory()
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(longest)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.use(path)
        outcome = "used", ""
    except NakmdError as error:
        text = str(error)
        outcome = ("refused", "") if text.strip() else ("traceback", "an empty message")
    except Hang:
        outcome = "hang", f"more than {longest} s"
    except Exception:  # whatever it is, it is what this campaign looks for
        outcome = "traceback", traceback.format_exc()
    finally:
        signal.alarm(0)
    if memory() - before > LARGEST:
        return "memory", f"{(memory() - before) / 2**30:.1f} GiB more"
    return outcome


def work(kind, numbers, folder):
    """Handle a range of inputs in this process; print one JSON line for each."""
    files = prepare(kind, folder)
    for path in files:
        KINDS[kind].use(path)  # compiles the kernels, which takes longer than an input may
    for number in numbers:
        outcome, why = attempt(kind, files, number, folder)
        print(json.dumps([number, outcome, why]), flush=True)
        if outcome in ("hang", "memory"):
            return


def campaign(kind, first, last, faults):
    """Handle the inputs from ``first`` to ``last`` of a kind in worker processes; return the number of each outcome."""
    counts = collections.Counter()
    number = first
    while number < last:
        with tempfile.TemporaryDirectory(prefix="nakmd-fuzz-") as folder:
            command = [sys.executable, __file__, "--work", kind, str(number), str(last), folder]
            worker = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            started = number
            for line in worker.stdout:
                if not line.startswith("["):
                    continue
                number, outcome, why = json.loads(line)
                counts[outcome] += 1
                if outcome not in ("used", "refused"):
                    faults.append((kind, number, outcome, why))
                    print(f"{kind} {number}: {outcome}: {why.strip().splitlines()[-1]}", file=sys.stderr, flush=True)
                number += 1
            if worker.wait() != 0:
                counts["crash"] += 1
                faults.append((kind, number, "crash", f"exit status {worker.returncode}"))
                print(f"{kind} {number}: crash, exit status {worker.returncode}", file=sys.stderr, flush=True)
                number += 1
            elif number == started:
                raise RuntimeError(f"the worker of {kind} did nothing")
    return counts


def table(results):
    """Return the outcomes as text: one line for each kind, and the sum."""
    total = sum(results.values(), collections.Counter())
    rows = [("kind", "inputs", *OUTCOMES)]
    rows += [
        (name, str(counts.total()), *(str(counts[outcome]) for outcome in OUTCOMES))
        for name, counts in [*results.items(), ("all", total)]
    ]
    return "\n".join(f"{row[0]:12}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows)


def main():
    """Run the campaign, or repeat one input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="?", type=int, default=6000, help="number of inputs of all kinds together")
    parser.add_argument("--kind", choices=KINDS, help="only this kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first input of each kind")
    parser.add_argument("--number", type=int, help="repeat this input and show it")
    parser.add_argument("--log", type=Path, help="file for the tracebacks")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        kind, first, last, folder = options.work
        work(kind, range(int(first), int(last)), Path(folder))
        return 0
    kinds = [options.kind] if options.kind else list(KINDS)
    if options.number is not None:
        with tempfile.TemporaryDirectory(prefix="nakmd-fuzz-") as folder:
            files = prepare(kinds[0], Path(folder))
            outcome, why = attempt(kinds[0], files, options.number, Path(folder))
            source = files[options.number % len(files)]
            print((Path(folder) / source.name).read_bytes().decode(errors="backslashreplace")[:4000])
        print(f"{source.name}: {outcome}\n{why}")
        return 0
    begin, faults, results = time.monotonic(), [], {}
    share = -(-options.inputs // len(kinds))
    for kind in kinds:
        results[kind] = campaign(kind, options.first, options.first + share, faults)
        print(f"{kind}: {dict(results[kind])} after {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    if options.log:
        options.log.write_text("\n\n".join(f"{kind} {n}: {what}\n{why}" for kind, n, what, why in faults))
    print(table(results))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
