"""The handbook as it is built: once, or where NORMSPEC_HANDBOOK says that it already stands."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "door"))  # html_browser: one browser for all pages

EXTRA = ("furo", "latex2mathml", "myst_parser", "sphinx")
collect_ignore = [] if all(map(find_spec, EXTRA)) else ["test_handbook_browser.py", "test_handbook_pages.py"]


@pytest.fixture(scope="session")
def handbook(tmp_path_factory):
    """The folder of the built handbook."""
    if given := os.environ.get("NORMSPEC_HANDBOOK"):
        return Path(given)
    from normspec.handbook.build import build
    from normspec.handbook.findings import Findings

    folder = tmp_path_factory.mktemp("handbook")
    build(folder, Findings())
    return folder
