"""What people read."""

import pytest
from door_fakes import KNOWN, LAWS, MESSAGE, SNIPPET, result

from normspec.clean import cleaned, one_line
from normspec.properties.hunt import Progress
from normspec.terminal.progress import Share, doing


@pytest.fixture
def page(finding, normspec, capsys):
    """Print the page of a run that finds these results."""

    def printed(*results, options=()):
        finding(*results)
        normspec("check", "fake", *options)
        return capsys.readouterr().out

    return printed


def test_the_table_has_a_row_for_each_law_and_a_column_for_each_dtype(page):
    other = result("undecided", law="running-variance", dtype="float16")
    lines = page(result("nonconforming", dtype="float16"), other, result()).splitlines()
    assert lines[1] == "fake: batch_norm"
    assert lines[2].split() == ["law", "float32", "float16"]
    assert lines[4].split() == ["running-variance", "undecided"]
    assert lines[5].split() == ["zero-mean", "conforms", "BROKEN"]


def test_what_is_not_claimed_stands_below_the_table(page):
    silent = [result("not claimed", law=law, dtype="float16") for law in ("zero-mean", "running-variance")]
    lines = page(result(), *silent, result("not claimed", law="running-variance")).splitlines()
    assert lines[2].split() == ["law", "float32"]
    assert lines[4].split() == ["zero-mean", "conforms"]
    assert lines[5] == "not claimed: float16, running-variance"


def test_a_failure_is_told_once_with_the_law_in_words_its_case_and_a_program_to_paste(page):
    text = page(result("nonconforming"), result("nonconforming", dtype="float64"))
    assert text.count("FAILURE") == 1
    for part in (LAWS["zero-mean"].statement, "fake in float32, float64: nonconforming", MESSAGE, "m = 2"):
        assert part in text
    assert f"\n{SNIPPET}\n" in text, "a program is printed flush left"


def test_a_known_failure_is_shown_with_its_reason_and_not_as_a_failure(page):
    text = page(result("nonconforming", known=(KNOWN,)))
    assert "FAILURE 1" not in text
    assert KNOWN.reason in text
    assert KNOWN.link in text


def test_the_last_line_counts_what_was_executed(page):
    last = page(result(), result("undecided", examples=5, undecided=5, law="running-variance")).split("\n\n")[-1]
    assert " ".join(last.split()).startswith(
        "CONFORMS: 15 checks executed, 6 of them undecided (their bound demands nothing); "
        "1 of 2 results conform, 1 undecided; "
    )


def test_every_line_fits_in_80_columns(page, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    dtypes = ("float64", "float32", "float16", "bfloat16")
    rows = [result(verdict, dtype=dtype) for dtype in dtypes for verdict in ("not claimed", "timed out")]
    text = page(*rows, result("nonconforming", message="word " * 99))
    assert max(map(len, text.splitlines())) <= 80


def test_what_an_implementation_says_cannot_write_to_the_terminal(page):
    text = page(result("crashed", counterexample=None, message="\x1b[2J\x07\u202e[bold]x"))
    assert "\\x1b[2J\\x07\\u202e[bold]x" in text


def test_cleaned_text_prints_and_is_short():
    every = "".join(map(chr, range(0x11000)))
    assert all(c.isprintable() or c in "\n\t" for c in cleaned(every, len(every)))
    assert len(cleaned("x" * 10**6)) < 30_000
    assert one_line("a\n\tb") == "a b"


def test_plain_text_without_a_terminal(page):
    assert "\x1b" not in page(result(), result("nonconforming", dtype="float16"))


def test_the_bar_never_goes_back():
    share = Share()
    events = [Progress("a", "batch_norm", "x", d, i, 3) for d in ("float64", "float32") for i in range(4)]
    done = [share.done(event) for event in events]
    assert done == sorted(done)
    assert done[-2:] == pytest.approx([1 + 2 / 3, 2])
    assert doing(events[0]) == "a batch_norm x float64"


def test_what_is_undecided_is_told_by_law_and_dtype_when_asked_for(page):
    results = [result(undecided=3), result(undecided=4, operation="layer_norm"), result(undecided=0, dtype="float16")]
    results.append(result(law="running-variance", dtype="float16", undecided=2))
    assert "undecided, of the checks" not in page(*results)
    lines = page(*results, options=["--undecided"]).split("undecided, of the checks executed\n")[1].splitlines()
    assert lines[0].split() == ["law", "float32", "float16"]
    assert lines[2].split() == ["running-variance", "2", "of", "10"]
    assert lines[3].split() == ["zero-mean", "7", "of", "20", "0", "of", "10"]


def test_where_nothing_is_undecided_it_says_so(page):
    assert "undecided, of the checks executed\nnothing\n" in page(result(undecided=0), options=["--undecided"])
