"""Programs whose names name one another, or that have far more names than an audit: what mutation does not make.

A growth is made from its seed alone. It reads no data, so that one without errors can be taken through later stages.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

from mutants import mutated

from cyclspec import pipeline
from cyclspec.language.diagnostics import InternalError, SpecError

MOST_NAMES = 500
LATER_S = 10.0
HEAD = """cycl 1
axis town : nominal { mill, harbour }
scale mood : ordinal { low, middling, high }
prompt feel(town: town) -> choice(mood) { user "How is it in {town}?" }
prompt tell(town: town) -> text { user "Tell of {town}." }
prompt join(a: text, b: text) -> text { user "{a} {b}" }
panel models { model tiny = demo() }
"""
WRITTEN = "{ model = model, read = text(max_tokens = 4), missing = drop }"


def _audit(*statements: str) -> str:
    """The audit of all growths, with some statements more."""
    asked = "ask reply = feel(town) { model = model, read = first_token }"
    gate = "check mass = (min over town of reply.mass) >= 0.5"
    lines = ("each town in town", "each model in models", asked, gate, *statements)
    return "audit grown {\n  " + "\n  ".join(lines) + "\n}\n"


def _chained(rng: random.Random, first: str, step: str, most: int) -> list[str]:
    """Up to `most` rows, each naming two earlier ones: `NEW` is the number of the row, `A` and `B` are theirs."""
    rows = [first]
    kind = rng.choice(("the last twice", "the last two", "any"))
    for n in range(1, rng.randint(2, most)):
        a, b = {"the last twice": (n - 1, n - 1), "the last two": (n - 1, max(n - 2, 0))}.get(
            kind, (rng.randrange(n), rng.randrange(n))
        )
        rows.append(step.replace("NEW", str(n)).replace("A", str(a)).replace("B", str(b)))
    return rows


def _parameters(rng: random.Random) -> str:
    return HEAD + "\n".join(_chained(rng, "param q0 : real = 1", "param qNEW : real = 0.5 * qA + qB", 100))


def _lists(rng: random.Random) -> str:
    kinds = ["list(" * depth + "real" + ")" * depth for depth in range(1, rng.randint(3, 40))]
    rows = [f"param q{n} : {kinds[n]} = [q{n - 1}, q{n - 1}]" for n in range(1, len(kinds))]
    return "\n".join(["cycl 1", "param q0 : list(real) = [1, 2]", *rows])


def _metrics(rng: random.Random) -> str:
    step = rng.choice(("fA(p) + fB(p)", "fA(p) - 2 * fB(p)", "abs(fA(p))"))
    first, next_ = (f"metric f{n}(p: dist(S)) -> real = " for n in ("0", "NEW"))
    rows = _chained(rng, f"{first}max over option of p", next_ + step, rng.choice((9, 60, 300)))
    measure = f"measure m by model : real = mean over town of f{len(rows) - 1}(reply)"
    rng.shuffle(rows)
    return HEAD + "\n".join(rows) + "\n" + _audit(measure)


def _lets(rng: random.Random) -> str:
    unit, step = rng.choice(
        (
            ("share", "0.5 * xA + 0.5 * xB"),
            ("share", "if xA > 0.5 then xA else xB"),
            ("rank", "(rank along town of xA) + (rank along town of xB)"),
        )
    )
    rows = _chained(rng, "let x0 = reply.mass", f"let xNEW = {step}", rng.choice((8, 60, 120)))
    measure = f"measure m by model : {unit} = mean over town of x{len(rows) - 1}"
    rng.shuffle(rows)
    return HEAD + _audit(*rows, measure)


def _asks(rng: random.Random) -> str:
    rows = _chained(rng, f"ask r0 = tell(town) {WRITTEN}", f"ask rNEW = join(rA, rB) {WRITTEN}", 40)
    measure = f"measure m by model : share = mean over town of is_missing(r{len(rows) - 1})"
    rng.shuffle(rows)
    return HEAD + _audit(*rows, measure)


def _misspelled(rng: random.Random) -> str:
    """Many names, and as many that are nearly one of them."""
    known = [f"{rng.choice(('level', 'land', 'name'))}_{n}" for n in range(rng.randint(2, MOST_NAMES))]
    wrong = [name[1] + name[0] + name[2:] for name in known]
    pairs = list(zip(known, wrong, strict=True))
    match rng.choice(("parameters", "levels", "lets")):
        case "parameters":
            return "cycl 1\n" + "\n".join(f"param {name} : real = {other}" for name, other in pairs)
        case "levels":
            return (
                f"cycl 1\naxis a : nominal {{ {' '.join(known)} }}\nparam q : list(a) = [{', '.join(wrong)}]"
            )
    return HEAD + _audit(*(f"let {name} = {other}" for name, other in pairs))


KINDS = {
    "parameters": _parameters,
    "lists": _lists,
    "metrics": _metrics,
    "lets": _lets,
    "asks": _asks,
    "misspelled": _misspelled,
}


def grown(rng: random.Random) -> str:
    """A program of one of the kinds, now and then with something else wrong with it."""
    text = KINDS[rng.choice(tuple(KINDS))](rng)
    return mutated(rng, text) if rng.random() < 0.3 else text


def later_flaw(path: Path) -> str | None:
    """What is wrong with the stages after the checker, for each audit of a program without errors at `path`."""
    begun = time.process_time()
    try:
        checked = pipeline.check(path)
        if not checked.errors:
            for name in checked.require().audits:
                _staged(checked, name)
    except (Exception, InternalError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"[:200]
    took = time.process_time() - begun
    return f"later stages take {took:.1f} s" if took > LATER_S else None


def _staged(checked: pipeline.Checked, name: str) -> None:
    """The logical plan, a prompt, the budget and the traced scores of one audit; a refusal is no flaw."""
    from cyclspec.compiler.plan.budget import check_budget
    from cyclspec.compiler.plan.logical import logical_plan
    from cyclspec.compiler.scores import lower
    from cyclspec.explain.stages import prompt_text

    context = checked.require()
    audit = pipeline.choose(context, name)
    try:
        opened = pipeline.open_data(context, audit)
    except SpecError:
        return
    for stage in (
        lambda: logical_plan(audit, opened.grid).text(),
        lambda: check_budget(audit, opened.grid, pipeline.DEFAULT_MAX_REQUESTS),
        lambda: prompt_text(opened, {}, {}, tokens=False),
        lambda: lower(audit, opened.grid).jaxpr_text(),
    ):
        try:
            stage()
        except SpecError:
            continue
