"""The axes of an audit: what an `each` binds, what depends on what, and what is known of the rows that are left."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import TESTS, check_text, codes, shown

from cyclspec import pipeline
from cyclspec.language.types import kinds as k
from cyclspec.language.types import typed as d

SCAFFOLD = """cycl 1
import std.metrics as m

param orders : count    = 3
param often  : duration = 36h
param words  : list(text) = ["one", "two"]
{declarations}

axis town  : nominal {{ mill "the mill" {{ side = land }}, quay "the quay" {{ side = sea }} }}
axis place : nominal {{ home "home", work "work" }}
scale three : ordinal {{ low "low", middle "middle", high "high" }}

corpus c {{
  table cases {{
    source   = jsonl("cases.jsonl")
    case     : key
    question : text(en)
    wordings : list(text(en)) where size(wordings) >= 2
    options  : scale(nominal, 2..7)
    theme    : nominal(a, b)
  }}
  table people {{
    source = csv("people.csv")
    person : key
    town   : town
    place  : place
    weight : real
  }}
  table answers {{
    source = csv("answers.csv")
    case   : ref(cases)
    person : ref(people)
    value  : choice(case.options)
  }}
}}
panel duo {{ model one = demo() }}

audit one {{
  {statements}
}}
"""


def checked(tmp_path: Path, statements: str, declarations: str = "") -> pipeline.Checked:
    return check_text(tmp_path, SCAFFOLD.format(statements=statements, declarations=declarations))


def audit(tmp_path: Path, statements: str, declarations: str = "") -> d.TypedAudit:
    found = checked(tmp_path, statements, declarations)
    assert found.diagnostics == (), shown(found)
    return found.require().audits["one"]


def each(made: d.TypedAudit, name: str) -> d.TypedEach:
    return next(statement for statement in made.eaches if name in statement.names)


# ---- sources

CASES = "each case in c.cases "
SOURCES: list[tuple[str, str, d.AxisSource, tuple[str, ...]]] = [
    (CASES + "each x in case.wordings", "x", d.ChildSource("case", "c.cases", "wordings"), ("case",)),
    ("each x in waves(count = 2 * 2, every = often)", "x", d.WavesSource(4, 1.5), ()),
    ("each x in waves(every = 2w, count = 1)", "x", d.WavesSource(1, 14.0), ()),
    ("each person in sample(c.people, n = 5)", "person", d.SampleSource("c.people", 5, (), None), ()),
    (
        "each person in sample(n = orders, table = c.people, strata = [person.town, place], weight = c.people.weight)",
        "person",
        d.SampleSource("c.people", 3, ("town", "place"), "weight"),
        (),
    ),
    (
        "each case in holdout(c.cases, share = 25%)",
        "case",
        d.TableSource("c.cases", d.HeldOut(share=0.25, name="", cluster=None, rest=False)),
        (),
    ),
    (
        'each person in sample(rest(share = 1 / 4, table = c.people, name = "tuning", cluster = person.town), n = 2)',
        "person",
        d.SampleSource(
            "c.people", 2, (), None, d.HeldOut(share=0.25, name="tuning", cluster="town", rest=True)
        ),
        (),
    ),
    (
        CASES + "each x in draw(words, per = case)",
        "x",
        d.DrawSource(d.ValuesSource(("one", "two")), ("case",)),
        ("case",),
    ),
    (CASES + "each x in draw(2..4, per = [case])", "x", d.DrawSource(d.ValuesSource((2, 3, 4)), ("case",)), ("case",)),
    (
        CASES + "each x in draw(c.people, per = case)",
        "x",
        d.DrawSource(d.TableSource("c.people"), ("case",)),
        ("case",),
    ),
    ("each town in town each x in shuffled(town)", "x", d.ShuffledSource("town"), ("town",)),
    (
        CASES + "each w in case.wordings each x in draw([en, de], per = w)",
        "x",
        d.DrawSource(d.ValuesSource(("en", "de")), ("w",)),
        ("w", "case"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "name", "source", "parents"), SOURCES, ids=[s[0] for s in SOURCES])
def test_an_each_has_its_source_and_its_parents(
    statements: str, name: str, source: d.AxisSource, parents: tuple[str, ...], tmp_path: Path
) -> None:
    found = each(audit(tmp_path, statements), name)
    assert (found.source, found.parents) == (source, parents)


@pytest.mark.parametrize(
    ("arguments", "n", "identity"),
    [("", None, False), (", n = 2", 2, False), (", n = orders, keep = identity", 3, True)],
)
def test_orders_of_a_declared_scale_depend_on_nothing(
    arguments: str, n: int | None, identity: bool, tmp_path: Path
) -> None:
    found = each(audit(tmp_path, f"each x in permutations(three{arguments})"), "x")
    assert isinstance(found.source, d.PermutationsSource)
    assert (k.scale_name(found.source.scale), found.source.n) == ("three", n)
    assert (found.source.keep_identity, found.source.parent, found.parents) == (identity, None, ())


def test_orders_of_the_scale_of_a_row_depend_on_the_row(tmp_path: Path) -> None:
    found = each(audit(tmp_path, CASES + "each x in permutations(case.options, n = 4)"), "x")
    assert isinstance(found.source, d.PermutationsSource)
    assert (found.source.parent, found.parents) == ("case", ("case",))


VALUES = [
    ("w", "text(en)", {"w", "case"}, "data"),
    ("order", "order(case.options)", {"order", "case"}, "data"),
    ("day + 1", "real", {"day"}, "static"),
    ("person.weight", "real", {"person"}, "data"),
    ("person.town", "town", {"person"}, "data"),
    ("person.town.side", None, None, None),
    ("place == home", "bool", {"day", "person"}, "static"),
    ("told == mill", "bool", {"town"}, "static"),
    ("told.side", "side", {"town"}, "static"),
    ("host.weight", "real", {"day"}, "data"),
    ("again == w", "bool", {"w", "case"}, "data"),
]


@pytest.mark.parametrize(("value", "kind", "axes", "phase"), VALUES, ids=[v[0] for v in VALUES])
def test_a_bound_name_has_its_kind_the_axes_it_depends_on_and_its_phase(
    value: str, kind: str | None, axes: set[str] | None, phase: str | None, tmp_path: Path
) -> None:
    statements = f"""
      each case in c.cases       each w in case.wordings       each order in permutations(case.options, n = 2)
      each day in waves(count = 3, every = 1d)   each person in sample(c.people, n = 3)   each town in town
      each place in draw(place, per = [day, person])   each told in shuffled(town)
      each host in draw(c.people, per = day)
      each again in draw(words, per = w)
      let x = {value}
    """
    if kind is None:
        assert codes(checked(tmp_path, statements)) == ["CY0303"]
        return
    type_ = next(let for let in audit(tmp_path, statements).lets).term.type
    assert (k.kind_text(type_.kind), set(type_.axes), type_.phase.name.lower()) == (kind, axes, phase)


# ---- order of statements


def test_an_axis_comes_after_those_it_names_wherever_it_stands(tmp_path: Path) -> None:
    statements = """
      each told   in shuffled(town)
      each order  in permutations(case.options, n = 2)
      each place  in draw(place, per = [w, town])
      each w      in case.wordings
      each town   in town where case.theme == a
      each case   in c.cases where size(case.options) > 2
    """
    made = [statement.names[0] for statement in audit(tmp_path, statements).eaches]
    assert made == ["case", "town", "told", "order", "w", "place"]


def test_a_condition_may_name_other_axes_and_is_kept(tmp_path: Path) -> None:
    statements = "each person in c.people each town in town where person.town == town and person.weight > 1"
    where = each(audit(tmp_path, statements), "town").where
    assert where is not None
    assert (where.type.axes, where.type.phase) == (frozenset({"person", "town"}), k.Phase.DATA)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ("each a in town where b == mill each b in town where a == mill", ["CY0601"]),
        ("each a in b.xs each b in a.xs", ["CY0601"]),
        ("each x in draw(town, per = y) each y in draw(town, per = x)", ["CY0601"]),
        ("each town in town where town == mill", []),
        ("each town in town each b in [1, 2] where town == mill and b == 1", []),
    ],
)
def test_axes_that_need_each_other_are_refused(statements: str, found: list[str], tmp_path: Path) -> None:
    assert codes(checked(tmp_path, statements)) == found


def test_what_depends_on_a_failed_axis_stays_quiet(tmp_path: Path) -> None:
    statements = """
      each case in c.case
      each w in case.wordings
      each order in permutations(case.options, n = 2)
      each x in draw(town, per = case)
      each y in shuffled(x) where w == order
      let z = mean over w of size(order)
    """
    assert codes(checked(tmp_path, statements)) == ["CY0101"]


# ---- refused

REFUSED = [
    (CASES + "each x, y in case.wordings", "CY0201"),
    (CASES + "each x in case.question", "CY0201"),
    (CASES + "each x in case.wordings.first", "CY0303"),
    (CASES + "each x in case.nothing", "CY0101"),
    (CASES + "each x in permutations(case.options, n = 0)", "CY0503"),
    (CASES + "each x in permutations(case.options, n = often)", "CY0201"),
    (CASES + "each x in permutations(case.options, n = case)", "CY0201"),
    (CASES + "each x in permutations(case.options)", "CY0209"),
    (CASES + "each x in permutations(case.options, n = 2, keep = first)", "CY0101"),
    (CASES + "each x in permutations(case.options, n = 2, hold = identity)", "CY0209"),
    (CASES + "each x in permutations(case.question, n = 2)", "CY0201"),
    ("each x in permutations(three, n = 7)", "CY0503"),
    ("each x in waves(count = 2)", "CY0209"),
    ("each x in waves(2, 7d)", "CY0209"),
    ("each x in waves(count = 1001, every = 7d)", "CY0503"),
    ("each x in waves(count = 50%, every = 7d)", "CY0201"),
    ("each x in waves(count = 2, every = 7y)", "CY0201"),
    ("each x in waves(count = 2, every = -7d)", "CY0503"),
    ("each x, y in waves(count = 2, every = 7d)", "CY0201"),
    ("each x in sample(c.people, n = 2)", "CY0309"),
    ("each person in sample(c.people)", "CY0209"),
    ("each person in sample(c.people, n = 2, n = 3)", "CY0209"),
    ("each person in sample(town, n = 2)", "CY0201"),
    ("each person in sample(c.answers, n = 2)", "CY0101"),
    ("each person in sample(c.people, n = 0)", "CY0503"),
    ("each person in sample(c.people, n = 2, strata = [weight])", "CY0201"),
    ("each person in sample(c.people, n = 2, strata = cases.town)", "CY0101"),
    ("each person in sample(c.people, n = 2, weight = town)", "CY0201"),
    ("each x in holdout(c.people, share = 20%)", "CY0309"),
    ("each person in holdout(c.people)", "CY0209"),
    ("each person in holdout(c.people, 20%)", "CY0209"),
    ("each person in holdout(c.people, share = 20)", "CY0503"),
    ("each person in rest(c.people, share = 0%)", "CY0503"),
    ("each person in holdout(c.people, share = often)", "CY0201"),
    ("each person in holdout(town, share = 20%)", "CY0201"),
    ("each person in holdout(c.answers, share = 20%)", "CY0101"),
    ("each person in holdout(rest(c.people, share = 20%), share = 20%)", "CY0201"),
    ("each person in holdout(sample(c.people, n = 2), share = 20%)", "CY0201"),
    ("each person in sample(holdout(c.people), n = 2)", "CY0209"),
    ("each person in holdout(c.people, share = 20%, name = tuning)", "CY0101"),
    ("each person in holdout(c.people, share = 20%, name = 3)", "CY0201"),
    ("each person in holdout(c.people, share = 20%, cluster = weight)", "CY0201"),
    ("each person in holdout(c.people, share = 20%, cluster = twon)", "CY0101"),
    ("each person in holdout(c.people, share = 20%, seed = 3)", "CY0209"),
    ("each person in hold_out(c.people, share = 20%)", "CY0101"),
    (CASES + "each x in draw(holdout(c.people, share = 20%), per = case)", "CY0101"),
    ("each x in draw(town)", "CY0209"),
    ("each x in draw(town, per = town)", "CY0101"),
    (CASES + "each x in draw(town, per = [])", "CY0201"),
    (CASES + "each x in draw(town, per = case + 1)", "CY0201"),
    (CASES + "each x in draw(duo, per = case)", "CY0201"),
    (CASES + "each x in draw(c.cases, per = case)", "CY0209"),
    (CASES + "each x in draw(case.wordings, per = case)", "CY0201"),
    ("each town in town each x in shuffled(town) where x == mill", "CY0209"),
    (CASES + "each x in shuffled(case)", "CY0201"),
    (CASES + "each w in case.wordings each x in shuffled(w)", "CY0201"),
    ("each one in duo each x in shuffled(one)", "CY0201"),
    ("each town in town each place in place each x in shuffled([town, place])", "CY0201"),
    ("each x in shuffle(town)", "CY0101"),
    ("each x in 1..3 where c.answers.value == c.answers.value", "CY0101"),
    ("each town in town let town = 3", "CY0102"),
    ("each x in town ask x = y(1) { read = text }", "CY0101 CY0102"),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "code"), REFUSED, ids=[text for text, _ in REFUSED])
def test_a_source_that_breaks_a_rule_is_told_of(statements: str, code: str, tmp_path: Path) -> None:
    found = checked(tmp_path, statements)
    assert sorted(d.code for d in found.errors if d.code != "CY0111") == code.split(), shown(found)


def test_the_help_for_a_misspelled_source_names_the_right_one(tmp_path: Path) -> None:
    assert "did you mean `shuffled`?" in shown(checked(tmp_path, "each x in shuffle(town)"))


# ---- narrowing (A10)

STEPS = "let flat = uniform(case.options) let x = mean over case of m.emd(flat, flat)"
NARROWED = [
    ("case.options is ordinal and size(case.options) == 4", []),
    ("size(case.options) == orders and case.options is ordinal", []),
    ("case.options is ordinal and 4 == size(case.options)", []),
    ("case.options is ordinal and size(case.options) in 4..4", []),
    ("case.options is ordinal and size(case.options) <= 2", []),
    ("case.options is ordinal and size(case.options) < 3", []),
    ("case.options is ordinal and size(case.options) > 6", []),
    ("case.options is ordinal and 7 <= size(case.options)", []),
    ("case.options is ordinal and (size(case.options) >= 3 and size(case.options) < 3.5)", []),
    ("case.options is ordinal", ["CY0502"]),
    ("case.options is ordinal and size(case.options) != 4", ["CY0502"]),
    ("case.options is ordinal and (size(case.options) == 4 or case.theme == a)", ["CY0502"]),
    ("case.options is ordinal and not size(case.options) == 4", ["CY0502"]),
    ("case.options is ordinal and size(case.options) not in 4..4", ["CY0502"]),
    ("case.options is ordinal and size(case.wordings) == 4", ["CY0502"]),
    ("size(case.options) == 4", ["CY0202"]),
    ("case.options is nominal", ["CY0202"]),
    ("case.options is ordinal or case.theme == b", ["CY0202"]),
    ("size(case.options) == 8", ["CY0503", "CY0202"]),
]


@pytest.mark.parametrize(("where", "found"), NARROWED, ids=[text for text, _ in NARROWED])
def test_a_condition_on_items_narrows_their_scales(where: str, found: list[str], tmp_path: Path) -> None:
    assert codes(checked(tmp_path, f"each case in c.cases where {where} {STEPS}")) == found


def test_a_condition_on_another_axis_narrows_nothing(tmp_path: Path) -> None:
    statements = f"each case in c.cases each town in town where case.options is ordinal {STEPS}"
    assert codes(checked(tmp_path, statements)) == ["CY0202"]


def test_what_one_audit_narrows_another_does_not(tmp_path: Path) -> None:
    text = SCAFFOLD.format(
        declarations="",
        statements="each case in c.cases where case.options is ordinal and size(case.options) == 4 " + STEPS,
    )
    text += f"audit two {{ each case in c.cases {STEPS} }}"
    assert codes(check_text(tmp_path, text)) == ["CY0202"]


def test_narrowing_reaches_what_people_answered(tmp_path: Path) -> None:
    people = (
        "let people = share over person of c.answers.value let x = mean over case of m.emd(people, people)"
    )
    narrow = "where case.options is ordinal and size(case.options) == 4"
    assert codes(checked(tmp_path, f"each case in c.cases {narrow} {people}")) == []
    assert codes(checked(tmp_path, f"each case in c.cases {people}")) == ["CY0202"]


# ---- dependent axes (A5)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("mean over w of size(case.options)", ["CY0301"]),
        ("mean over w, case of kept", []),
        ("mean over w of kept", []),
        ("mean over case of (mean over w of kept)", []),
        ("mean over case of kept", ["CY0305"]),
        ("mean over w of (mean over case of kept)", ["CY0305"]),
    ],
)
def test_a_parent_cannot_go_while_a_child_remains(value: str, found: list[str], tmp_path: Path) -> None:
    kept = 'if w == "x" then 1 else 0'
    statements = f"each case in c.cases each w in case.wordings let kept = {kept} let x = {value}"
    assert codes(checked(tmp_path, statements)) == found


def test_an_imported_target_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "other.cycl").write_text(
        SCAFFOLD.format(
            declarations="target cells { axes = [place, town], rows = c.people, weight = weight, min_n = orders }",
            statements="each town, place in cells",
        ),
        encoding="utf-8",
    )
    text = 'cycl 1\nimport "other.cycl" as other\naudit one { each place, town in other.cells }\n'
    found = check_text(tmp_path, text)
    assert found.diagnostics == (), shown(found)
    made = found.require().audits["one"]
    assert made.eaches[0].source == d.TargetSource("cells")
    assert (made.targets["cells"].weight, made.targets["cells"].min_n) == ("weight", 3)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("weight = c.people.wight", "CY0101"),
        ("weight = town", "CY0201"),
        ("min_n = -1", "CY0503"),
        ('min_n = "few"', "CY0201"),
        ("min_n = nothing", "CY0101"),
    ],
)
def test_a_target_is_weighed_by_a_column_of_numbers(fields: str, code: str, tmp_path: Path) -> None:
    target = f"target cells {{ axes = [town], rows = c.people, {fields} }}"
    assert codes(checked(tmp_path, "", target)) == [code]


def test_the_good_program_of_dependent_axes_keeps_its_parents() -> None:
    made = pipeline.check(TESTS / "good" / "dependent_axes.cycl").require().audits["wordings"]
    parents = {statement.names[0]: set(statement.parents) for statement in made.eaches if statement.parents}
    assert parents == {
        "order": {"case"},
        "wording": {"case"},
        "place": {"person", "wave"},
        "year": {"wave"},
        "told": {"town"},
    }
    asked = {ask.name: ask.axes for ask in made.asks}
    assert asked["reply"] == {"wording", "order", "case", "person", "wave", "town", "model"}
    assert asked["other"] == {"person", "case", "wave", "model"}


def test_a_condition_on_data_needs_the_axes_by_which_its_table_is_indexed(tmp_path: Path) -> None:
    found = checked(tmp_path, "each case in c.cases where not is_missing(c.answers.value)")
    assert "there is no axis named `person`" in shown(found) and "add `each person in ...`" in shown(found)
