"""What bad input gets: a clear message with its place, exit code 1, and nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from worlds_on_disk import Said, edit, set_template

Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("code", "old", "new", "shown"),
    [
        ("CY0101", "m.js_distance(", "m.js_distnace(", "did you mean `js_distance`"),
        ("CY0101", "reply = resident(", "reply = residnet(", "did you mean `resident`"),
        ("CY0101", "small.answers.value", "small.answers.valeu", "did you mean `value`"),
        ("CY0101", "each country in country", "each country in contry", "did you mean `country`"),
        ("CY0401", "living in {country}", "living in {nation}", "{nation}"),
        ("CY0401", "Someone in {country} is asked: {item.question}", "{item.qestion}", "question"),
        ("CY0102", "    model = model\n", "    model = model\n    model = model\n", "first given here"),
        ("CY0103", "    model = model\n", "    model = model\n    modle = model\n", "modle"),
        ("CY0202", "scale(ordinal, 2..10)", "scale(nominal, 2..10)", "m.emd_norm"),
        ("CY0404", "lang = en)", "lang = zh)", "no zh wording"),
        ("CY0302", "measure distance by model", "measure distance", "model"),
        ("CY0707", 'jsonl("items.jsonl")', 'jsonl("absent.jsonl")', "absent.jsonl"),
        ("CY0710", 'local("tiny")', 'local("absent")', "is not there"),
        (
            "CY0701",
            "    theme    : nominal(family, work)\n",
            "    topic    : nominal(family, work)\n",
            "column `topic`",
        ),
        (
            "CY0709",
            "in small.items\n",
            "in small.items where item.theme == work and item.theme == family\n",
            "axis `item`",
        ),
    ],
)
def test_a_mistake_in_a_spec_is_shown_at_its_place(
    place: Path, refused: Refused, code: str, old: str, new: str, shown: str
) -> None:
    edit(place, old, new)
    said = refused(code, place, said=shown)
    assert f"--> {place}:" in said
    assert "^" in said


def test_every_error_of_a_spec_is_reported_in_one_go(place: Path, refused: Refused) -> None:
    edit(place, "m.js_distance(", "m.js_distnace(")
    edit(place, "living in {country}", "living in {nation}")
    edit(place, "lang = en)", "lang = zh)")
    said = refused("CY0101", place)
    assert "error[CY0401]" in said and "error[CY0404]" in said


def test_a_language_that_a_prompt_is_not_worded_in_is_refused(place: Path, refused: Refused) -> None:
    edit(place, '  prefix "Answer:"', '  prefix[en] "Answer:"')
    edit(place, "lang = en)", "lang = zh)")
    assert "user[zh]" in refused("CY0404", place, said="no zh wording for prompt `resident`")


def test_an_option_without_a_label_in_the_language_of_its_prompt_is_refused(
    place: Path, refused: Refused
) -> None:
    edit(place, "lang = en)", "lang = es)")
    rows = [json.loads(row) for row in rows_of(place, "items.jsonl")]
    del rows[0]["options"][0]["label"]["es"]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (place.parent / "items.jsonl").write_text(text, encoding="utf-8")
    refused("CY0404", place, said="option `1` of item `q000`")


def rows_of(place: Path, name: str) -> list[str]:
    return (place.parent / name).read_text(encoding="utf-8").splitlines(keepends=True)


def test_a_misspelt_column_of_a_file_is_named_with_a_suggestion(place: Path, refused: Refused) -> None:
    rows = rows_of(place, "people.csv")
    (place.parent / "people.csv").write_text(
        rows[0].replace("weight", "wieght") + "".join(rows[1:]), encoding="utf-8"
    )
    said = refused("CY0701", place, said="column `weight` is not in `people.csv`")
    assert "did you mean `wieght`" in said
    assert f"--> {place}:" in said and "weight  : real" in said


@pytest.mark.parametrize(
    ("name", "number", "old", "new", "code", "shown"),
    [
        ("people.csv", 3, ",AV,", ",ZZ,", "CY0708", "people.csv, row"),
        ("people.csv", 4, "p3,", "p2,", "CY0708", "people.csv, row 4"),
        ("items.jsonl", 0, '"q000"', '"q001"', "CY0708", "items.jsonl, row 2"),
        ("items.jsonl", 1, '"es": ', '"fr": ', "CY0708", "es"),
        ("items.jsonl", 1, '"missing": true', '"missing": "yes"', "CY0708", "items.jsonl, row 2"),
    ],
)
def test_a_bad_row_of_a_file_is_named(
    place: Path, refused: Refused, name: str, number: int, old: str, new: str, code: str, shown: str
) -> None:
    rows = rows_of(place, name)
    at = next(i for i in range(number, len(rows)) if old in rows[i])
    rows[at] = rows[at].replace(old, new, 1)
    (place.parent / name).write_text("".join(rows), encoding="utf-8")
    refused(code, place, said=shown)


@pytest.mark.parametrize("name", ["items.jsonl", "people.csv"])
def test_a_file_that_is_not_utf8_is_refused_with_its_name(place: Path, refused: Refused, name: str) -> None:
    path = place.parent / name
    path.write_bytes(path.read_bytes() + "señal\n".encode("latin-1"))
    assert "UTF-8" in refused("CY0707", place, said=name)


@pytest.mark.parametrize(
    ("name", "kept", "code"), [("items.jsonl", "", "CY0707"), ("people.csv", None, "CY0709")]
)
def test_an_empty_corpus_is_refused(
    place: Path, refused: Refused, name: str, kept: str | None, code: str
) -> None:
    header = rows_of(place, name)[0]
    (place.parent / name).write_text(header if kept is None else kept, encoding="utf-8")
    refused(code, place, said=name)


DISTRIBUTIONS = """
  table shares {
    source = jsonl("shares.jsonl")

    item    : ref(items)
    country : country
    share   : dist(item.options)
  }

  table answers {"""


@pytest.mark.parametrize(
    ("shares", "shown"),
    [
        ([0.5, 0.5], "has 2 numbers for 3 options"),
        ([0.5, 0.5, 0.2], "shares sum to 1.2"),
        ([-0.5, 1.5, 0.0], "the share of option `1` is -0.5"),
        ({"1": 0.5, "7": 0.5}, "`7`, which is not an option"),
    ],
)
def test_a_distribution_that_does_not_fit_its_options_is_refused_with_its_row(
    place: Path, refused: Refused, shares: object, shown: str
) -> None:
    edit(place, "\n  table answers {", DISTRIBUTIONS)
    edit(
        place,
        "share over person by country weighted by person.weight of small.answers.value",
        "small.shares.share",
    )
    good = {"item": "q000", "country": "AV", "share": [0.25, 0.5, 0.25]}
    rows = [good, good | {"country": "BE", "share": shares}]
    (place.parent / "shares.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    said = refused("CY0708", place, said=shown)
    assert "shares.jsonl, row 2, column `share`" in said


def test_a_checkpoint_without_safetensors_is_refused(place: Path, refused: Refused) -> None:
    (place.parent / "tiny" / "model.safetensors").rename(place.parent / "tiny" / "pytorch_model.bin")
    said = refused("CY0710", place, said="has no safetensors files")
    assert "save_pretrained" in said


def test_a_checkpoint_without_a_tokenizer_is_refused(place: Path, refused: Refused) -> None:
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (place.parent / "tiny" / file).unlink()
    refused("CY0710", place, said="tokenizer")


def test_an_architecture_that_is_not_known_is_refused(place: Path, refused: Refused) -> None:
    edit(place.parent / "tiny" / "config.json", '"LlamaForCausalLM"', '"MambaForCausalLM"')
    edit(place.parent / "tiny" / "config.json", '"llama"', '"mamba"')
    refused("CY0710", place, said="tiny")


def test_a_damaged_weight_file_is_refused(place: Path, refused: Refused) -> None:
    path = place.parent / "tiny" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-5000])
    refused("CY0710", place, said="model.safetensors")


def test_a_tokenizer_without_a_chat_template_is_refused_where_one_is_needed(
    place: Path, refused: Refused
) -> None:
    set_template(place.parent / "tiny", None)
    said = refused("CY0710", place, said="has no chat template")
    assert "tuning = base" in said and f"--> {place}:" in said


def test_a_model_that_is_not_in_the_panel_is_refused(place: Path, refused: Refused) -> None:
    assert "did you mean `tiny`" in refused("CY0101", place, "--model", "tyny=demo", said="`tyny`")


@pytest.mark.parametrize("where", ["./absent", "no/such/place/at/all", "~nobody/x"])
def test_a_place_that_is_not_there_is_refused(place: Path, refused: Refused, where: str) -> None:
    refused("CY0710", place, "--model", f"tiny={where}", said=f"command line: --model tiny={where}")


@pytest.mark.parametrize(
    ("param", "code", "shown"),
    [
        ("mots=1", "CY0101", "did you mean `most`"),
        ("most=", "", "NAME=VALUE"),
        ("most=yes", "CY0", "-p most=yes"),
        ("most=0.5", "CY0", "-p most=0.5"),
        ("most=99", "CY0503", "99"),
        ("most=1 +", "CY00", "-p most=1 +"),
    ],
)
def test_a_bad_parameter_is_shown_as_it_was_typed(
    place: Path, out: Path, command: Callable[..., Said], param: str, code: str, shown: str
) -> None:
    edit(place, "audit first {", "param most : count = 6 where most in 1..10\n\naudit first {")
    edit(place, "each item    in small.items", "each item in small.items where size(item.options) <= most")
    said = command("run", place, "--out", out, "-p", param)
    assert (said.code, said.out) == (1 if code else 2, ""), said
    assert shown in said.err, said.err
    assert not code or f"error[{code}" in said.err
    assert not out.exists()


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff\xfe\x00", b"cycl 9\n", b"{" * 5000, b"cycl 1\naudit a {"]
)
def test_a_file_that_is_no_spec_is_refused(
    tmp_path: Path, out: Path, command: Callable[..., Said], content: bytes | None
) -> None:
    path = tmp_path / "broken.cycl"
    if content is not None:
        path.write_bytes(content)
    for name in ("run", "plan"):
        said = command(name, path, "--out", out)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith("error[CY") and "broken.cycl" in said.err
    assert not out.exists()


def test_one_audit_is_chosen_among_several(
    place: Path, refused: Refused, command: Callable[..., Said]
) -> None:
    text = place.read_text(encoding="utf-8")
    second = text[text.index("\naudit first {") :].replace("audit first", "audit second")
    place.write_text(text + second, encoding="utf-8")
    said = refused("CY0113", place)
    assert "--audit first" in said and "--audit second" in said
    assert "did you mean `second`" in refused("CY0101", place, "--audit", "secnod")
    assert command("plan", place, "--audit", "second").code == 0


def test_the_tolerance_of_one_table_is_not_lent_to_another(place: Path, refused: Refused) -> None:
    loose = DISTRIBUTIONS.replace(
        'source = jsonl("shares.jsonl")', 'source = jsonl("shares.jsonl")\n    tolerance = 5%'
    )
    strict = DISTRIBUTIONS.replace("table shares", "table strict").removesuffix("\n  table answers {")
    edit(place, "\n  table answers {", strict + loose)
    edit(
        place,
        "share over person by country weighted by person.weight of small.answers.value",
        "small.shares.share\n  let other = small.strict.share",
    )
    edit(
        place,
        "  measure flat by",
        "  measure both by country : share = mean over item of m.tv(human, other)\n  measure flat by",
    )
    row = {"item": "q000", "country": "AV", "share": [0.25, 0.5, 0.28]}
    (place.parent / "shares.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    said = refused("CY0708", place, said="not within 0.50% of 1 or 100")
    assert said.count("error[") == 1
