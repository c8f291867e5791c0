"""The page of findings in scikit-learn is what the record says, and its programs print what it shows."""

import re
from importlib import metadata
from pathlib import Path

import pytest

from normspec.records.known_file import read_known_failures

pytest.importorskip("sklearn", reason="the extra sklearn is not installed")

ROOT = Path(__file__).resolve().parents[2]
RECORD, PAGE = Path("implementations/known_failures/sklearn-1.9.json"), Path("docs/findings/sklearn-1.9.md")


@pytest.mark.skipif(not metadata.version("scikit-learn").startswith("1.9."), reason="the page is about 1.9")
@pytest.mark.timeout(300)
def test_the_page_is_what_the_record_says_and_its_programs_print() -> None:
    from normspec.records.findings import heading_of, page

    entries, written = read_known_failures(ROOT / RECORD), (ROOT / PAGE).read_text(encoding="utf-8")
    assert written == page(entries, heading_of(RECORD, PAGE.as_posix()))
    assert len(re.findall("```python", written)) == len({entry.reason for entry in entries})
