"""What `mkdocs build` does beside reading ``docs/``: generated pages, pages from elsewhere, the script of equations."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from typing import Any

from claim_pages import claim_pages
from deck_reference import deck_reference
from docstring_theory import with_theory
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from potential_pages import potential_pages
from python_reference import python_reference
from repository_pages import PAGES, ROOT, VALIDATIONS, with_site_links
from shell_reference import shell_reference

from nakmd import __version__

#: Parts of the manual that are generated: the word in the navigation, and the function that returns its pages.
GENERATED = {
    "deck": deck_reference,
    "shell": shell_reference,
    "python": python_reference,
    "potentials": potential_pages,
    "claims": claim_pages,
}
#: Remarks of a page to its test (`tests/test_manual.py`), which readers do not see.
REMARK = re.compile(r"^<!-- test:.*?-->\n", re.DOTALL | re.MULTILINE)
#: The equations: one script with its glyphs, from a package.
EQUATIONS = ("django-static-mathjax", "mathjax/static/mathjax/es5/tex-svg-full.js")

#: Pages made in this build, in the order of the navigation.
made: dict[str, dict[str, str]] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the generated pages, and put the pages of each part into the navigation."""
    made.update({word: pages() for word, pages in GENERATED.items()})
    config.nav = [_expanded(entry) for entry in config.nav or []]
    return config


def _expanded(entry: Any) -> Any:
    """Return an entry of the navigation, with the pages of a part in place of its word ``"@word"``."""
    if isinstance(entry, dict):
        return {title: _expanded(inner) for title, inner in entry.items()}
    if isinstance(entry, list):
        return [_expanded(inner) for inner in entry]
    if entry == "@validations":
        return [{source.split("/")[-2]: page} for source, page in VALIDATIONS.items()]
    return list(made[entry[1:]]) if entry.startswith("@") else entry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are generated or stand elsewhere, and every file that a page links to."""
    linked = set()
    for page, text, source in _pages(files):
        content, found = with_site_links(text, page, source)
        linked |= found
        if files.get_file_from_path(page) is None:
            files.append(File.generated(config, page, content=content))
    for path in sorted(linked):
        files.append(File.generated(config, f"files/{path}", abs_src_path=str(ROOT / path)))
    package, script = EQUATIONS
    location = importlib.metadata.distribution(package).locate_file(script)
    files.append(File.generated(config, "assets/tex-svg-full.js", abs_src_path=str(location)))
    return files


def _pages(files: Files) -> Iterator[tuple[str, str, str]]:
    """Yield path, Markdown, and place in the repository of each page."""
    for file in files.documentation_pages():
        yield file.src_uri, file.content_string, f"docs/{file.src_uri}"
    for source, page in PAGES.items():
        if source != "README.md":
            yield page, (ROOT / source).read_text(encoding="utf-8"), source
    for pages in made.values():
        for page, text in pages.items():
            yield page, text, f"docs/{page}"


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrite the links of a page of ``docs/``, and take the remarks to its test out."""
    if page.file.generated_by is None:
        markdown, _files = with_site_links(markdown, page.file.src_uri, f"docs/{page.file.src_uri}")
    return with_theory(REMARK.sub("", markdown)).replace("{{ version }}", __version__)
