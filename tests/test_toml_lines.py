import itertools
import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nakmd.deck.source import write_toml
from nakmd.toml_lines import LineMap

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


def test_an_absent_path_has_no_line():
    assert LineMap.of(TEXT).find(()) is None
    assert LineMap.of("").find(("title",)) is None


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("units.energy = 1\nunits.length = 2", ("units", "length"), 2),
        ("units.energy = 1\nunits . length = 2", ("units", "length"), 2),
        ('a = 1\n"b.c" = 2', ("b.c",), 2),
        ('a = 1\n"b\\u0041" = 2', ("bA",), 2),
        ("[[p]]\n[[p]]\n[[p.q]]\nx = 1\n[[p.q]]\n[p.r]\ny = 2", ("p", 1, "q", 0, "x"), 4),
        ("[[p]]\n[[p]]\n[[p.q]]\nx = 1\n[[p.q]]\n[p.r]\ny = 2", ("p", 1, "q", 1), 5),
        ("[[p]]\n[[p]]\n[[p.q]]\nx = 1\n[[p.q]]\n[p.r]\ny = 2", ("p", 1, "r", "y"), 7),
        ("a = [\n  { b = 1 },\n  { b = 2, c = [\n    { d = 3 },\n  ] },\n]", ("a", 1, "c", 0, "d"), 4),
        ('a = """\nb = 1\n"""\nb = 2', ("b",), 4),
        ("a = '''\n[b]\n'''\n[b]", ("b",), 4),
    ],
)
def test_syntax_variants(text, path, line):
    tomllib.loads(text)
    assert LineMap.of(text).find(path) == line


@st.composite
def documents(draw):
    """Draw a TOML text in all syntax variants. Each value contains a unique number, so that its line is known."""
    numbers = itertools.count(1001)
    styles = ("{}", '"{}"', "'{}'")

    def key(name):
        return draw(st.sampled_from(styles)).format(name)

    def value(depth):
        number = next(numbers)
        kind = draw(
            st.sampled_from(("number", "text", "literal", "long", "raw", "array", "table")[: 7 if depth else 5])
        )
        if kind == "array":
            gap = draw(st.sampled_from((" ", "\n  ", " # ], }\n")))
            items = [value(depth - 1) for _ in range(draw(st.integers(0, 3)))]
            return f"[{gap}{f',{gap}'.join(items)}{',' if items and draw(st.booleans()) else ''}{gap}]"
        if kind == "table":
            names = draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3))
            return "{ " + ", ".join(f"{key(name)} = {value(depth - 1)}" for name in names) + " }"
        return {
            "number": f"{number}",
            "text": f'"{number} \\" ] }} # ="',
            "literal": f"'{number} \\ [ {{'",
            "long": f'"""{number}\na = 1\n[b] \\""" ""x"""',
            "raw": f"'''{number}\n[[x]]\n'''''",
        }[kind]

    def body():
        lines = [f"{key(name)} = {value(2)}" for name in draw(st.lists(st.sampled_from("abc"), unique=True))]
        for stem in draw(st.lists(st.sampled_from("pq"), unique=True)):
            rest = draw(st.lists(st.sampled_from("abc"), unique=True, min_size=1))
            dot = draw(st.sampled_from((".", " . ")))
            lines += [f"{key(stem)}{dot}{key(name)} = {value(1)}" for name in rest]
        return draw(st.permutations(lines)) + draw(st.sampled_from(([], ["# a = 1"], [""])))

    def section(path, depth):
        lines = body()
        if depth:
            for name in draw(st.lists(st.sampled_from("stu"), unique=True)):
                below = [*path, *([key("v")] if draw(st.booleans()) else []), key(name)]
                lines += [f"[{'.'.join(below)}]  # [c]", *section(below, depth - 1)]
            for name in draw(st.lists(st.sampled_from("xy"), unique=True)):
                below = [*path, key(name)]
                for _ in range(draw(st.integers(1, 3))):
                    lines += [f"[[ {' . '.join(below)} ]]", *section(below, depth - 1)]
        return lines

    return draw(st.sampled_from(("\n", "\r\n"))).join(section([], 2))


def leaves(data, path=()):
    """Yield the path and the value of every key and every array element."""
    for step, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield (*path, step), value
        if isinstance(value, dict | list):
            yield from leaves(value, (*path, step))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(documents())
def test_every_path_that_tomllib_gives_has_its_line(text):
    lines, rows = LineMap.of(text), text.split("\n")
    for path, value in leaves(tomllib.loads(text)):
        assert path in lines.lines
        row = rows[lines.find(path) - 1]
        if isinstance(path[-1], str):
            assert path[-1] in row
        if not isinstance(value, dict | list):
            # the number makes the value unique: the line of another entry with the same name fails
            assert str(value)[:4] in row


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


# in a fresh checkout, the first text waits until hypothesis has built its table of characters
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
