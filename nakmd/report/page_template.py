"""How the pages of nakmd are rendered: one style, and templates beside the modules that fill them."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def fill_template(package: str, template: str, own_style: str = "", **content: Any) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    package : str
        The package that holds the template: ``"nakmd.report"``.
    template : str
    own_style : str
        A style sheet of the package that is appended to that of all pages.
    content : any
        Variables of the template; ``style`` is added.
    """
    own = PackageLoader(package, ".")
    environment = Environment(
        loader=own, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    sheet = PackageLoader("nakmd.report", ".").get_source(environment, "page.css")[0]
    if own_style:
        sheet += own.get_source(environment, own_style)[0]
    return environment.get_template(template).render(style=Markup(sheet), **content)
