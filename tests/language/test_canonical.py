"""Canonical JSON: one for one meaning, there and back, its schema, and how anything else is refused."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from programs import modules
from spec_files import GOOD, ROOT, SHIPPED, module_of, name_of

from cyclspec.cli.json import indented
from cyclspec.language.canonical.conform import flaws
from cyclspec.language.canonical.decode import MAX_BYTES, MAX_JSON_DEPTH, decode
from cyclspec.language.canonical.form import canonical, write
from cyclspec.language.canonical.schema import schema
from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics.cy00_syntax import NotCanonical
from cyclspec.language.format.printer import print_source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import MAX_DEPTH

SCHEMA_FILE = ROOT / "cyclspec" / "language" / "canonical" / "schema.json"
ORACLE = Draft202012Validator(schema())
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def back(data: Any) -> t.Module | tuple[Diagnostic, ...]:
    return decode(canonical(data).encode(), "x.json")


def printed(module: t.Module) -> str:
    found = print_source(module, "x.json")
    assert found.text is not None, found.diagnostics
    return found.text


@pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)
def test_a_program_goes_to_json_and_back(path: Path) -> None:
    data = write(module_of(path.read_text(encoding="utf-8")))
    assert flaws(data) == []
    assert list(ORACLE.iter_errors(data)) == []
    module = back(data)
    assert isinstance(module, t.Module)
    assert write(module_of(printed(module))) == data


@given(modules())
@QUICK
def test_any_tree_goes_to_json_and_back(module: t.Module) -> None:
    data = write(module)
    assert list(ORACLE.iter_errors(data)) == []
    again = back(data)
    assert again == module
    assert isinstance(again, t.Module)
    assert write(module_of(printed(again))) == data


def test_what_means_the_same_has_one_json() -> None:
    one = module_of('cycl 1\n# a\naudit a { let x = (1+2)  title = """t""" }\n')
    two = module_of('cycl 1\naudit a {\n  title = "t",\n  let x = (((1) + (2))) # b\n}\n')
    assert canonical(write(one)) == canonical(write(two))


def test_truths_are_written_and_flags_that_are_down_are_not() -> None:
    data = write(module_of("cycl 1\nparam p : bool = false\nscale s : nominal { a, missing b }\n"))
    assert data["decls"][0]["default"] == {"op": "bool", "value": False}
    assert data["decls"][0]["type"] == {"kind": "type", "name": ["bool"]}
    assert [level.get("missing") for level in data["decls"][1]["levels"]] == [None, True]


# ---- the schema


def test_the_schema_that_ships_is_generated_from_the_tree() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == indented(schema())


def test_the_schema_is_a_schema_and_closes_every_object() -> None:
    Draft202012Validator.check_schema(schema())
    classes = {c.__name__ for c in vars(t).values() if isinstance(c, type) and issubclass(c, t.Node)} - {
        "Node"
    }
    assert classes <= set(schema()["$defs"])
    closed = [part for part in schema()["$defs"].values() if part.get("properties") and "allOf" not in part]
    assert len(closed) == len(classes) - 1
    assert all(part["additionalProperties"] is False for part in closed)


SAMPLE = module_of(
    """
    ## Of the module.
    cycl 1
    import std.metrics as m version "1"
    import "a.cycl" as a hash sha256:0123456789ab
    import { b, c } from "b.cycl"
    param p : list(real)? = [1, 2.5, 3%, x = "t"] where not p in 0..1 and p is real or p != -1
    scale s : ordinal { low = 1 "Low", missing high {en: "High"} { rank = 2 } }
    corpus k { title = "t" table t { source = csv("t") i : key r : record { d : date } } }
    target g { axes = [s] }
    prompt q(i: k.t, n: real = 2) -> choice(s) { user[en] "{i}" prefix "A" }
    metric h(p: dist(S)) -> share where S is ordinal = sum over option of p ^ 2
    metric z(p: dist(S)) -> share = python "a:b" hash sha256:0123456789ab
    panel n { factor f : nominal { u } model o = hf("x") { f = u } }
    audit d {
      each i in k.t where i.d > 2024-01-01
      ask r = q(i) { model = n }
      let l : real = if true then r[i: first].x else mean
      measure w by i : share = mean over i by f weighted by v of l { better = higher }
      check y = true { because = "b" }
    }
    """
)


def alone(part: t.Import | t.Decl) -> t.Module:
    """A module with one import or one declaration."""
    imports, decls = ((part,), ()) if isinstance(part, t.Import) else ((), (part,))
    return t.Module(span=SAMPLE.span, doc=("Doc.",), edition=1, imports=imports, decls=decls)


PARTS = [write(alone(part)) for part in (*SAMPLE.imports, *SAMPLE.decls)]


def objects(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all objects in a document."""
    if isinstance(data, dict):
        yield path
        for name, value in data.items():
            yield from objects(value, (*path, name))
    if isinstance(data, list):
        for index, value in enumerate(data):
            yield from objects(value, (*path, index))


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def refused_by_both(mutant: Any) -> bool:
    """Whether the schema refuses a document, for us and for another reader of schemas."""
    mine, theirs = bool(flaws(mutant)), not ORACLE.is_valid(mutant)
    assert mine == theirs, canonical(mutant)
    return mine


