"""The handbook in a real browser, offline: it fits a phone, asks nobody for anything, and sets mathematics."""

import pytest
from html_browser import chromium
from site_pages import pages


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=["light", "dark-phone"])
def look(request, browser):
    scheme, width = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, offline=True)
    yield context
    context.close()


@pytest.mark.timeout(300)
def test_every_page_fits_and_asks_nobody(handbook, look):
    shown, asked, said = look.new_page(), [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda error: said.append(str(error)))
    wide = []
    for name in pages(handbook):
        shown.goto((handbook / name).as_uri())
        wide += [name] if shown.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    assert not wide
    assert not [address for address in asked if not address.startswith(("file:", "data:"))]
    assert not said


def test_mathematics_is_set_in_its_own_font(handbook, look):
    shown = look.new_page()
    shown.goto((handbook / "mathematics" / "gradients.html").as_uri())
    shown.evaluate("document.fonts.ready")
    assert shown.evaluate("document.fonts.check('16px \"Libertinus Math\"', '∑')")
    fraction = shown.locator("mfrac").first.bounding_box()
    assert fraction["height"] > 25, "a fraction is as high as two lines"
