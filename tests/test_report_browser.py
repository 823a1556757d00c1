"""The page of a run in a real browser: it turns, hides, folds, asks for nothing and has no errors.

Needs the package playwright and a Chromium of the system (`apt install chromium`); none is downloaded.
"""

import shutil

import pytest
from test_report import run, text  # noqa: F401  (fixtures: a short run of metal on a doped sheet, and its page)

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

#: Time [ms] for the view in 3D, which software draws here.
PATIENCE = 240_000

pytestmark = [
    pytest.mark.draws,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser: apt install chromium"),
]


@pytest.fixture(scope="module")
def page(run):  # noqa: F811
    """The page, opened once; at the end it must have asked for nothing but itself and reported no error."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
        )
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((run.directory / "report.html").as_uri())
        yield page
        browser.close()
    assert errors == []
    assert all(url.startswith(("file://", "data:", "blob:")) for url in asked)
    assert sum(url.startswith("file://") for url in asked) == 1


@pytest.fixture
def visit(page):
    """Return a function that shows the page in a window of a given width."""

    def visit(width, **media):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(**media)
        return page

    yield visit
    page.emulate_media(media="null", color_scheme="null")


def test_atoms_turn_and_species_hide(visit):
    page = visit(1280)
    page.wait_for_selector("#atoms .legend .traces")
    eye = "document.querySelector('#atoms')"
    camera = f"JSON.stringify({eye}._fullLayout.scene._scene.getCamera().eye)"
    page.locator("#atoms").scroll_into_view_if_needed()
    before, box = page.evaluate(camera), page.locator("#atoms").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.6 * box["height"], steps=5)
    page.mouse.up()
    assert page.evaluate(camera) != before
    shown = f"{eye}._fullData.filter(trace => trace.visible === true).length"
    n_shown = page.evaluate(shown)
    page.locator("#atoms .legend .traces .legendtoggle").first.click(force=True)
    page.wait_for_function(f"{shown} < {n_shown}")


def test_groups_fold_and_definitions_open(visit):
    page = visit(1280)
    group = page.locator("details.group").first
    assert group.locator("table").is_visible()
    definition = group.locator("details.definition p")
    assert not definition.is_visible()
    group.locator("details.definition summary").click()
    assert definition.is_visible()
    group.locator("summary").first.click()
    assert not group.locator("table").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_does_not_scroll_sideways(visit, scheme):
    page = visit(400, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    ink, paper = (
        page.evaluate(f"getComputedStyle(document.body).{name}.match(/\\d+/g).slice(0, 3).reduce((a, b) => +a + +b)")
        for name in ("color", "backgroundColor")
    )
    assert (ink > paper) == (scheme == "dark")


def test_folded_groups_are_printed(visit):
    page = visit(1280)
    page.evaluate("for (const group of document.querySelectorAll('details.group')) group.open = false")
    page.emulate_media(media="print")
    heights = page.evaluate("[...document.querySelectorAll('table.results')].map(table => table.offsetHeight)")
    assert len(heights) > 3
    assert min(heights) > 0
