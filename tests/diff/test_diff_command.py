"""`cyclspec diff` on specs, runs and canonical JSON: what it prints, and how it ends."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from edited_audits import AUDIT, LIBRARY, copied_quickstart, written

from cyclspec import pipeline
from cyclspec.cli import main as entry
from cyclspec.diff.text import word_difference


def command(*args: str | Path) -> tuple[int, str, str]:
    """Runs the command line: its exit code and what it said; an internal error fails the test."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["cyclspec", *map(str, args)]
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            entry.main()
    finally:
        sys.argv = before
    code = ended.value.code if isinstance(ended.value.code, int) else 0
    assert code != entry.INTERNAL, err.getvalue()
    return code, out.getvalue(), err.getvalue()


def as_json(*args: str | Path) -> Any:
    code, out, err = command("diff", *args, "--format", "json")
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The audit, and one with a change of each sort."""
    text = AUDIT.replace("labels = letters", "labels = numbers").replace('"A title"', '"Another"')
    text = text.replace("draws = 500", "draws = 600").replace("nominal { a, b }", "nominal { a, b, c }")
    library = LIBRARY.replace("One letter, please.", "One number, please.")
    return written(tmp_path / "a"), written(tmp_path / "b", text, library)


def test_changes_stand_by_what_they_move(pair: tuple[Path, Path]) -> None:
    code, out, _ = command("diff", *pair)
    blocks = out.split("\n\n")
    assert code == 0
    assert blocks[1].splitlines() == [
        "moves the design: other questions",
        "  ~ ask reply, read, labels: letters -> numbers",
        "  ~ prompt neighbour (lib/town.cycl), message user[en]",
        "      One [-letter,-]{+number,+} please.",
    ]
    assert blocks[2].splitlines() == [
        "moves the score: other measures of the same answers",
        "  ~ measure far, interval, draws: 500 -> 600",
    ]
    assert blocks[3].splitlines() == [
        "moves the module only: nothing that this audit asks or measures",
        "  + axis idle, level c",
    ]
    assert blocks[4].splitlines() == ["moves no hash: wording", "  ~ audit main, title: A title -> Another"]
    assert "note: data was not compared" in blocks[5]


def test_json_says_the_same(pair: tuple[Path, Path]) -> None:
    found = as_json(*pair)
    assert {name: entry["moved"] for name, entry in found["hashes"].items()} == dict.fromkeys(
        ("module", "design", "score"), True
    )
    reader = next(change for change in found["changes"] if change["part"] == "read, labels")
    assert reader == {
        "what": "ask reply",
        "part": "read, labels",
        "how": "changed",
        "before": "letters",
        "after": "numbers",
        "moves": ["module", "design", "score"],
    }
    assert found["asked"] is None


def test_the_exit_code_tells_where_it_is_asked_to(pair: tuple[Path, Path]) -> None:
    assert command("diff", *pair)[0] == 0
    assert command("diff", *pair, "--exit-code")[0] == 1
    code, out, _ = command("diff", pair[0], pair[0], "--exit-code")
    assert code == 0
    assert "no difference" in out
    assert "no model is asked again" in out


def test_canonical_json_is_compared_like_the_spec_it_came_from(pair: tuple[Path, Path]) -> None:
    specs = as_json(*pair)
    files = []
    for path in pair:
        document = pipeline.document(pipeline.check(path).require())
        files.append(path.with_suffix(".json"))
        files[-1].write_text(json.dumps(document), encoding="utf-8")
        assert as_json(path, files[-1])["changes"] == []
    found = as_json(*files)
    assert found["hashes"] == specs["hashes"]
    assert found["changes"] == specs["changes"]


def test_one_canonical_module_stands_for_its_file(pair: tuple[Path, Path]) -> None:
    path = pair[0]
    found = pipeline.document(pipeline.check(path).require())["main.cycl"]
    (path.parent / "one.json").write_text(json.dumps(found), encoding="utf-8")
    assert as_json(path, path.parent / "one.json")["changes"] == []


def test_a_run_is_compared_by_the_audit_that_made_it(tmp_path: Path) -> None:
    spec = copied_quickstart(tmp_path)
    run = begun(spec, tmp_path / "runs", params={"min_mass": "0.6"})
    hashes = json.loads((run / "plan.json").read_text(encoding="utf-8"))["hashes"]
    for place in (run, run / "plan.json", tmp_path / "runs"):
        found = as_json(place, spec, "--data")
        assert [(c["what"], c["part"], c["moves"]) for c in found["changes"]] == [
            ("param min_mass", "value", ["score"])
        ]
        assert found["hashes"]["design"]["before"] == hashes["design"]
        assert found["hashes"]["score"]["before"] == hashes["score"]
        assert found["asked"]["requests_again"] == 0
    spec.write_text(spec.read_text(encoding="utf-8").replace("lang = en", "lang = es"), encoding="utf-8")
    changed = as_json(run, spec, "--data")
    assert "ask reply" in [change["what"] for change in changed["changes"]]
    assert changed["asked"]["requests_again"] == 198


def begun(spec: Path, out: Path, numerics: pipeline.Numerics = "float32", params: Any = None) -> Path:
    """A run as it is when it begins, with nothing answered."""
    from cyclspec.runtime.environment import environment
    from cyclspec.runtime.store.runs import begin_run

    context = pipeline.check(spec, params).require()
    planned = pipeline.plan(pipeline.open_data(context, pipeline.choose(context, None)), numerics=numerics)
    run = begin_run(out, planned, environment(planned))
    run.remember(spec, params or {}, {}, "quickstart")
    return run.path


def test_two_runs_are_compared_by_all_four_hashes(tmp_path: Path) -> None:
    spec = copied_quickstart(tmp_path)
    one, same = begun(spec, tmp_path / "one"), begun(spec, tmp_path / "same")
    found = as_json(one, same)
    assert list(found["hashes"]) == ["module", "design", "score", "run"]
    assert found["changes"] == []
    assert "no difference" in command("diff", one, same)[1]

    other = begun(spec, tmp_path / "other", "bfloat16")
    found = as_json(one, other, "--data")
    assert {name: entry["moved"] for name, entry in found["hashes"].items()} == {
        "module": False, "design": False, "score": False, "run": True,
    }  # fmt: skip
    numerics = next(change for change in found["changes"] if change["part"] == "numerics")
    assert (numerics["before"], numerics["after"], numerics["moves"]) == ("float32", "bfloat16", ["run"])
    assert found["asked"]["requests_again"] == found["asked"]["requests"] == 198
    out = command("diff", one, other)[1]
    assert (
        "moves the run: the same audit in another environment\n  ~ environment, numerics: float32 -> bfloat16"
        in out
    )
    assert "no model is asked again" not in out
    assert command("diff", one, other, "--exit-code")[0] == 1


def test_the_run_of_a_results_table_is_the_one_that_is_compared(tmp_path: Path) -> None:
    """What moves the score moves the run too, and the hash is the one that tables of measures carry."""
    from cyclspec.language.canonical.hashes import run_hash

    spec = copied_quickstart(tmp_path)
    one, other = begun(spec, tmp_path / "a"), begun(spec, tmp_path / "b", params={"min_mass": "0.6"})
    found = as_json(one, other)
    assert [(c["what"], c["moves"]) for c in found["changes"]] == [("param min_mass", ["score", "run"])]
    facts = json.loads((other / "plan.json").read_text(encoding="utf-8"))
    assert found["hashes"]["run"]["after"] == run_hash(facts["hashes"]["score"], facts["environment"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "holds no object"),
        ("{", "is not JSON"),
        ('{"a.cycl": 1}', "holds no audit"),
        ('{"kind": "module"}', "holds no canonical module"),
        (
            '{"a.cycl": {"kind": "module", "edition": 1, "decls": [{"kind": "audit", "name": "x", "more": 1}]}}',
            "holds no canonical module",
        ),
    ],
)
def test_json_that_is_no_audit_is_refused(text: str, said: str, pair: tuple[Path, Path]) -> None:
    path = pair[0].with_name("bad.json")
    path.write_text(text)
    code, _, err = command("diff", pair[0], path)
    assert code == 1
    assert said in err.replace("\n", " ")


def test_a_side_that_is_not_there_or_has_errors_is_refused(pair: tuple[Path, Path], tmp_path: Path) -> None:
    assert command("diff", pair[0], tmp_path / "nowhere.cycl")[0] == 1
    assert command("diff", pair[0], tmp_path)[0] == 1
    pair[1].write_text("cycl 1\nparam p : shar = 1\n")
    code, _, err = command("diff", *pair)
    assert code == 1
    assert "did you mean `share`?" in err


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("one two three", "one 2 three", "one [-two-]{+2+} three"),
        ("one", "one two", "one{+ two+}"),
        ("one two", "two", "[-one -]two"),
        ("same", "same", "same"),
    ],
)
def test_texts_are_compared_word_by_word(before: str, after: str, shown: str) -> None:
    assert word_difference(before, after) == shown


def test_the_python_face_finds_the_same_changes(pair: tuple[Path, Path]) -> None:
    import cyclspec

    found, cost = cyclspec.compare(*pair)
    assert cost is None
    assert [change.what for change in found.changes] == [
        change["what"] for change in as_json(*pair)["changes"]
    ]


@pytest.mark.timeout(60)
def test_more_cells_than_the_limit_are_refused_before_they_are_compared(tmp_path: Path) -> None:
    """A comparison goes cell by cell: with a million repeats it would run out of memory before it began."""
    spec = copied_quickstart(tmp_path)
    text, _, _ = spec.read_text(encoding="utf-8").partition("  let human")
    huge = text.replace("  ask reply", "  each repeat in 1..1000000\n  ask reply")
    spec.write_text(huge.replace("model = model", "model = model, per = [repeat]") + "}\n", encoding="utf-8")
    code, _, err = command("diff", spec, spec, "--data")
    assert code == entry.REFUSED
    assert "error[CY0705]" in err
    assert "the limit is 1 000 000" in err


def test_the_limit_of_a_comparison_is_chosen(tmp_path: Path) -> None:
    spec = copied_quickstart(tmp_path)
    code, _, err = command("diff", spec, spec, "--data", "--max-requests", "100")
    assert code == entry.REFUSED
    limit = re.search(r"`--max-requests (\d+)`", err)
    assert limit is not None
    code, _, err = command("diff", spec, spec, "--data", "--max-requests", limit[1])
    assert code == 0, err
