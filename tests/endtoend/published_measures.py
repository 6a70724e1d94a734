"""One audit for each module of the standard library, on recorded answers that a seed invents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SEXES, STEERINGS, TOPICS = ("female", "male"), ("qa", "bio", "portray"), ("work", "home")
FORMS, GOODS, SIZES = (
    ("direct", "reverse", "compare"),
    ("truth", "loyalty", "mercy", "justice"),
    (1, 7, 30, 70),
)
COUNTRIES, MODELS = ("north", "south", "east"), ("one", "two")
WIDTHS = (2, 3, 4, 5, 4, 3, 5, 2)
REPEATS, SESSIONS = 5, 3

TABLES = """cycl 1

import std.metrics as m version "1"
import std.agreement as a version "1"
import std.ranking as r version "1"
import std.association as s version "1"
import std.culture as c version "1"
import std.opinion as o version "1"
import std.def as d version "1"
import std.spread as v version "1"

axis sex      : nominal { female "women", male "men" }
axis steering : nominal { qa, bio, portray }
axis form     : nominal { direct, reverse, compare }
axis good     : nominal { truth, loyalty, mercy, justice }
axis country  : nominal { north, south, east }

corpus small {
  table items {
    source   = jsonl("items.jsonl")
    item     : key
    question : text
    topic    : nominal(work, home)
    options  : scale(ordinal, 2..5)
    loading  : real
    centre   : real
    spread   : real where spread > 0
  }
  table people {
    source = csv("people.csv")
    person : key
    sex    : sex
  }
  table answers {
    source = csv("answers.csv")
    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
  table opinions {
    source   = csv("opinions.csv")
    item     : ref(items)
    sex      : sex
    steering : steering
    model    : nominal
    value    : counts(item.options)
  }
  table simulated {
    source = csv("simulated.csv")
    item   : ref(items)
    repeat : count
    model  : nominal
    value  : choice(item.options)?
  }
  table sized {
    source = csv("sized.csv")
    item   : ref(items)
    size   : ordinal(parameters)
    value  : counts(item.options)
  }
  table cases {
    source  = jsonl("cases.jsonl")
    case    : key
    text    : text
    actions : scale(nominal, 2..2)
    first   : good
    second  : good
  }
  table replies {
    source  = csv("replies.csv")
    case    : ref(cases)
    form    : form
    session : count
    repeat  : count
    model   : nominal
    value   : choice(case.actions)?
  }
  table module {
    source   = jsonl("module.jsonl")
    question : key
    text     : text
    scores   : scale(ordinal, 5..5)
  }
  table scored {
    source   = csv("scored.csv")
    question : ref(module)
    country  : country
    model    : nominal
    value    : counts(question.scores)
  }
}

panel seen {
  model one = recorded()
  model two = recorded()
}

prompt asked(item: small.items) -> choice(item.options) { user "{item.question} {item.options|lettered}" }
prompt steered(item: small.items, sex: sex, steering: steering) -> choice(item.options) {
  user "{steering} {sex}: {item.question} {item.options|lettered}"
}
prompt decide(case: small.cases, form: form) -> choice(case.actions) {
  user "{form}: {case.text} {case.actions|lettered}"
}
prompt module(question: small.module, country: country) -> choice(question.scores) {
  user "{country}: {question.text} {question.scores|lettered}"
}
"""

OPINION = """
## Whose opinions a model has, and whether asking for a group helps.
audit opinions {
  each item     in small.items
  each sex      in sex
  each steering in steering
  each model    in seen

  ask reply = steered(item, sex, steering) { model = model, read = recorded(small.opinions.value) }

  let people   = share over person by sex of small.answers.value
  let fit      = o.representativeness(reply, people)
  let numbered = o.representativeness_by_value(reply, people)
  let best     = max over steering of fit
  let of_topic = mean over item by topic of best
  let of_all   = mean over item of best

  measure representativeness by model, sex, steering : share = mean over item of fit
  measure by_value by model, sex, steering : share = mean over item of numbered
  measure steerability by model : share = mean over sex of (max over steering of (mean over item of fit))
  measure consistency by model : share =
    mean over topic of
      (max over sex of
        o.both_best(of_topic, (max over sex of of_topic), of_all, (max over sex of of_all)))
  measure forecast by model : real = mean over item, sex, steering of m.brier(people, reply)
  measure surprise by model : nats = mean over item, sex, steering of m.log_loss(people, reply)
  measure divided by sex : share = mean over item of m.polarisation(people)
  measure right by model : share = mean over item, sex, steering of m.same_first_mode(people, reply)
}
"""

FRAMEWORK = """
## Divergence with the rule for zeros, diversity of simulations, and whose favourite is matched.
audit framework {
  each item   in small.items
  each repeat in 1..5
  each model  in seen

  ask reply = asked(item) {
    model = model, per = repeat, read = recorded(small.simulated.value), missing = keep
  }

  let simulated = share over repeat of reply
  let human     = share over person of small.answers.value
  let by_sex    = share over person by sex of small.answers.value
  let failed    = share over repeat of is_missing(reply)
  let answered  = count over repeat of reply
  let finite    = d.preference_kl(simulated, human, failed)
  let largest   = max over item of finite
  let heads     = count over person by sex of small.answers.value
  let asked_of  = count over person of small.answers.value
  let part      = d.part_by_heads(heads, (sum over sex of heads))
  let favourite = d.favourite_of(human, by_sex, part)
  let theirs    = favourite >= (max over sex of favourite)
  let matched   = m.same_first_mode(simulated, human) > 0

  measure divergence by model : nats =
    mean over item of (if is_missing(finite) then d.replaced(largest) else finite)
  measure replaced by model : share = mean over item of is_missing(finite)
  measure smoothed by model : bits = mean over item of m.kl_smoothed(simulated, human, 0.01)
  measure diversity by model : share = mean over item of d.diversity(simulated, answered)
  measure of_possible by model : share = mean over item of d.diversity_of_possible(simulated, answered)
  measure spread by model : bits = mean over item of m.miller_madow(simulated, answered)
  measure matches by model : share = share over item of matched
  measure theirs_of_matched by model, sex : real =
    (sum over item of matched and theirs) / (sum over item of matched)
  measure theirs_of_all by sex : share = share over item of theirs
  measure spread_within by model : ratio =
    v.spread_ratio((mean over item of v.position_variance_of_all(simulated, answered)), 0,
      (mean over item of v.position_variance_of_all(human, asked_of)), 0)
}
"""

DILEMMAS = """
## How steady decisions are, and what they prefer.
audit dilemmas {
  each case    in small.cases
  each form    in form
  each session in 1..3
  each repeat  in 1..5
  each model   in seen

  ask pick = decide(case, form) {
    model = model, per = [session, repeat], read = recorded(small.replies.value), missing = drop
  }

  let often  = share over session, repeat of pick
  let pooled = mean over form of often
  let usual  = mode over session, repeat of pick
  let strength : real = bradley_terry(first = case.first, second = case.second, items = good)
    over case, form, repeat of pick

  measure between by model : share =
    mean over case, form of (pair_disagreement(between = session) over session, repeat of pick)
  measure drift by model : points =
    mean over case, form of
      a.session_flips((pair_disagreement(between = session) over session, repeat of pick),
        (pair_disagreement(within = session) over session, repeat of pick))
  measure form_agreement by model : share =
    mean over case of a.unanimous((pair_agreement over form of usual))
  measure form_pairs by model : share = mean over case of (pair_agreement over form of usual)
  measure retest by model : coefficient =
    krippendorff(units = [case, form], raters = session) over case, form, session of (mode over repeat of pick)
  measure undecided by model : bits = mean over case of a.action_entropy(pooled)
  measure form_consistency by model : share =
    mean over case of a.form_consistency(pooled, (mean over form of m.entropy(often)))
  measure first_preferred by model : share = mean over case of r.preference(pooled)
  measure wins by model, good : share =
    win_share(first = case.first, second = case.second, items = good) over case, form, session, repeat of pick
  measure circles by model : share =
    nontransitive_triples(first = case.first, second = case.second, items = good)
    over case, form, session, repeat of pick
  measure truth_wins by model, session : share =
    r.win_probability(strength[good: truth], strength[good: loyalty])
  measure steady by model : coefficient =
    kendall(against = strength[session: last]) over good of strength[session: first]
}
"""

SCALING = """
panel grown {
  factor size : ordinal(parameters)
  model a = recorded() { size = 1B }
  model b = recorded() { size = 7B }
  model c = recorded() { size = 30B }
  model d = recorded() { size = 70B }
}

## Whether larger models come closer.
audit scaling {
  each item in small.items
  each size in grown

  ask reply = asked(item) { model = grown, read = recorded(small.sized.value) }

  let people = share over person of small.answers.value
  let fit    = 1 - m.tv(reply, people)
  let by_size = mean over item of fit

  measure steps by size : points = diff along size of by_size
  measure fall : share = s.fall((min over size of (diff along size of by_size)))
  measure growth : points = slope(against = log10(size)) over size of by_size
    { interval = bootstrap(over = item, draws = 200) }
  measure trend : coefficient = kendall(against = size) over size of by_size
    { test = permutation(over = size, within = item, draws = 200, tail = both) }
  measure homeward : points =
    s.difference_in_differences(
      (mean over item by topic of fit)[size: last, topic: home],
      (mean over item by topic of fit)[size: first, topic: home],
      (mean over item by topic of fit)[size: last, topic: work],
      (mean over item by topic of fit)[size: first, topic: work])
}
"""

CULTURE = """
## Where models place countries.
audit culture {
  each question in small.module
  each country  in country
  each item     in small.items
  each model    in seen
  each repeat   in 1..5

  ask score = module(question, country) { model = model, read = recorded(small.scored.value) }
  ask reply = asked(item) { model = model, per = repeat, read = recorded(small.simulated.value), missing = drop }

  let mean  = m.mean_value(score)
  let place = sum over item of c.component_part(m.mean_value((share over repeat of reply)),
    item.centre, item.spread, item.loading)

  measure power_distance by model, country : real =
    c.vsm_power_distance(mean[question: "m02"], mean[question: "m07"], mean[question: "m20"], mean[question: "m23"])
  measure indulgence by model, country : real =
    c.vsm_indulgence(mean[question: "m11"], mean[question: "m12"], mean[question: "m16"], mean[question: "m17"], 50)
  measure survival by model : real = c.survival_self_expression(place)
  measure secular by model : real = c.traditional_secular(place)
  measure apart : real =
    c.map_distance(c.survival_self_expression(place[model: one]), c.traditional_secular(place[model: one]),
      c.survival_self_expression(place[model: two]), c.traditional_secular(place[model: two]))
  measure numbers by model : real = mean over item, repeat of value(reply)
}
"""
AUDITS = {
    "opinions": OPINION,
    "framework": FRAMEWORK,
    "dilemmas": DILEMMAS,
    "scaling": SCALING,
    "culture": CULTURE,
}


@dataclass(frozen=True)
class Recorded:
    """The tables of a folder, as the libraries see them; `values` are the numbers of the options of each item."""

    folder: Path
    spec: Path
    values: dict[str, list[float]]

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv", dtype={"value": object})


def _options(numbers: list[float]) -> list[dict[str, object]]:
    return [{"code": f"o{at}", "label": f"option {at}", "value": number} for at, number in enumerate(numbers)]


def _counts(rng: np.random.Generator, width: int) -> str:
    drawn = rng.multinomial(30, rng.dirichlet(np.ones(width))) + 1
    return "{" + ", ".join(f'"o{at}": {number}' for at, number in enumerate(drawn)) + "}"


def make_recorded(folder: Path) -> Recorded:
    """All tables and one spec of all audits."""
    rng = np.random.default_rng(12)
    names = [f"q{at}" for at in range(len(WIDTHS))]
    values = {
        name: [float(x) for x in np.cumsum(rng.uniform(0.5, 2, width)).round(2)]
        for name, width in zip(names, WIDTHS, strict=True)
    }
    items = [
        {
            "item": name,
            "question": f"Question {name}?",
            "topic": TOPICS[at % 2],
            "options": _options(values[name]),
            "loading": round(float(rng.normal()), 2),
            "centre": round(float(rng.uniform(1, 4)), 2),
            "spread": round(float(rng.uniform(0.5, 2)), 2),
        }
        for at, name in enumerate(names)
    ]
    pd.DataFrame(items).to_json(folder / "items.jsonl", orient="records", lines=True)
    persons = [{"person": f"p{at}", "sex": SEXES[at % 2]} for at in range(60)]
    pd.DataFrame(persons).to_csv(folder / "people.csv", index=False)
    tastes = {(n, s): rng.dirichlet(np.ones(w)) for n, w in zip(names, WIDTHS, strict=True) for s in SEXES}
    pd.DataFrame(
        [
            {"item": n, "person": p["person"], "value": f"o{rng.choice(w, p=tastes[n, p['sex']])}"}
            for n, w in zip(names, WIDTHS, strict=True)
            for p in persons
        ]
    ).to_csv(folder / "answers.csv", index=False)
    widths = dict(zip(names, WIDTHS, strict=True))
    pd.DataFrame(
        [
            {"item": n, "sex": s, "steering": t, "model": o, "value": _counts(rng, widths[n])}
            for n in names
            for s in SEXES
            for t in STEERINGS
            for o in MODELS
        ]
    ).to_csv(folder / "opinions.csv", index=False)
    pd.DataFrame(
        [
            {
                "item": n,
                "repeat": at + 1,
                "model": o,
                "value": None if rng.uniform() < 0.06 else f"o{rng.integers(widths[n])}",
            }
            for n in names
            for at in range(REPEATS)
            for o in MODELS
        ]
    ).to_csv(folder / "simulated.csv", index=False)
    pd.DataFrame(
        [{"item": n, "size": f"{s}B", "value": _counts(rng, widths[n])} for n in names for s in SIZES]
    ).to_csv(folder / "sized.csv", index=False)
    _write_dilemmas(folder, rng)
    _write_module(folder, rng)
    spec = folder / "audits.cycl"
    spec.write_text(TABLES + "".join(AUDITS.values()), encoding="utf-8")
    return Recorded(folder, spec, values)


def _write_dilemmas(folder: Path, rng: np.random.Generator) -> None:
    pairs = [(a, b) for a in GOODS for b in GOODS if a != b]
    cases = [
        {
            "case": f"c{at}",
            "text": f"Case {at}.",
            "actions": [{"code": "a", "label": "first"}, {"code": "b", "label": "second"}],
            "first": first,
            "second": second,
        }
        for at, (first, second) in enumerate(pairs)
    ]
    pd.DataFrame(cases).to_json(folder / "cases.jsonl", orient="records", lines=True)
    rows = []
    for case in cases:
        for model in MODELS:
            leaning = rng.beta(1, 1)
            for form in FORMS:
                for session in range(SESSIONS):
                    moved = np.clip(leaning + rng.normal(scale=0.2), 0.02, 0.98)
                    for repeat in range(REPEATS):
                        chosen = "a" if rng.uniform() < moved else "b"
                        row = {
                            "case": case["case"],
                            "form": form,
                            "session": session + 1,
                            "repeat": repeat + 1,
                        }
                        lost = rng.uniform() < 0.05
                        rows.append(row | {"model": model, "value": None if lost else chosen})
    pd.DataFrame(rows).to_csv(folder / "replies.csv", index=False)


def _write_module(folder: Path, rng: np.random.Generator) -> None:
    questions = [f"m{at:02d}" for at in range(1, 25)]
    rows = [{"question": q, "text": f"How much {q}?", "scores": _options([1, 2, 3, 4, 5])} for q in questions]
    pd.DataFrame(rows).to_json(folder / "module.jsonl", orient="records", lines=True)
    pd.DataFrame(
        [
            {"question": q, "country": c, "model": m, "value": _counts(rng, 5)}
            for q in questions
            for c in COUNTRIES
            for m in MODELS
        ]
    ).to_csv(folder / "scored.csv", index=False)
