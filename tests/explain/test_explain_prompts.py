"""One rendered prompt of one cell: what is said, the exact text, its tokens and its labels."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from recorded_stages import ROOT, command

from cyclspec import pipeline
from cyclspec.compiler.plan import arguments
from cyclspec.explain.cells import levels_given

QUICKSTART = ROOT / "specs" / "quickstart.cycl"


def prompt(levels: str, *args: str) -> str:
    said = command("explain", QUICKSTART, "--prompt", levels, *args)
    assert said.code == 0, said.err
    return said.out


def test_the_prompt_of_a_cell_is_the_one_that_is_asked() -> None:
    context = pipeline.check(QUICKSTART).require()
    opened = pipeline.open_data(context, pipeline.choose(context, None))
    planned = pipeline.plan(opened, weights="if here")
    from cyclspec.compiler.plan.plan import cells_of

    wanted = {"item": opened.grid.axes["item"].levels[7], "country": "yimbrava", "model": "tiny"}
    number = next(n for levels, n, _ in cells_of(planned, planned.asks[0]) if levels == wanted)
    request = planned.requests[number]
    shown = prompt(",".join(f"{axis}={level}" for axis, level in wanted.items()))
    text = "\n".join(f"  | {line}".rstrip() for line in request.text.split("\n"))
    assert text in shown
    assert f"{len(request.token_ids)} tokens" in shown
    ids = " ".join(shown[shown.index(" tokens\n") :].split())
    for token in request.token_ids:
        assert f' {token} "' in ids
    for label, found in zip("ABCD", request.read.ids, strict=False):
        assert f'{label}  {found[0]} " {label}"' in shown


OPTIONS = """cycl 1

axis town : nominal { mill, harbour }

scale often : ordinal { never "never" some "now and then" always "nearly every day" }

prompt market(town: town) -> choice(often) {
  user "Do you go to the market of {town}?"
  prefix "Answer:"
}

panel models { model first = demo() }

audit whole {
  each town  in town
  each model in models
  ask reply = market(town) { model = model, read = option_likelihood(normalise = by_token) }
  check read_at_all = (min over town of reply.mass) >= 0.0
}
"""


@pytest.mark.parametrize(("prefix", "after"), [("Answer:", ""), ("Answer: ", "; the rest of the prompt's")])
def test_the_tokens_of_whole_options_are_shown(prefix: str, after: str, tmp_path: Path) -> None:
    spec = tmp_path / "audit.cycl"
    spec.write_text(OPTIONS.replace("Answer:", prefix), encoding="utf-8")
    said = command("explain", spec, "--prompt", "town=mill")
    assert said.code == 0, said.err
    assert "3 options, each a text after" in said.out
    assert ("tokenised with them" in said.out) == bool(after)
    rows = dict(re.findall(r"^  (never|some|always) +(.+)$", said.out, re.MULTILINE))
    words = {code: "".join(re.findall(r'"([^"]+)"', tokens)) for code, tokens in rows.items()}
    assert words == {"never": " never", "some": " now and then", "always": " nearly every day"}


def test_levels_that_are_not_given_are_the_first_and_said_to_be() -> None:
    shown = prompt("country=quorlith").splitlines()
    assert "  country  quorlith" in shown
    assert sum("the first; none was given" in line for line in shown) == 2


def test_a_model_may_be_moved_or_left_out(tmp_path: Path) -> None:
    without = prompt("country=quorlith", "--no-tokens")
    assert "living in Quorlith" in without
    assert "tokens" not in without.replace("--no-tokens", "")
    unreachable = prompt("country=quorlith", "--model", f"tiny={tmp_path / 'nowhere'}")
    assert "living in Quorlith" in unreachable
    assert "not tokenised: CY07" in unreachable


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ("country=quorlit", "did you mean `quorlith`?"),
        ("contry=quorlith", "did you mean `country`?"),
        ("ask=repl", "did you mean `reply`?"),
        ("model=tin", "did you mean `tiny`?"),
    ],
)
def test_a_misspelled_cell_is_an_error_with_what_was_meant(levels: str, said: str) -> None:
    found = command("explain", QUICKSTART, "--prompt", levels)
    assert found.code == 1
    assert "error[CY0101]" in found.err
    assert said in found.err


@pytest.mark.parametrize("levels", ["item", "=x", "item=", "item=a,item=b", "item=a b=c"])
def test_levels_in_another_form_are_a_usage_error(levels: str) -> None:
    found = command("explain", QUICKSTART, "--prompt", levels)
    assert found.code == 2
    assert "--prompt" in found.err


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("", {}),
        ("item=a", {"item": "a"}),
        (" item = a , country=b c ", {"item": "a", "country": "b c"}),
        ('item="a, b",country=c', {"item": "a, b", "country": "c"}),
        ("item=a,", {"item": "a"}),
    ],
)
def test_levels_are_read_with_spaces_and_quotes(text: str, levels: dict[str, str]) -> None:
    assert levels_given(text) == levels


HUGE = """cycl 1

axis town : nominal { mill, harbour }
scale often : ordinal { never, some, always }

prompt market(town: town, n: real) -> choice(often) { user "{n} {town}" }

panel models { model first = demo() }

audit whole {
  each town  in town
  each a     in 1..1000
  each b     in 1..1000
  each c     in 1..1000 where c >= 7
  each turn  in draw([10], per = [a, b, c])
  each model in models
  ask reply = market(town, a + b + 2 * c + turn) { model = model, read = first_token }
  check mass = (min over town, a, b, c of reply.mass) >= 0.5
}
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("levels", "message"), [("a=30,b=999", "1053 mill"), ("town=harbour,c=1000", "2012 harbour")]
)
def test_a_prompt_of_a_grid_of_any_size_needs_one_cell(levels: str, message: str, tmp_path: Path) -> None:
    spec = tmp_path / "audit.cycl"
    spec.write_text(HUGE, encoding="utf-8")
    said = command("explain", spec, "--prompt", levels, "--no-tokens")
    assert said.code == 0, said.err
    assert f"  | {message}\n" in said.out


def test_what_is_computed_for_one_cell_is_what_is_computed_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "audit.cycl"
    small = HUGE.replace("1000", "20").replace("draw([10]", "draw(1..9")
    spec.write_text(small, encoding="utf-8")
    cells = [
        f"town={town},a={a},b={b},c={c}" for town, a, b, c in [("mill", 3, 20, 8), ("harbour", 20, 1, 20)]
    ]

    def prompts() -> list[str]:
        return [command("explain", spec, "--prompt", levels, "--no-tokens").out for levels in cells]

    together = prompts()
    monkeypatch.setattr(arguments, "MOST_AT_ONCE", 1)
    assert prompts() == together
    assert len(set(together)) == 2
