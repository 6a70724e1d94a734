"""Stage 4, type: one line a value of an audit: kind, axes, phase, and what else is known of it.

Expects a checked audit; with its data open also its `Sizes`. Ensures that every statement has a line, in the order
each, ask, let, measure, check, and that nothing is counted that only the data could tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from cyclspec.explain.layout import WIDTH, columns
from cyclspec.explain.readers import policy_text, reader_text
from cyclspec.explain.sources import each_kind, each_note, each_phase, static_sizes
from cyclspec.language.types import typed as d
from cyclspec.language.types.kinds import Number, Phase, Record, Type, kind_text

_INDENT = 2


@dataclass(frozen=True, slots=True)
class Sizes:
    """What open data tells: levels by axis, rows by table, and cells that exist by ask."""

    axes: Mapping[str, int]
    rows: Mapping[str, int]
    cells: Mapping[str, int] = field(default_factory=dict)


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def counted(number: int, word: str) -> str:
    """A number with its noun: `1 cell`, `1 200 cells`."""
    return f"{_spaced(number)} {word}{'' if number == 1 else 's'}"


def kind_of(type_: Type) -> str:
    """The kind of a value with the mark of a value that may be missing; of a record the names of its fields."""
    match type_.kind:
        case Record(fields):
            text = f"record {{{', '.join(name for name, _ in fields)}}}"
        case kind:
            text = kind_text(kind)
    return text + ("?" if type_.optional else "")


def _phase(phase: Phase) -> str:
    return phase.name.lower()


def _at(audit: d.TypedAudit, axes: Iterable[str]) -> str:
    """`@ item country model`: axes in the order in which the audit binds them, those made by `by` last."""
    bound = [name for each in audit.eaches for name in each.names]
    given = set(axes)
    ordered = [name for name in bound if name in given] + sorted(given - set(bound))
    return f"@ {' '.join(ordered)}" if ordered else ""


def _each(audit: d.TypedAudit, each: d.TypedEach, known: Sizes) -> tuple[str, ...]:
    axes = each.source.per if isinstance(each.source, d.DrawSource) else each.names
    if isinstance(each.source, d.ShuffledSource):
        axes = (each.source.axis,)
    note = each_note(each, known.axes, known.rows)
    place = _at(audit, {*axes, *each.parents})
    return "each", ", ".join(each.names), each_kind(each), place, _phase(each_phase(audit, each)), note


def _ask(audit: d.TypedAudit, ask: d.TypedAsk, known: Sizes) -> tuple[str, ...]:
    said = [counted(known.cells[ask.name], "cell")] if ask.name in known.cells else []
    said += [reader_text(ask), *policy_text(ask)]
    if ask.stage > 1:
        said.append(f"stage {ask.stage}")
    return "ask", ask.name, kind_of(ask.type), _at(audit, ask.axes), _phase(ask.type.phase), ", ".join(said)


def _let(audit: d.TypedAudit, let: d.TypedLet) -> tuple[str, ...]:
    type_ = let.term.type
    return "let", let.name, kind_of(type_), _at(audit, type_.axes), _phase(type_.phase), ""


def _interval(interval: d.Interval) -> str:
    over = ", ".join(one.words for one in interval.drawings)
    method = "" if interval.method == "percentile" else f", {interval.method}"
    return f"bootstrap over {over}, {counted(interval.draws, 'draw')}, {100 * interval.level:g}%{method}"


def _test(test: d.Test) -> str:
    match test:
        case d.SignFlip(drawn=drawn, draws=draws):
            return f"sign flip over {', '.join(one.words for one in drawn)}, {counted(draws, 'draw')}"
        case d.Permutation(over=over, within=within, draws=draws):
            inside = f" within {', '.join(within)}" if within else ""
            return f"permutation over {over}{inside}, {counted(draws, 'draw')}, {test.tails}"
        case _:
            assert_never(test)


def _measure(audit: d.TypedAudit, measure: d.TypedMeasure) -> tuple[str, ...]:
    said = [] if measure.interval is None else [_interval(measure.interval)]
    if measure.test is not None:
        said.append(_test(measure.test))
    if measure.sizes is not None:
        said.append("also at equal sizes")
    if measure.bounds is not None:
        said.append("with bounds over missing answers")
    if measure.adjust is not None:
        said.append(f"adjusted by {measure.adjust}")
    if measure.better is not None:
        said.append(f"{measure.better} is better")
    unit = kind_text(Number(measure.unit)) + ("?" if measure.term.type.optional else "")
    return "measure", measure.name, unit, _at(audit, measure.by), ", ".join(said)


def _consequence(check: d.TypedCheck) -> str:
    match check.on_fail:
        case "withhold":
            return "withholds the measures of what fails"
        case "exclude":
            return "leaves out the answers that fail"
        case "warn":
            return "warns of what fails"
        case "stop":
            return "stops the run where it fails"
        case _:
            assert_never(check.on_fail)


def _head(audit: d.TypedAudit, hashes: Mapping[str, str]) -> str:
    name = f"audit {audit.name}"
    said = "  ".join(f"{which} {value[:12]}" for which, value in hashes.items())
    return f"{name}  {said:>{WIDTH - len(name) - 2}}".rstrip() if said else name


def _lines(audit: d.TypedAudit, hashes: Mapping[str, str], sizes: Sizes | None) -> Iterator[str]:
    known = sizes or Sizes(static_sizes(audit), {})
    yield _head(audit, hashes)
    bound: list[tuple[str, ...]] = [_each(audit, each, known) for each in audit.eaches]
    bound += [_ask(audit, ask, known) for ask in audit.asks]
    bound += [_let(audit, let) for let in audit.lets]
    yield from columns(bound, indent=_INDENT)
    read = [_measure(audit, measure) for measure in audit.measures]
    read += [("check", c.name, "bool", _at(audit, c.axes), _consequence(c)) for c in audit.checks]
    yield from columns(read, indent=_INDENT)


def audit_text(audit: d.TypedAudit, hashes: Mapping[str, str], sizes: Sizes | None = None) -> str:
    """One audit: its name with the hashes that are known, and one line a statement.

    `hashes` by name, in the order in which they are shown; `sizes` where the data is open.
    """
    return "\n".join(_lines(audit, hashes, sizes))
