import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nakmd.deck.lines import LineMap
from nakmd.deck.source import write_toml

TEXT = '''title = "a # no comment"  # a comment
"quoted key" = 1
[model]
potential = """
two
lines"""
none = [
    ["K", "O"],  # ], {
    [
        "Na", 'C]',
    ],
]
[structure.carbon]
doping = { graphitic = 0.02, distance = "4 Å" }
[[stage]]
kind = "heat"
[stage.barostat]
axes = "z"
[[stage]]
kind = "produce"
barostat.tau = "1 ps"
[[model.terms]]
pair = ["K", "C"]
[[model.terms]]
pair = ["Na", "C"]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("quoted key",), 2),
        (("model",), 3),
        (("model", "potential"), 4),
        (("model", "none"), 7),
        (("model", "none", 0, 1), 8),
        (("model", "none", 1, 1), 10),
        (("structure", "carbon"), 13),
        (("structure", "carbon", "doping", "distance"), 14),
        (("stage", 0), 15),
        (("stage", 0, "kind"), 16),
        (("stage", 0, "barostat"), 17),
        (("stage", 0, "barostat", "axes"), 18),
        (("stage", 1), 19),
        (("stage", 1, "barostat", "tau"), 21),
        (("model", "terms", 1, "pair", 0), 25),
        (("stage", 1, "missing"), 19),
    ],
)
def test_every_key_has_its_line(path, line):
    assert LineMap.of(TEXT).find(path) == line


def test_nothing_is_nowhere():
    assert LineMap.of(TEXT).find(()) is None
    assert LineMap.of("").find(("title",)) is None


plain = st.one_of(st.integers(), st.booleans(), st.text(max_size=8), st.floats(allow_nan=False, allow_infinity=False))
keys = st.text("abc_-1", min_size=1, max_size=4)
values = st.recursive(
    plain, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)), max_leaves=8
)


def _has_table_in_plain_list(value) -> bool:
    if isinstance(value, dict):
        return any(map(_has_table_in_plain_list, value.values()))
    if isinstance(value, list):
        mixed = not all(isinstance(v, dict) for v in value) and any(isinstance(v, dict) for v in value)
        nested = any(isinstance(v, list) and any(isinstance(w, dict | list) for w in v) for v in value)
        return mixed or nested or any(map(_has_table_in_plain_list, value))
    return False


# the first text ever drawn in a fresh checkout waits for hypothesis's table of characters
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(keys, values, max_size=4).filter(lambda d: not _has_table_in_plain_list(d)))
def test_written_toml_reads_back_and_every_top_key_is_found(data):
    text = write_toml(data)
    assert tomllib.loads(text) == data
    lines = LineMap.of(text)
    for key in data:
        line = lines.find((key,))
        assert line is not None
        assert key in text.split("\n")[line - 1]