def test_an_unknown_member_is_refused_everywhere() -> None:
    for data in PARTS:
        for path in objects(data):
            mutant = copy.deepcopy(data)
            at(mutant, path)["extra"] = 1
            assert refused_by_both(mutant), path


def test_a_missing_member_is_refused_or_the_document_says_something_else() -> None:
    dropped = refused = 0
    for data in PARTS:
        for path, name in [(where, name) for where in objects(data) for name in at(data, where)]:
            mutant = copy.deepcopy(data)
            del at(mutant, path)[name]
            dropped += 1
            if refused_by_both(mutant):
                refused += 1
                continue
            module = back(mutant)
            assert isinstance(module, t.Module)
            assert write(module) == mutant != data
    assert dropped > 300
    assert refused > dropped / 2


def test_a_misplaced_object_is_refused() -> None:
    data = write(SAMPLE)
    let, level = {"op": "int", "value": "1"}, {"kind": "level", "name": "x"}
    decls = {decl["name"]: index for index, decl in enumerate(data["decls"])}
    message = data["decls"][decls["q"]]["messages"][0]
    pin = data["imports"][0]["pins"][0]
    for stranger in (
        let,
        level,
        message,
        pin,
        data["decls"][0],
        data["imports"][0],
        "text",
        1,
        None,
        True,
        [],
        {},
    ):
        for place in ("decls", "imports"):
            if isinstance(stranger, dict) and stranger in data[place]:
                continue
            mutant = copy.deepcopy(data)
            mutant[place].append(stranger)
            assert refused_by_both(mutant), (place, stranger)
    mutant = copy.deepcopy(data)
    mutant["decls"][decls["d"]]["statements"].append(data["decls"][decls["g"]])
    assert refused_by_both(mutant)


JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    "",
    "x",
    "two words",
    [],
    [[]],
    {},
    {"op": "int"},
    {"kind": "field"},
]


@given(seed=st.integers(0, 10**9))
@settings(QUICK, max_examples=100)
def test_a_wrong_value_anywhere_is_refused_or_means_what_it_says(seed: int) -> None:
    rng = random.Random(seed)
    mutant = copy.deepcopy(rng.choice(PARTS))
    for _ in range(rng.randint(1, 2)):
        holder = at(mutant, rng.choice([path for path in objects(mutant) if at(mutant, path)]))
        name = rng.choice(list(holder))
        holder[name] = copy.deepcopy(rng.choice(JUNK))
        if not isinstance(mutant, dict) or not mutant:
            break
    if refused_by_both(mutant):
        found = back(mutant)
        assert isinstance(found, tuple)
        assert {d.code for d in found} == {"CY0015"}
        return
    module = back(mutant)
    if isinstance(module, t.Module):
        assert write(module) == mutant
        text = print_source(module, "x.json").text
        assert text is None or write(module_of(text)) == mutant


# ---- what is refused, and where


def problem(data: bytes) -> tuple[str, str]:
    """What is said of bytes that are refused, and of which place."""
    found = decode(data, "x.json")
    assert isinstance(found, tuple)
    first = found[0]
    return first.place, first.problem if isinstance(first, NotCanonical) else first.message


