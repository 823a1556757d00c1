"""Pages that stand elsewhere in the repository, and links between them, which work in both places.

A page of the manual and a page of the repository link to files by paths relative to themselves, as any reader of the
repository expects. Here a link to a file that is a page of the manual becomes a link to this page, and any other file
that is linked (a deck, a picture, a script) is copied into the site below ``files/``.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

from docstring_markup import with_sources

#: Top of the repository.
ROOT = Path(__file__).resolve().parents[2]

#: Markdown files of the repository, and their page in the manual.
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "develop/architecture.md",
    "CONTRIBUTING.md": "develop/contributing.md",
    "CHANGELOG.md": "develop/changelog.md",
    "benchmarks/README.md": "performance.md",
    "claims/README.md": "claims/index.md",
    "examples/heat_and_stress.md": "howto/heat_and_stress.md",
    "examples/lammps.md": "howto/lammps.md",
    "examples/sweeps.md": "howto/sweeps.md",
    "examples/models/README.md": "howto/models.md",
    "examples/models/results.md": "howto/models_results.md",
    "examples/nitrogen_sites/README.md": "howto/nitrogen_sites.md",
    "examples/nitrogen_sites/results/results.md": "howto/nitrogen_sites_results.md",
    "examples/nitrogen_sites/results/sweep_2016.md": "howto/nitrogen_sites_2016.md",
    "examples/studies/README.md": "howto/studies.md",
    "examples/swaps/README.md": "howto/swaps.md",
    "examples/swaps/results/results.md": "howto/swaps_results.md",
    "examples/umbrella/README.md": "howto/umbrella.md",
    "examples/umbrella/results/results.md": "howto/umbrella_results.md",
    "potentials/README.md": "potentials/index.md",
    "potentials/fit/README.md": "potentials/fit.md",
    "potentials/fit/SCREENING.md": "potentials/fit_screening.md",
    "potentials/fit/data/README.md": "potentials/fit_data.md",
    "potentials/fit/nak/README.md": "potentials/fit_nak.md",
    "potentials/fit/nak/pbe/README.md": "potentials/fit_nak_pbe.md",
}
#: The stored validations, one page each.
VALIDATIONS = {
    path.relative_to(ROOT).as_posix(): f"potentials/validation_{path.parent.name}.md"
    for path in sorted(ROOT.glob("potentials/validation/*/validation.md"))
}
PAGES |= VALIDATIONS

#: Target of a link or picture of Markdown: ``](target)``, ``](target "title")``.
LINK = re.compile(r"(?<=\]\()([^)\s]+)")
#: Blocks and spans of code, in which nothing is a link.
CODE = re.compile(r"(^ *(`{3,}|~{3,}).*?^ *\2 *$|(?<!`)(`+)(?!`).*?(?<!`)\3(?!`))", re.DOTALL | re.MULTILINE)


def with_site_links(text: str, page: str, source: str) -> tuple[str, set[str]]:
    """Rewrite the relative links of a page, and make links of DOIs.

    Parameters
    ----------
    text : str
        Markdown.
    page : str
        Path of the page in the manual.
    source : str
        Path of its file in the repository: links are relative to it.

    Returns
    -------
    text : str
    files : set of str
        Files of the repository that the page links to and that are no pages.
    """
    files = set()

    def site_link(match: re.Match[str]) -> str:
        target, hash_, anchor = match.group().partition("#")
        if not target or ":" in target or target.startswith("/"):
            return match.group()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(target)))
        if (ROOT / path).is_dir():
            path = f"{path}/README.md"
        if path in PAGES:
            aim = PAGES[path]
        elif path.startswith("docs/") and path.endswith(".md"):
            aim = path.removeprefix("docs/")
        elif (ROOT / path).is_file():
            if path.startswith("docs/"):
                aim = path.removeprefix("docs/")
            else:
                files.add(path)
                aim = f"files/{path}"
        else:
            return match.group()  # a generated page, or a dead link, which mkdocs reports
        return os.path.relpath(aim, posixpath.dirname(page) or ".").replace(os.sep, "/") + hash_ + anchor

    def rewritten(prose: str) -> str:
        return with_sources(LINK.sub(site_link, prose))

    pieces, end = [], 0
    for code in CODE.finditer(text):
        pieces += [rewritten(text[end : code.start()]), code.group()]
        end = code.end()
    return "".join([*pieces, rewritten(text[end:])]), files
