"""Cases survive being written; what is read is checked."""

import json

import numpy as np
import pytest
from door_fakes import small_case
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from normspec.spec.formats import FORMATS
from normspec.spec.node import Node, PlainError, read_json
from normspec.spec.plain import array_from, attribute_from, case_from, plain_array, plain_attribute, plain_case


def through_json(value):
    return Node(json.loads(json.dumps(value, allow_nan=False)), "it")


@st.composite
def bits(draw):
    fmt = FORMATS[draw(st.sampled_from(tuple(FORMATS)))]
    unsigned = np.dtype(f"u{fmt.dtype.itemsize}")
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    pattern = draw(st.lists(st.integers(0, 2 ** (8 * unsigned.itemsize) - 1), min_size=1, max_size=7))
    return np.resize(np.array(pattern, unsigned), shape).view(fmt.dtype)


@given(bits())
def test_arrays_survive_to_the_last_bit(array):
    again = array_from(through_json(plain_array(array)))
    assert (again.dtype, again.shape, again.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_a_strided_array_is_written_in_its_own_order():
    array = np.arange(6.0).reshape(2, 3).T
    assert (array_from(through_json(plain_array(array))) == array).all()


def test_a_pattern_is_stored_once_even_when_it_is_cut_short():
    array = np.resize(np.array([1.0, 2.0, 3.0], np.float32), (100, 100))
    assert len(plain_array(array)["hex"]) == 3 * 4 * 2


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text()


@given(SCALARS | st.lists(SCALARS).map(tuple))
def test_attributes_survive(value):
    again = attribute_from(through_json(plain_attribute(value)))
    assert (again, type(again)) == (value, type(value))


def test_a_case_survives():
    case = small_case("bfloat16")
    again = case_from(through_json(plain_case(case)))
    assert plain_case(again) == plain_case(case)
    assert (again.script[1].of, again.script[1].wanted, again.attributes) == (0, ("dx",), case.attributes)


def _changed(path, value):
    plain = plain_case(small_case())
    *way, last = path
    at = plain
    for key in way:
        at = at[key]
    at[last] = value
    return plain


HOSTILE = [
    (("operation",), 3, "it.operation=3: a string"),
    (("dtype",), "float8", "it.dtype='float8': one of float64"),
    (("dtype",), ["float32"], "it.dtype=['float32']"),
    (("attributes",), [], "it.attributes=[]: an object"),
    (("attributes", "epsilon"), {"float": "1e5"}, "it.attributes.epsilon.float='1e5'"),
    (("script",), {}, "it.script={}: a list"),
    (("script",), [], "it.script=[]: at least one forward step"),
    (("script", 0), None, "it.script[0].verb=None"),
    (("script", 0, "verb"), "run", "it.script[0].verb='run'"),
    (("script", 0, "more"), 1, "it.script[0] has 'more'"),
    (("script", 0, "x", "shape"), [-1], "it.script[0].x.shape[0]=-1"),
    (("script", 0, "x", "shape"), [True], "it.script[0].x.shape[0]=True"),
    (("script", 0, "x", "shape"), [2**26, 2**26], "it.script[0].x.shape="),
    (("script", 0, "x", "shape"), [0], "it.script[0].x.hex="),
    (("script", 0, "x", "hex"), "0", "it.script[0].x.hex='0'"),
    (("script", 0, "x", "hex"), "", "it.script[0].x.hex=''"),
    (("script", 0, "x", "hex"), "00", "it.script[0].x.hex='00'"),
    (("script", 1, "of"), 1, "it.script[1].of=1: the index of an earlier forward step"),
    (("script", 1, "wanted"), ["dz"], "it.script[1].wanted[0]='dz'"),
    (("script", 1, "cotangent", "shape"), [1, 2], "it.script[1].cotangent has shape (1, 2)"),
    (("state", "running_var"), 1.0, "it.state.running_var=1.0"),
]


@pytest.mark.parametrize(("path", "value", "says"), HOSTILE)
def test_what_is_no_case_is_refused_with_its_place(path, value, says):
    with pytest.raises(PlainError) as error:
        case_from(through_json(_changed(path, value)))
    assert str(error.value).startswith(says)
    assert "\n" not in str(error.value)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)))
def test_any_other_json_is_refused_as_a_case(value):
    with pytest.raises(PlainError):
        case_from(Node(value, "it"))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": NaN}', "\udcff", "1" * 5000])
def test_a_file_that_is_no_json_is_one_line(tmp_path, text):
    file = tmp_path / "file.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PlainError) as error:
        read_json(file)
    assert "\n" not in str(error.value)
