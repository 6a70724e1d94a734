"""Every stage of a spec as `explain` prints it, against the recorded prints in tests/stages.

`CYCLSPEC_BLESS=1 pytest tests/explain` writes them anew; read the difference before keeping it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_stages import ROOT, STAGES, command, same_as_recorded

from cyclspec.explain.layout import WIDTH

QUICKSTART = "specs/quickstart.cycl"
PRINTS = {
    "quickstart_ast": (QUICKSTART, "--stage", "ast"),
    "quickstart_types": (QUICKSTART, "--stage", "types"),
    "quickstart_types_with_data": (QUICKSTART, "--stage", "types", "--data"),
    "quickstart_logical": (QUICKSTART, "--stage", "logical"),
    "quickstart_logical_transport": (
        QUICKSTART,
        "--stage",
        "logical",
        "--measure",
        "transport",
        "--rewrites",
    ),
    "quickstart_physical": (QUICKSTART, "--stage", "physical"),
    "quickstart_jax": (QUICKSTART, "--stage", "jax"),
    "quickstart_prompt": (QUICKSTART, "--prompt", "country=quorlith"),
    "quickstart_survey_types": ("specs/quickstart/survey.cycl",),
    "quickstart_prompts_ast": ("specs/quickstart/prompts.cycl", "--stage", "ast"),
    "std_metrics_types": ("specs/std/metrics.cycl",),
    "first_letter_ast": ("tests/good/audits/first_letter.cycl", "--stage", "ast"),
    "first_letter_types": ("tests/good/audits/first_letter.cycl",),
    "panel_grid_types": ("tests/good/audits/panel_grid.cycl",),
    "people_types": ("tests/good/people.cycl",),
    "stages_types": ("tests/good/stages.cycl",),
    "dependent_axes_types": ("tests/good/dependent_axes.cycl",),
}
JAXPRS = {
    "quickstart_jax_emd_norm": (QUICKSTART, "--stage", "jax", "--metric", "emd_norm"),
    "quickstart_jax_uniform": (QUICKSTART, "--stage", "jax", "--measure", "uniform_baseline"),
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", PRINTS)
def test_a_stage_is_printed_as_recorded(name: str) -> None:
    said = command("explain", *PRINTS[name])
    assert said.code == 0, said.err
    assert same_as_recorded(name, said.out)


@pytest.mark.parametrize("name", JAXPRS)
def test_a_jaxpr_is_printed_as_recorded(name: str) -> None:
    import jax

    if not jax.__version__.startswith("0.10."):
        pytest.skip("jaxprs are recorded with jax 0.10, which the lock names")
    said = command("explain", *JAXPRS[name])
    assert said.code == 0, said.err
    assert same_as_recorded(name, said.out)


def test_no_recorded_print_is_left_over() -> None:
    assert {path.stem for path in STAGES.glob("*.txt")} == {*PRINTS, *JAXPRS}


@pytest.mark.parametrize("name", [name for name in PRINTS if name.endswith(("types", "ast", "data"))])
def test_a_print_of_the_text_alone_fits_its_columns(name: str) -> None:
    lines = (STAGES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= WIDTH


def test_the_tree_has_a_place_for_every_node(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text("cycl 1\n\n## A share.\nparam least : real = 1 - 0.25 where least in 0..1\n")
    assert command("explain", path, "--stage", "ast").out.splitlines() == [
        " 1:1  module edition 1",
        " 3:1    param least",
        '          doc "A share."',
        "4:15      type: type real",
        "4:22      default: binary -",
        "4:22        left: int 1",
        "4:26        right: real 0.25",
        "4:37      where: binary in",
        "4:37        left: name least",
        "4:46        right: binary ..",
        "4:46          left: int 0",
        "4:49          right: int 1",
    ]


def test_every_stage_shows_one_measure_with_what_it_stands_on() -> None:
    def shown(stage: str, measure: str) -> str:
        said = command("explain", QUICKSTART, "--stage", stage, "--measure", measure)
        assert said.code == 0, said.err
        return said.out

    types = shown("types", "uniform_baseline")
    words = [line.split()[:2] for line in types.splitlines()[1:]]
    assert ["measure", "uniform_baseline"] in words
    assert ["let", "human"] in words
    assert not {"ask", "check"} & {first for first, _ in words}
    assert ["ask", "reply"] in [line.split()[:2] for line in shown("types", "label_mass").splitlines()]
    assert shown("ast", "alignment").splitlines()[0].split()[1:3] == ["measure", "alignment"]
    assert shown("physical", "uniform_baseline") == "measure uniform_baseline asks nothing\n"
    whole = command("explain", QUICKSTART, "--stage", "physical").out
    assert shown("physical", "alignment").splitlines()[:-1] == whole.splitlines()[:-1]


def test_types_need_no_data(tmp_path: Path) -> None:
    text = Path(QUICKSTART).read_text(encoding="utf-8")
    for name in ("survey.cycl", "prompts.cycl"):
        (tmp_path / "quickstart").mkdir(exist_ok=True)
        (tmp_path / "quickstart" / name).write_text(
            Path("specs/quickstart", name).read_text(encoding="utf-8")
        )
    (tmp_path / "a.cycl").write_text(text, encoding="utf-8")
    assert command("explain", tmp_path / "a.cycl").code == 0
    refused = command("explain", tmp_path / "a.cycl", "--data")
    assert refused.code == 1
    assert "error[CY07" in refused.err


def test_without_a_stage_the_types_are_shown_and_the_other_stages_named() -> None:
    said = command("explain", QUICKSTART)
    assert said.out == command("explain", QUICKSTART, "--stage", "types").out
    assert "ast|types|logical|physical|jax" in said.err


def test_a_bound_parameter_is_seen_by_every_stage() -> None:
    said = command("explain", QUICKSTART, "--stage", "logical", "-p", "min_mass=0.25")
    assert ">= 0.25" in said.out
    assert command("explain", QUICKSTART, "-p", "min_mas=0.25").code == 1


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--stage", "jax", "--measure", "alignmnt"), 1, "did you mean `alignment`?"),
        (("--stage", "logical", "--measure", "alignmnt"), 1, "did you mean `alignment`?"),
        (("--stage", "jax", "--metric", "emd"), 1, "there are `emd_norm`, `js_distance`"),
        (("--audit", "quickstar"), 1, "did you mean `quickstart`?"),
        (("--measure", "alignmnt"), 1, "did you mean `alignment`?"),
        (("--stage", "ast", "--measure", "alignmnt"), 1, "did you mean `alignment`?"),
        (("--stage", "physical", "--measure", "alignmnt"), 1, "did you mean `alignment`?"),
        (("--measure", "alignment", "--prompt", "item=a"), 2, "--prompt shows a cell"),
        (("--stage", "types", "--metric", "tv"), 2, "--stage jax"),
        (("--stage", "types", "--prompt", "item=a"), 2, "give one of them"),
        (("--stage", "parse"), 2, "'ast', 'types', 'logical', 'physical', 'jax'"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_refused(args: tuple[str, ...], code: int, said: str) -> None:
    found = command("explain", QUICKSTART, *args)
    assert found.code == code
    assert said in found.err
    assert found.out == ""


def test_a_spec_with_errors_has_a_tree_and_no_further_stage(tmp_path: Path) -> None:
    (tmp_path / "a.cycl").write_text("cycl 1\nparam p : shar = 1\n")
    found = command("explain", tmp_path / "a.cycl")
    assert found.code == 1
    assert "did you mean `share`?" in found.err
    assert "type: type shar" in command("explain", tmp_path / "a.cycl", "--stage", "ast").out


@pytest.mark.parametrize("text", ["cycl 1\nparam p : share =\n", "param p : share\n"])
def test_a_text_that_does_not_parse_has_no_tree(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.cycl").write_text(text)
    found = command("explain", tmp_path / "a.cycl", "--stage", "ast")
    assert found.code == 1
    assert "error[CY00" in found.err


def test_a_file_that_is_not_there_is_told_of() -> None:
    for stage in ("ast", "types"):
        found = command("explain", "nowhere.cycl", "--stage", stage)
        assert found.code == 1
        assert "does not exist" in found.err


def test_the_python_face_shows_the_same_stages() -> None:
    import cyclspec

    audit = cyclspec.load(QUICKSTART)
    for name, args in (("types", ()), ("logical", ("--measure", "transport"))):
        measure = "transport" if args else None
        shown = command("explain", QUICKSTART, "--stage", name, *args).out
        assert audit.explain("types" if name == "types" else "logical", measure=measure) + "\n" == shown
