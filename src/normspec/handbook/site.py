"""From Markdown to HTML: Sphinx, its settings, and the style."""

import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

from normspec.html.page import asset
from normspec.runs.versions import version

STATIC = Path(str(files("normspec.handbook").joinpath("static")))

SHARED = ("palette.css", "plots.css")
"""Style sheets that the HTML report has too."""

_COLOURS = {
    "color-background-primary": "var(--paper)",
    "color-background-secondary": "var(--raised)",
    "color-background-hover": "var(--raised)",
    "color-background-border": "var(--rule)",
    "color-foreground-primary": "var(--ink)",
    "color-foreground-secondary": "var(--soft)",
    "color-foreground-muted": "var(--soft)",
    "color-foreground-border": "var(--rule)",
    "color-brand-primary": "var(--accent)",
    "color-brand-content": "var(--accent)",
    "color-brand-visited": "var(--accent)",
    "color-inline-code-background": "var(--raised)",
    "color-code-background": "var(--raised)",
    "color-highlight-on-target": "var(--raised)",
    "color-table-header-background": "transparent",
    "color-table-border": "var(--rule)",
    "font-stack": '"Libertinus Serif", "Libertinus Math", Georgia, serif',
    "font-stack--headings": '"Libertinus Serif", "Libertinus Math", Georgia, serif',
    "font-stack--monospace": "var(--mono)",
}


_CONF = "from normspec.handbook.site import settings\n\nglobals().update(settings())\n"


def settings() -> dict[str, Any]:
    """Return what Sphinx is told."""
    return {
        "project": "normspec",
        "html_title": "normspec",
        "release": version(),
        "html_short_title": "normspec",
        "extensions": ["myst_parser", "normspec.handbook.renderer"],
        "myst_enable_extensions": ["dollarmath", "colon_fence", "deflist"],
        "myst_heading_anchors": 3,
        "html_math_renderer": "mathml",
        "html_theme": "furo",
        "html_theme_options": {
            "light_css_variables": _COLOURS,
            "dark_css_variables": _COLOURS,
            "navigation_with_keys": True,
        },
        "html_static_path": [str(STATIC)],
        "html_css_files": [*SHARED, "handbook.css"],
        "html_copy_source": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_use_index": False,
        "pygments_style": "friendly",
        "pygments_dark_style": "nord",
        "smartquotes": False,
        "language": "en",
        "nitpicky": True,
    }


def make(source: Path, output: Path, work: Path) -> list[str]:
    """Turn the Markdown in a folder into HTML; return what Sphinx warns of, one line each."""
    from sphinx.application import Sphinx
    from sphinx.util.console import nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    (work / "conf.py").write_text(_CONF, encoding="utf-8")
    nocolor()
    told_of = work / "warnings.txt"
    with (
        warnings.catch_warnings(),
        patch_docutils(),
        docutils_namespace(),
        told_of.open("w+", encoding="utf-8") as told,
    ):
        warnings.simplefilter("ignore")  # what Sphinx and its extensions will have to change in each other
        app = Sphinx(str(source), str(work), str(output), str(work / "doctrees"), "html", status=None, warning=told)
        app.build(force_all=True)
        told.seek(0)
        lines = [line.strip() for line in told if line.strip()]
    for name in SHARED:
        (output / "_static" / name).write_text(asset(name), encoding="utf-8")
    return lines
