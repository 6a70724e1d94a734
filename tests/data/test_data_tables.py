"""Tables against their contracts: what is accepted, and how each fault is named."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_on_disk import declare, refusal, write_rows

from cyclspec.compiler.data import Budget, Column, Level, LoadedTable, Option, read_table, read_tables
from cyclspec.compiler.data.cells import CellProblem, scale_cell
from cyclspec.compiler.data.codes import normal_code
from cyclspec.compiler.data.shares import shares_cell

Load = Callable[..., LoadedTable]
STRUCTURED = [".json", ".jsonl", ".parquet", ".arrow"]
ALL = [".csv", *STRUCTURED]
KEY = Column("item", "key")


def messages(action: Callable[[], Any]) -> list[str]:
    return [d.message for d in refusal(action)]


def test_numbers_and_text_of_one_code_are_the_same() -> None:
    assert {normal_code(value) for value in (1, 1.0, "1", " 1 ", np.float64(1).item())} == {"1"}
    assert normal_code("01") == "01" and normal_code(0.5) == "0.5" and normal_code("Me\u0301xico") == "México"
    assert normal_code(True) == "true" and normal_code(2**63) == "9223372036854775808"


def test_codes_of_a_csv_file_are_seen_as_they_stand(load: Load) -> None:
    found = load([{"item": "01"}, {"item": "1"}, {"item": "0,84"}, {"item": "1e3"}], KEY)
    assert found["item"].codes == ("01", "1", "0,84", "1e3")


@pytest.mark.parametrize("suffix", ALL)
def test_a_missing_column_is_named_with_the_closest_one(load: Load, suffix: str) -> None:
    found = refusal(
        lambda: load([{"item": "a", "wieght": 1.0}], KEY, Column("weight", "real"), suffix=suffix)
    )
    assert found[0].message == f"column `weight` is not in `items{suffix}`"
    assert (
        "did you mean `wieght`?" in found[0].help and "columns of the file: `item`, `wieght`" in found[0].help
    )


def test_a_semicolon_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("item;x\na;1\n")
    assert "separated by ';'" in refusal(lambda: read_table(declare(tmp_path / "t.csv", KEY)))[0].help


def test_a_decimal_comma_is_explained(load: Load) -> None:
    rows = [{"item": "a", "w": "1"}, {"item": "b", "w": "0,84"}]
    found = refusal(lambda: load(rows, KEY, Column("w", "real", declared="real where w >= 0")))
    assert found[0].message == "column `w` is `string` in the file and real where w >= 0 in the spec"
    assert found[0].caption == 'items.csv has `string` (first value: "0,84", row 2)'
    assert "decimal comma" in found[0].help
    assert refusal(lambda: load(rows, Column("w", "real"), suffix=".parquet"))[0].code == "CY0702"


@pytest.mark.parametrize("suffix", ALL)
def test_a_wrong_type_names_the_first_value_and_its_row(load: Load, suffix: str) -> None:
    rows = [{"item": "a", "x": None}, {"item": "b", "x": "much"}]
    found = refusal(lambda: load(rows, KEY, Column("x", "real", optional=True), suffix=suffix))
    assert found[0].code == "CY0702" and '"much", row 2' in found[0].caption
    nested = [{"item": ["a"]}]
    if suffix != ".csv":
        assert refusal(lambda: load(nested, KEY, suffix=suffix))[0].code == "CY0702"


@pytest.mark.parametrize("suffix", ALL)
def test_numbers_counts_and_truth_values_are_typed(load: Load, suffix: str) -> None:
    rows = [{"r": 0.5, "c": 3, "b": True}, {"r": None, "c": None, "b": None}, {"r": -2.0, "c": 0, "b": False}]
    columns = [Column(n, k, optional=True) for n, k in (("r", "real"), ("c", "count"), ("b", "bool"))]
    found = load(rows, *columns, suffix=suffix)
    np.testing.assert_array_equal(found["r"].values, [0.5, np.nan, -2.0])
    assert found["c"].values.tolist() == [3, 0, 0] and found["c"].values.dtype == np.int64
    assert found["b"].values.tolist() == [True, False, False]
    for name in "rcb":
        assert found[name].null.tolist() == [False, True, False]
    assert len(refusal(lambda: load(rows, *(Column(n.name, n.kind) for n in columns), suffix=suffix))) == 3
    assert messages(lambda: load([{"c": 1.5}, {"c": -1}], Column("c", "count"), suffix=suffix)) == [
        "1.5 is not a count",
        "-1 is not a count",
    ]


@pytest.mark.parametrize("suffix", ALL)
def test_keys_are_present_and_differ(load: Load, suffix: str) -> None:
    rows = [{"item": "a"}, {"item": "b"}, {"item": " a"}, {"item": None}, {"item": "b"}]
    found = refusal(lambda: load(rows, KEY, suffix=suffix))
    assert sorted((d.place, d.message) for d in found) == [
        (f"items{suffix}, row 3, column `item`", 'key "a" is in row 1 already'),
        (f"items{suffix}, row 4, column `item`", "key `item` has no value"),
        (f"items{suffix}, row 5, column `item`", 'key "b" is in row 2 already'),
    ]


def test_twenty_errors_are_shown_and_the_others_counted(load: Load) -> None:
    rows = [{"item": i, "x": ""} for i in range(50)]
    found = refusal(lambda: load(rows, KEY, Column("x", "real")))
    assert len(found) == 20
    assert any("30 more errors in items.csv" in note for d in found for note in d.notes)


COUNTRY = Column("country", "level", levels=(Level("us", "USA"), Level("cn", 156), Level("mx")))
AGE = Column(
    "age",
    "level",
    levels=(
        Level("refused", -1, missing=True),
        Level("young", low=18, high=29),
        Level("old", low=50, high=math.inf),
    ),
)


def test_levels_are_found_by_code(load: Load) -> None:
    for suffix, code in (
        (".csv", "156"),
        (".csv", "156.0"),
        (".json", 156),
        (".json", 156.0),
        (".json", "156"),
    ):
        found = load([{"country": code}, {"country": "mx"}, {"country": "USA"}], COUNTRY, suffix=suffix)
        assert found["country"].values.tolist() == [1, 2, 0] and found["country"].codes == ("us", "cn", "mx")


@pytest.mark.parametrize("suffix", ALL)
def test_an_unknown_level_is_named_once_with_a_suggestion(load: Load, suffix: str) -> None:
    rows = [{"country": c} for c in ("USA", "Usa", "DEU", "DEU", "DEU")]
    found = refusal(lambda: load(rows, COUNTRY, suffix=suffix))
    assert [d.message for d in found] == [
        '"Usa" is not a level of `country`',
        '"DEU" is not a level of `country` (and in 2 more rows)',
    ]
    assert found[0].place == f"items{suffix}, row 2, column `country`"
    assert "did you mean `USA`?" in found[0].help and "`156`" in found[1].help


@pytest.mark.parametrize("suffix", ALL)
def test_ranges_hold_both_ends_and_the_rest_is_outside(load: Load, suffix: str) -> None:
    rows = [{"age": a} for a in (18, 29, 30, 49, 50, 130, -1, 17)]
    found = load(rows, AGE, suffix=suffix)["age"]
    assert found.values.tolist() == [1, 1, -1, -1, 2, 2, 0, -1]
    assert found.outside == 3 and not found.null.any()
    assert messages(lambda: load([{"age": "18"}, {"age": "adult"}], AGE, suffix=suffix)) == [
        '"adult" is not a number of `age`'
    ]


def test_open_levels_are_sorted_so_that_the_order_of_rows_changes_nothing(load: Load) -> None:
    column = Column("theme", "levels_open")
    one = load([{"theme": t} for t in "cab"], column)
    other = load([{"theme": t} for t in "bcab"], column)
    assert one["theme"].codes == other["theme"].codes == ("a", "b", "c")
    assert one["theme"].values.tolist() == [2, 0, 1]


def test_languages_are_checked(load: Load) -> None:
    load([{"l": "en"}, {"l": "pt-BR"}], Column("l", "lang"))
    assert "not a language" in messages(lambda: load([{"l": "en"}, {"l": "e n"}], Column("l", "lang")))[0]
    assert (
        "not a language" in messages(lambda: load([{"l": "de"}], Column("l", "lang", langs=("en", "zh"))))[0]
    )


TEXT = Column("question", "text", langs=("en", "zh"))


@pytest.mark.parametrize("suffix", STRUCTURED)
def test_a_text_is_a_record_of_languages(load: Load, suffix: str) -> None:
    rows = [
        {"question": {"en": "Why?", "zh": "为什么", "fr": "?"}},
        {"question": {"en": "How?", "zh": "怎么"}},
    ]
    found = load(rows, TEXT, suffix=suffix)
    assert found["question"].values[1] == {"en": "How?", "zh": "怎么"}
    rows[1]["question"].pop("zh")
    bad = refusal(lambda: load(rows, TEXT, suffix=suffix))[0]
    assert (bad.message, bad.place) == ("no `zh` text", f"items{suffix}, row 2, column `question`")


@pytest.mark.parametrize("mark", ["_", "."])
@pytest.mark.parametrize("suffix", ALL)
def test_a_text_may_have_one_column_for_each_language(load: Load, suffix: str, mark: str) -> None:
    row = {f"question{mark}en": "Why?", f"question{mark}zh": "为什么"}
    assert load([row], TEXT, suffix=suffix)["question"].values == ({"en": "Why?", "zh": "为什么"},)
    half = [row, {f"question{mark}en": "How?", f"question{mark}zh": None}]
    assert messages(lambda: load(half, TEXT, suffix=suffix)) == ["no `zh` text"]
    only = refusal(lambda: load([{f"question{mark}en": "Why?"}], TEXT, suffix=suffix))
    assert only[0].message == f"column `question_zh` is not in `items{suffix}`"


@pytest.mark.parametrize("suffix", ALL)
def test_one_language_or_none_takes_plain_text(load: Load, suffix: str) -> None:
    rows = [{"q": "Why?"}, {"q": "Why?"}]
    assert load(rows, Column("q", "text", langs=("en",)), suffix=suffix)["q"].values[1] == {"en": "Why?"}
    assert load(rows, Column("q", "text"), suffix=suffix)["q"].values[0] == {"": "Why?"}
    two = Column("q", "text", langs=("en", "zh"))
    assert "plain text" in messages(lambda: load(rows, two, suffix=suffix))[0]
    assert messages(lambda: load([{"q": "  "}], Column("q", "text"), suffix=suffix)) == ["an empty text"]


@pytest.mark.parametrize("suffix", ALL)
def test_lists_of_texts_are_checked_by_a_predicate(load: Load, suffix: str) -> None:
    column = Column(
        "p",
        "texts",
        langs=("en",),
        check=lambda cells: np.array([len(cell) >= 2 for cell in cells]),
        check_text="size(p) >= 2",
    )
    found = load([{"p": ["a", "b"]}, {"p": ["c", "d", "e"]}], column, suffix=suffix)
    assert found["p"].values[0] == ({"en": "a"}, {"en": "b"})
    bad = refusal(lambda: load([{"p": ["a", "b"]}, {"p": ["c"]}], column, suffix=suffix))[0]
    assert (
        bad.place == f"items{suffix}, row 2, column `p`" and "does not satisfy `size(p) >= 2`" in bad.message
    )


def test_a_predicate_sees_present_values_alone(load: Load) -> None:
    column = Column("w", "real", optional=True, check=lambda w: w >= 0, check_text="w >= 0")
    found = load([{"i": 0, "w": 1.0}, {"i": 1, "w": None}, {"i": 2, "w": 0.0}], column)
    assert found["w"].null.tolist() == [False, True, False]
    assert messages(lambda: load([{"w": 1.0}, {"w": -0.5}], column)) == ["-0.5 does not satisfy `w >= 0`"]


OPTIONS = Column("options", "scale", low=2, high=3, ordered=True)


@pytest.mark.parametrize("suffix", ALL)
def test_options_are_texts_or_records(load: Load, suffix: str) -> None:
    plain = load([{"options": ["Agree", "Disagree"]}], OPTIONS, suffix=suffix)["options"].values[0]
    assert (
        plain.options == (Option("Agree", {"": "Agree"}), Option("Disagree", {"": "Disagree"}))
        and plain.ordered
    )
    full = [
        {"code": 1, "label": {"en": "Yes", "zh": "是"}, "value": 1.0},
        {"code": 2, "label": {"en": "No", "zh": "否"}, "value": 0},
        {"code": -1, "label": {"en": "Don't know", "zh": "不知道"}, "missing": True},
    ]
    column = Column("options", "scale", low=2, high=2, langs=("en", "zh"))
    found = load([{"options": full}], column, suffix=suffix)["options"].values[0]
    assert found.codes == ("1", "2", "-1")
    assert found.options[0] == Option("1", {"en": "Yes", "zh": "是"}, 1.0)
    assert found.options[2].missing and found.options[2].value is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (["a"], "1 options that are not missing, where 2..3"),
        (["a", "b", "c", "d"], "4 options"),
        (["a", " a"], "two options with the code `a`"),
        (["a", ""], "option 2 is empty"),
        ([{"code": 1, "label": " "}, "b"], "empty label"),
        ([{"code": 1, "label": "x", "mising": True}, "b"], "has a member `mising`"),
        ([{"label": "x"}, "b"], "option 1 has no code"),
        ([{"code": 1, "label": "x", "value": "high"}, "b"], "not a finite number"),
        (["a", None], "option 2 is nothing"),
        ({"a": 1}, "a record where a list of options"),
    ],
)
def test_bad_options_are_named(load: Load, cell: Any, said: str) -> None:
    for suffix in (".csv", ".json"):
        found = refusal(
            lambda suffix=suffix: load([{"options": ["x", "y"]}, {"options": cell}], OPTIONS, suffix=suffix)
        )
        assert said in found[0].message and "row 2" in found[0].place


def test_a_label_lacks_no_declared_language() -> None:
    column = Column("o", "scale", langs=("en", "zh"))
    with pytest.raises(CellProblem, match="no `zh` text"):
        scale_cell([{"code": 1, "label": {"en": "Yes"}}], column, textual=False)


ITEMS = [
    {"item": "q1", "options": ["Yes", "No"]},
    {"item": "q2", "options": [{"code": i, "label": f"point {i}"} for i in (3, 1, 2)]},
]
ITEM_COLUMNS = (KEY, Column("options", "scale"))


def answers_table(path: Path, *columns: Column) -> Any:
    return declare(path, Column("item", "ref", table="items"), *columns, name="answers")


@pytest.mark.parametrize("suffix", ALL)
def test_choices_are_options_of_their_own_item(tmp_path: Path, suffix: str) -> None:
    items = declare(write_rows(tmp_path / "items.json", ITEMS), *ITEM_COLUMNS)
    value = Column("value", "choice", optional=True, table="items")
    rows = [{"item": "q1", "value": "No"}, {"item": "q2", "value": "3"}, {"item": "q2", "value": None}]
    answers = answers_table(write_rows(tmp_path / f"a{suffix}", rows), value)
    # The order of declaration does not matter: tables that are pointed to are read first.
    found = read_tables([answers, items])
    assert list(found) == ["answers", "items"]
    assert [found["answers"]["value"].code(i) for i in range(3)] == ["No", "3", None]
    assert found["answers"]["item"].values.tolist() == [0, 1, 1]
    bad = [{"item": "q1", "value": "3"}, {"item": "q2", "value": "3"}, {"item": "q22", "value": "No"}]
    write_rows(tmp_path / f"a{suffix}", bad)
    assert sorted(messages(lambda: read_tables([items, answers]))) == [
        '"3" is not an option of `q1`',
        '"q22" is not a key of table `items`',
    ]
    helps = {d.message: d.help for d in refusal(lambda: read_tables([items, answers]))}
    assert helps['"3" is not an option of `q1`'] == "options: `Yes`, `No`"
    assert "did you mean `q2`?" in helps['"q22" is not a key of table `items`']


def test_integer_codes_that_were_written_with_gaps_are_found(tmp_path: Path) -> None:
    items = declare(write_rows(tmp_path / "items.json", ITEMS), *ITEM_COLUMNS)
    rows = [{"item": "q2", "value": "2.0"}, {"item": "q2", "value": "02"}]
    path = write_rows(tmp_path / "a.csv", rows)
    answers = answers_table(path, Column("value", "choice", table="items"))
    assert messages(lambda: read_tables([items, answers])) == ['"02" is not an option of `q2`']


def test_choices_over_levels_need_no_items(load: Load) -> None:
    column = Column("v", "choice", levels=(Level("yes", 1), Level("no", 2), Level("dk", 9, missing=True)))
    assert [load([{"v": 2}, {"v": 9}], column)["v"].code(i) for i in (0, 1)] == ["2", "9"]
    assert messages(lambda: load([{"v": 3}], column)) == ['"3" is not an option']


DISTS: list[tuple[Any, list[float]]] = [
    ({"3": 0.5, "1": 0.25, "2": 0.25}, [0.5, 0.25, 0.25]),
    ({"1": 75.0, "3": 25.0}, [0.25, 0.75, 0.0]),
    ([{"code": "2", "share": 1.0}], [0.0, 0.0, 1.0]),
    ([20, 30, 50], [0.2, 0.3, 0.5]),
]


@pytest.mark.parametrize(("cell", "expected"), DISTS)
@pytest.mark.parametrize("suffix", ALL)
def test_distributions_are_matched_by_code(
    tmp_path: Path, suffix: str, cell: Any, expected: list[float]
) -> None:
    items = declare(write_rows(tmp_path / "items.json", ITEMS), *ITEM_COLUMNS)
    rows = [{"item": "q2", "d": cell}]
    answers = answers_table(write_rows(tmp_path / f"a{suffix}", rows), Column("d", "dist", table="items"))
    found = read_tables([items, answers])["answers"]
    np.testing.assert_allclose(found["d"].values, [expected], rtol=0, atol=1e-15)
    assert found["d"].options == (("3", "1", "2"),) and found.renormalised["d"].count == 0


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_structs_with_null_members_and_maps_are_distributions(tmp_path: Path, suffix: str) -> None:
    items = read_table(declare(write_rows(tmp_path / "items.json", ITEMS), *ITEM_COLUMNS))
    struct = [{"Yes": 40.0, "No": 60.0}, {"1": 1.0}]
    kinds = {"struct": None, "map": pa.map_(pa.string(), pa.float64())}
    for name, kind in kinds.items():
        cells = struct if kind is None else [list(cell.items()) for cell in struct]
        table = pa.table({"item": ["q1", "q2"], "d": pa.array(cells, kind)})
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".parquet":
            pq.write_table(table, path)
        else:
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table)
        found = read_table(answers_table(path, Column("d", "dist", table="items")), None, {"items": items})
        assert found["d"].values.tolist() == [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0]]


def test_a_distribution_may_be_over_the_options_of_its_own_row(load: Load) -> None:
    row = {"item": "a", "options": ["x", "y"], "d": {"y": 0.75, "x": 0.25}}
    found = load([row], KEY, Column("d", "dist", table="items"), Column("options", "scale"), suffix=".json")
    assert found["d"].values.tolist() == [[0.25, 0.75]]


CODES = ("a", "b", "c", "d", "e")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ([0.2, 0.3, 0.3, 0.2], "has 4 numbers for 5 options"),
        ([0.5, 0.7, -0.2, 0, 0], "the share of option `c` is -0.2"),
        ([math.nan, 1, 0, 0, 0], "is nan"),
        ([0.2, 0.2, 0.2, 0.2, 0.1], "sum to 0.9, which is not within 0.50%"),
        ([20, 20, 20, 20, 25], "sum to 105"),
        ([0, 0, 0, 0, 0], "sum to 0"),
        ([0.2, None, 0.4, 0.2, 0.2], "not a number"),
        ({"a": 0.5, "f": 0.5}, "`f`, which is not an option"),
        ([{"code": "a", "share": 0.5}, {"code": "a", "share": 0.5}], "two shares for option `a`"),
        ([], "not shares by option"),
        ("half", "not shares by option"),
    ],
)
def test_bad_distributions_are_named(cell: Any, said: str) -> None:
    with pytest.raises(CellProblem) as caught:
        shares_cell(cell, CODES)
    assert said in caught.value.problem


def test_rounded_sums_are_renormalised_and_recorded(load: Load) -> None:
    levels = (Level("a"), Level("b"), Level("c"))
    column = Column("d", "dist", levels=levels)
    rows = [{"d": [33.3, 33.3, 33.3]}, {"d": [0.5, 0.25, 0.25]}, {"d": [0.332, 0.332, 0.332]}]
    found = load(rows, column, suffix=".json")
    np.testing.assert_allclose(found["d"].values.sum(axis=1), 1, rtol=0, atol=1e-15)
    assert found.renormalised["d"].count == 2
    assert found.renormalised["d"].largest == pytest.approx(0.004, abs=1e-12)
    assert len(refusal(lambda: load(rows, column, suffix=".json", tolerance=0.002))) == 1


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12).filter(lambda x: sum(x) > 1e-3),
    st.sampled_from([1, 100]),
)
def test_shares_of_any_order_and_unit_are_the_same_distribution(weights: list[float], unit: int) -> None:
    codes = [f"o{i}" for i in range(len(weights))]
    shares = np.array(weights) / sum(weights)
    mapping = {code: share * unit for code, share in reversed(list(zip(codes, shares.tolist(), strict=True)))}
    for cell in (mapping, [share * unit for share in shares.tolist()], json.dumps(mapping)):
        found = shares_cell(cell, codes, textual=isinstance(cell, str))
        np.testing.assert_allclose(found.shares, shares, rtol=1e-12, atol=1e-15)
        assert not found.renormalised


@given(st.lists(st.text(max_size=6).filter(lambda s: s.strip()), min_size=1, max_size=8))
def test_options_of_any_text_are_kept_in_order_or_refused_as_twins(labels: list[str]) -> None:
    codes = [normal_code(label) for label in labels]
    column = Column("o", "scale")
    if len(set(codes)) < len(codes):
        with pytest.raises(CellProblem, match="two options"):
            scale_cell(labels, column, textual=False)
        return
    assert scale_cell(labels, column, textual=False).codes == tuple(codes)
    assert scale_cell(json.dumps(labels), column, textual=True).codes == tuple(codes)


def test_a_long_text_is_refused_with_its_row(load: Load) -> None:
    for suffix in ALL:
        rows = [{"q": "ab"}, {"q": "x" * 101}]
        found = refusal(
            lambda suffix=suffix, rows=rows: load(
                rows, Column("q", "text"), suffix=suffix, budget=Budget(cell_chars=100)
            )
        )
        assert found[0].place == f"items{suffix}, row 2, column `q`" and "101 characters" in found[0].message


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("item\n")
    assert messages(lambda: read_table(declare(tmp_path / "t.csv", KEY))) == ["table `items` has no rows"]
