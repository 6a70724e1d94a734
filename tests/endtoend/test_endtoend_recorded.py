"""Answers that exist already, scored without a model: from files to measures, against pandas and SciPy."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded_worlds import COUNTRIES, MODELS, Recorded, make_recorded
from scipy.spatial.distance import jensenshannon
from worlds_on_disk import Said, World

import cyclspec

NEAR = ("near_picked", "near_spoken", "near_counted", "near_shared", "near_logged")
MODEL_OF = {place: name for name, place in MODELS.items()}
COUNTRY_OF = {code: name for name, code in COUNTRIES.items()}


def human(world: World, item: str, country: str) -> np.ndarray:
    frame = world.frame()
    here = frame[(frame["item"] == item) & (frame["country"] == country)]
    sums = here.groupby("value")["weight"].sum()
    found = np.array([sums.get(code, 0.0) for code in world.codes(item)])
    return found / found.sum()


def near(world: World, answers: Mapping[tuple[str, str], np.ndarray]) -> float:
    """The mean over cells of 1 - the Jensen-Shannon distance in bits."""
    return float(
        np.mean([1 - jensenshannon(answer, human(world, *cell), base=2) for cell, answer in answers.items()])
    )


def picked(
    found: Recorded, model: str, codes: Callable[[dict[str, Any]], str | None]
) -> dict[tuple[str, str], Any]:
    """The shares of choices in every cell of a model, by pandas."""
    rows = [
        {"item": row["item"], "country": row["country"], "code": codes(row)}
        for row in found.replies
        if row["model"] == model and codes(row) is not None
    ]
    cells: dict[tuple[str, str], Any] = {}
    for (item, country), part in pd.DataFrame(rows).groupby(["item", "country"]):
        counts = part["code"].value_counts(normalize=True)
        cells[str(item), str(country)] = np.array([counts.get(c, 0.0) for c in found.world.codes(str(item))])
    return cells


def spoken_code(row: dict[str, Any]) -> str | None:
    """The option whose words a text of this world names."""
    said = row["said"]
    return said.split("choice ")[1].split(" ")[0] if said and "choice" in said else None


@pytest.fixture(scope="module")
def found() -> Recorded:
    return make_recorded()


@pytest.fixture(scope="module")
def done(
    found: Recorded, tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]
) -> tuple[Said, Any]:
    folder = tmp_path_factory.mktemp("recorded")
    said = command("run", found.write(folder), "--out", folder / "out")
    return said, cyclspec.open_run(folder / "out")


@pytest.fixture(scope="module")
def measures(done: tuple[Said, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    rows = done[1].measures.to_pylist()
    return {(row["measure"], row["model"] or row["country"]): row for row in rows}


def test_nothing_is_asked(done: tuple[Said, Any]) -> None:
    said, run = done
    assert said.code == 0
    assert "0 asked, 0 reused" in said.err
    assert run.requests.num_rows == 0


def test_every_kind_of_column_gives_what_pandas_and_scipy_give(found: Recorded, measures: Any) -> None:
    for place, model in MODEL_OF.items():
        vectors = {
            (row["item"], row["country"]): np.array(
                [row["tally"][code] for code in found.world.codes(row["item"])], dtype=float
            )
            for row in found.vectors
            if row["model"] == place
        }
        wanted = {
            "near_picked": near(found.world, picked(found, place, lambda row: row["value"])),
            "near_spoken": near(found.world, picked(found, place, spoken_code)),
            **dict.fromkeys(
                ("near_counted", "near_shared", "near_logged"),
                near(found.world, {cell: tally / tally.sum() for cell, tally in vectors.items()}),
            ),
        }
        for name, value in wanted.items():
            assert measures[name, model]["value"] == pytest.approx(value, abs=2e-7), name
        assert measures["mass", model]["value"] == pytest.approx(0.9, abs=1e-6)


def test_what_is_missing_is_counted_with_its_reason(
    found: Recorded, done: tuple[Said, Any], measures: Any
) -> None:
    answers = pd.DataFrame(done[1].answers.to_pylist())
    refused = {
        place: sum(row["why"] == "refused" for row in found.replies if row["model"] == place)
        for place in MODEL_OF
    }
    unclear = sum(row["said"] is not None and "choice" not in row["said"] for row in found.replies)
    lost = answers[answers["status"] == "missing"].groupby(["ask", "reason"]).size().to_dict()
    assert lost == {
        ("chosen", "refused"): sum(refused.values()),
        ("chosen", "not recorded"): 1,
        ("told", "unreadable"): unclear,
        ("told", "not recorded"): sum(refused.values()) + 1,
    }
    cells = 6 * 3 * 4
    assert measures["lost", "one"]["value"] == pytest.approx(refused["org/One-7B"] / cells)
    assert measures["lost", "two"]["value"] == pytest.approx((refused["two"] + 1) / cells)
    row = measures["near_picked", "two"]
    assert (row["n_used"] + row["n_missing"], row["n_missing"]) == (cells, refused["two"] + 1)


def test_an_answer_stands_beside_the_codes_of_its_options_and_its_number(
    found: Recorded, done: tuple[Said, Any]
) -> None:
    answers = done[1].answers.to_pylist()
    row = found.vectors[0]
    at = {"item": row["item"], "country": COUNTRY_OF[row["country"]], "model": MODEL_OF[row["model"]]}
    mine = {a["ask"]: a for a in answers if all(a[axis] == level for axis, level in at.items())}
    codes = found.world.codes(row["item"], missing=True)
    total = sum(row["tally"].values())
    for name in ("counted", "shared", "logged"):
        assert mine[name]["codes"] == codes
        assert mine[name]["probs"] == pytest.approx(
            [row["tally"].get(code, 0) / total for code in codes], abs=1e-6
        )
    assert (mine["counted"]["n"], mine["shared"]["n"], mine["logged"]["n"]) == (total, None, None)
    assert mine["logged"]["logprobs"][:-1] == pytest.approx(
        [row["logs"][code] for code in codes[:-1]], abs=1e-6
    )
    assert (mine["logged"]["mass"], mine["shared"]["mass"]) == (pytest.approx(0.9), None)
    assert {a["request"] for a in answers} == {None}
    told = next(a for a in answers if a["ask"] == "told" and a["status"] == "answered")
    assert (told["text"].split("choice ")[1][0], told["choice"] in told["codes"]) == (told["choice"], True)


def test_the_order_of_rows_changes_no_byte(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    tables = []
    for at, seed in enumerate((1, 2)):
        chance = random.Random(seed)
        mixed = replace(found, replies=[*found.replies], vectors=[*found.vectors])
        chance.shuffle(mixed.replies)
        chance.shuffle(mixed.vectors)
        command("run", mixed.write(tmp_path / str(at)), "--out", tmp_path / str(at) / "out")
        run = cyclspec.open_run(tmp_path / str(at) / "out")
        tables.append((run.measures.to_pylist(), run.answers.to_pylist(), run.checks.to_pylist()))
    assert tables[0] == tables[1]


def test_a_floor_counts_how_few_answers_there_are(found: Recorded, measures: Any) -> None:
    """Known shares against the same people have a higher floor than counted ones, and those than four choices."""
    floors = {name: measures[name, "one"]["floor"] for name in NEAR}
    assert floors["near_shared"] == pytest.approx(floors["near_logged"])
    assert floors["near_picked"] < floors["near_counted"] < floors["near_shared"]
    wanted = simulated_floor(found, model="org/One-7B", draws=600)
    assert floors["near_counted"] == pytest.approx(wanted, abs=0.004)


def simulated_floor(found: Recorded, *, model: str, draws: int) -> float:
    """The floor of counted answers, simulated as methods.md says it, with other draws."""
    rng = np.random.default_rng(12)
    frame = found.world.frame()
    values = []
    for row in (row for row in found.vectors if row["model"] == model):
        codes = found.world.codes(row["item"])
        here = frame[
            (frame["item"] == row["item"]) & (frame["country"] == row["country"]) & frame["value"].isin(codes)
        ]
        weights = here["weight"].to_numpy()
        n_eff = weights.sum() ** 2 / (weights**2).sum()
        truth = rng.dirichlet(human(found.world, row["item"], row["country"]) * n_eff + 0.5, draws)
        people = [rng.multinomial(round(n_eff), p) / round(n_eff) for p in truth]
        n = sum(row["tally"].values())
        answers = [rng.multinomial(n, p) / n for p in truth]
        values += [1 - jensenshannon(p, q, base=2) for p, q in zip(answers, people, strict=True)]
    return float(np.mean(values))


def test_counts_of_several_rows_are_added(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    single = [
        {
            **{k: row[k] for k in ("item", "country", "model")},
            "tally": {code: 1},
            "shares": None,
            "logs": None,
        }
        for row in found.vectors
        for code, count in row["tally"].items()
        for _ in range(count)
    ]
    audit = (
        found.audit.split("  ask shared")[0]
        + "measure off by model : share = mean over item, country of m.tv(counted, uniform(item.options)) }"
    )
    tables = found.tables.replace("dist(item.options)", "dist(item.options)?").replace(
        "logprobs(item.options)", "logprobs(item.options)?"
    )
    few = replace(found, vectors=single, audit=audit, tables=tables)
    assert command("run", few.write(tmp_path), "--out", tmp_path / "out").code == 0
    run = cyclspec.open_run(tmp_path / "out")
    counted = [row for row in run.answers.to_pylist() if row["ask"] == "counted"]
    totals = {
        (r["item"], COUNTRY_OF[r["country"]], MODEL_OF[r["model"]]): sum(r["tally"].values())
        for r in found.vectors
    }
    assert {(row["item"], row["country"], row["model"]): row["n"] for row in counted} == totals


def test_a_plan_says_what_the_tables_answer(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    more = replace(found, vectors=[*found.vectors, {**found.vectors[0], "model": "another"}])
    said = command("plan", more.write(tmp_path)).out
    assert "36 cells answered in the table, 0 requests; 1 row of other cells" in said
    missing = sum(row["value"] is None for row in found.replies)
    assert (
        f"{144 - missing - 1} of 144 cells answered in the table, 0 requests; 1 not recorded; {missing} refused"
        in said
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda r, v: r.append(dict(r[5])),
            ["a second answer of one cell", "has row 6 already", "replies.csv, row 144"],
        ),
        (lambda r, v: v.append(dict(v[0])), ["a second answer of one cell", "vectors.jsonl, row 37"]),
        (
            lambda r, v: v[2]["shares"].append(0.0),
            ["has", "numbers for", "vectors.jsonl, row 3, column `shares`"],
        ),
        (lambda r, v: v[3]["tally"].update({"9": 4}), ["a count for `9`, which is not an option", "row 4"]),
        (lambda r, v: v[3]["tally"].update({"1": 0.5}), ["the count of option `1` is 0.5"]),
        (lambda r, v: v[3]["tally"].update({"1": -2}), ["the count of option `1` is -2"]),
        (lambda r, v: v[4]["logs"].pop("1"), ["no log-probability for option `1`", "row 5, column `logs`"]),
        (lambda r, v: v[4]["logs"].update({"1": 0.7}), ["the log-probability of option `1` is 0.7"]),
        (
            lambda r, v: v[4].update(logs=dict.fromkeys(v[4]["logs"], -0.1)),
            ["the options have a probability of"],
        ),
        (lambda r, v: v[6].update(shares=[0.9 * x for x in v[6]["shares"]]), ["shares sum to 0.9", "row 7"]),
        (
            lambda r, v: r[0].update(value="7"),
            ['"7" is not an option of `q', "replies.csv, row 1, column `value`"],
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_row(
    change: Callable[[list[Any], list[Any]], Any],
    words: list[str],
    found: Recorded,
    tmp_path: Path,
    command: Callable[..., Said],
) -> None:
    broken = json.loads(json.dumps([found.replies, found.vectors]))
    change(*broken)
    spec = replace(found, replies=broken[0], vectors=broken[1]).write(tmp_path)
    for said in (command("check", "--data", spec), command("run", spec, "--out", tmp_path / "out")):
        assert said.code == 1
        assert all(word in said.err + said.out for word in words), said.err + said.out
    assert not (tmp_path / "out").exists()


def test_rounded_shares_are_brought_to_a_sum_of_one_and_counted(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    rounded = json.loads(json.dumps(found.vectors))
    for row in rounded[:3]:
        row["shares"] = [x * 1.004 for x in row["shares"]]
    spec = replace(found, vectors=rounded).write(tmp_path)
    assert "3 rows of `shares` brought to a sum of one, by 0.40% at most" in command("plan", spec).out


def test_a_model_that_the_table_calls_otherwise_is_told_of(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    wrong = replace(found, replaced={'recorded("org/One-7B")': 'recorded("org/one-7b")'})
    said = command("check", "--data", wrong.write(tmp_path))
    assert said.code == 0
    assert "warning[CY0718]: 1 of 2 levels of `model` have no row in `earlier.vectors`" in said.out + said.err
    assert "`model` has `org/One-7B`, which the axis has not" in said.out + said.err
    none = replace(
        found, replaced={**wrong.replaced, "model two = recorded()": 'model two = recorded("Two")'}
    )
    said = command("plan", none.write(tmp_path / "none"))
    assert said.code == 1
    assert "error[CY0717]: no row of `earlier.replies` is for a cell of ask `chosen`" in said.err


def test_rows_that_only_another_axis_tells_apart_name_that_axis(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    audit = found.audit.replace("  each repeat  in 1..4\n", "").replace("per     = [repeat]\n", "")
    audit = audit.replace("per = [repeat], ", "").replace("share over repeat of", "share over model of")
    audit = audit.replace(
        "by model : share = mean over item, country, repeat of",
        "by model : share = mean over item, country of",
    )
    audit = audit.replace("near_picked  by model", "near_picked by country").replace(
        "near_spoken  by model", "near_spoken by country"
    )
    audit = audit.replace("country of 1 - m.js_distance(picked", "XX").replace(
        "country of 1 - m.js_distance(spoken", "YY"
    )
    audit = audit.replace("mean over item, XX", "mean over item of 1 - m.js_distance(picked")
    audit = audit.replace("mean over item, YY", "mean over item of 1 - m.js_distance(spoken")
    said = command("check", "--data", replace(found, audit=audit).write(tmp_path))
    assert said.code == 1
    assert "they differ in `repeat`: make it an axis of the ask, `per = [repeat]`" in said.out + said.err


def test_scoring_again_reads_the_same_answers(
    found: Recorded, tmp_path: Path, command: Callable[..., Said]
) -> None:
    spec = found.write(tmp_path)
    command("run", spec, "--out", tmp_path / "out")
    before = cyclspec.open_run(tmp_path / "out").measures.to_pylist()
    text = spec.read_text(encoding="utf-8").replace(
        "1 - m.js_distance(shared, human)", "1 - m.tv(shared, human)"
    )
    spec.write_text(text, encoding="utf-8")
    assert command("score", tmp_path / "out", spec).code == 0
    after = cyclspec.open_run(tmp_path / "out").measures.to_pylist()
    changed = {row["measure"] for row, other in zip(before, after, strict=True) if row != other}
    assert changed == {"near_shared"}