GOOD_ONE = '{"kind": "module", "edition": 1, "decls": [%s]}'
PARAM = '{"kind": "param", "name": "p", "type": {"kind": "type", "name": ["real"]}%s}'
REFUSED = {
    b"": ("x.json, line 1, column 1", "it is not JSON"),
    b"{": ("x.json, line 1, column 2", "it is not JSON"),
    b"\xff": ("x.json, line 1", "it is not UTF-8"),
    b"[]": ("x.json, $", "an object is expected here, not a list"),
    b"{}": ("x.json, $", "the member `kind` is missing"),
    b'{"kind": "module", "edition": 2}': ("x.json, $.edition", "`1` is expected here, not `2`"),
    b'{"kind": "module", "edition": true}': ("x.json, $.edition", "a number is expected here, not a truth"),
    b'{"kind": "module", "edition": 1, "edition": 1}': ("x.json", "an object has the member `edition` twice"),
    b'{"kind": "module", "edition": NaN}': ("x.json", "`NaN` is not a value of JSON"),
    b'{"kind": "module", "edition": 1, "decls": []}': (
        "x.json, $.decls", "a list of 1 or more is expected here, or none at all",
    ),
    b'{"kind": "module", "edition": 1, "x": {}}': ("x.json, $.x", "`x` is not a member of this object"),
    b'{"kind": "module", "edition": ' + b"1" * 5000 + b"}": ("x.json", "a number in it has too many digits"),
    (GOOD_ONE % '{"kind": "parm"}').encode(): (
        "x.json, $.decls[0].kind",
        "`parm` is none of param, vocabulary, corpus, target, prompt, metric, panel, audit",
    ),
    (GOOD_ONE % (PARAM % ', "default": {"op": "int", "value": "one"}')).encode(): (
        "x.json, $.decls[0].default.value", "`one` is not written as it must be here",
    ),
    (GOOD_ONE % (PARAM % ', "default": {"op": "text", "value": "\\ud800"}')).encode(): (
        "x.json, $.decls[0].default.value", "a text has half of a surrogate pair",
    ),
    (GOOD_ONE % (PARAM % ', "default": {"op": "text", "value": "a\\u0000"}')).encode(): (
        "x.json, $.decls[0].default.value", "a text has U+0000 NULL in it",
    ),
    (GOOD_ONE % (PARAM % ', "default": {"op": "text", "value": "e\\u0301"}')).encode(): (
        "x.json, $.decls[0].default.value", "a text is not in Unicode normal form NFC",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "said"), REFUSED.items(), ids=lambda v: repr(v)[:40])
def test_json_that_is_not_canonical_is_refused_at_its_place(data: bytes, said: tuple[str, str]) -> None:
    assert problem(data) == said


def nested(depth: int) -> bytes:
    """Negations of one another."""
    inner = '{"op": "neg", "of": ' * depth + '{"op": "name", "name": "x"}' + "}" * depth
    return (GOOD_ONE % (PARAM % f', "default": {inner}')).encode()


def test_depth_and_size_are_bounded() -> None:
    assert isinstance(decode(nested(2 * MAX_DEPTH - 3), "x.json"), t.Module)
    for depth in (MAX_JSON_DEPTH, 50_000):
        assert problem(nested(depth))[1].startswith("the nesting of this JSON is over the limit")
    assert problem(b"[" * 100_000)[1].startswith("the nesting of this JSON")
    assert problem(b" " * (MAX_BYTES + 1))[1].startswith("`x.json` is over the limit")


@pytest.mark.timeout(20)
def test_a_text_without_an_end_is_read_once() -> None:
    assert problem(b'"' + b'\\"' * (MAX_BYTES // 2 - 1))[1] == "it is not JSON"


@pytest.mark.parametrize("depth", [1, 100, 2 * MAX_DEPTH - 3, 2 * MAX_DEPTH, MAX_JSON_DEPTH - 10])
def test_whatever_is_decoded_is_printed_or_refused(depth: int) -> None:
    module = decode(nested(depth), "x.json")
    assert isinstance(module, t.Module)
    found = print_source(module, "x.json")
    assert (found.text is None) == (depth > 2 * MAX_DEPTH - 3)
    assert found.text is not None or [d.code for d in found.diagnostics] == ["CY0013"]


UNWRITABLE = {
    "a keyword as a value": ', "default": {"op": "name", "name": "not"}',
    "a day that is no date": ', "default": {"op": "date", "value": "2024-01-01\\n"}',
    "a name with a letter that is none": ', "default": {"op": "name", "name": "a\\u2014b"}',
}


@pytest.mark.parametrize("member", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_no_program_can_say_is_refused(member: str) -> None:
    module = decode((GOOD_ONE % (PARAM % member)).encode(), "x.json")
    assert isinstance(module, t.Module)
    found = print_source(module, "x.json")
    assert [d.code for d in found.diagnostics] == ["CY0015"]
    assert found.text is None


def test_texts_of_every_kind_stay_on_one_line_where_they_must() -> None:
    label = '"label": {"op": "text", "value": "two\\nlines"}'
    level = f'"levels": [{{"kind": "level", "name": "a", {label}}}]'
    head = '"kind": "vocabulary", "word": "scale", "name": "s", "type": {"kind": "type", "name": ["nominal"]}'
    module = decode((GOOD_ONE % f"{{{head}, {level}}}").encode(), "x.json")
    assert isinstance(module, t.Module)
    assert 'a "two\\nlines"' in printed(module)
