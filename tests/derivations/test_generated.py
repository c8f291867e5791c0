"""The generated oracles are what the derivations print, and are plain array code."""

import ast

import pytest

from normspec.derivations import generate
from normspec.derivations.printing import check_names

FILES = sorted((*generate.FILES, "counts.py"))


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_what_the_derivations_print(name):
    """A generated file that was edited, or not regenerated, is noticed."""
    assert (generate.ORACLES / name).read_text(encoding="utf-8") == generate.printed(name)


def test_check_reports_a_file_that_differs(tmp_path, monkeypatch, capsys):
    """The comparison is seen to fail, and to say where."""
    monkeypatch.setattr(generate, "ORACLES", tmp_path)
    assert generate.main(["--check"]) == 1
    generate.main()
    assert generate.main(["--check"]) == 0
    path = tmp_path / FILES[0]
    path.write_text(path.read_text(encoding="utf-8").replace("epsilon", "eps"), encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "eps)" in capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_the_code_uses_the_four_operations_sums_and_roots_only(name):
    """No power, no call but S.total, S.block_total, S.product, S.sqrt, S.rsqrt, S.abs; no name that leaks."""
    code = generate.printed(name)
    check_names(code)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            assert isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div))
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) in {"S.total", "S.block_total", "S.product", "S.sqrt", "S.rsqrt", "S.abs"}


def test_a_leaking_name_is_refused():
    """The check of names is seen to fail."""
    with pytest.raises(ValueError, match="names leak into generated code: r7"):
        check_names("def f(x):\n    return x + r7\n")
