"""Pass 8c: lets, measures and checks: what is read off the answers."""

from __future__ import annotations

from typing import Literal, cast

from cyclspec.language.diagnostics import Label
from cyclspec.language.diagnostics.cy02_types import WrongType
from cyclspec.language.diagnostics.cy03_axes import AxisLeftOver, MeasureMayBeMissing
from cyclspec.language.diagnostics.cy05_units import DifferenceOfShares, UnitMismatch
from cyclspec.language.diagnostics.mend import Mend, write
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types import typed as d
from cyclspec.language.types import units
from cyclspec.language.types.arguments import word
from cyclspec.language.types.bounds import within
from cyclspec.language.types.declared import TypeReader
from cyclspec.language.types.expressions import infer, truth_of
from cyclspec.language.types.fields import read_fields
from cyclspec.language.types.resampling import Judged, Named, read_interval, read_test
from cyclspec.language.types.scope import Scope, failed

_MEASURE_FIELDS = ("better", "interval", "test", "adjust", "bounds", "sizes")
_CHECK_FIELDS = ("on_fail", "because")
_ON_FAIL = ("exclude", "withhold", "warn", "stop")


def let_statement(scope: Scope, let: t.Let) -> d.TypedLet | None:
    """One named value; a declared type must fit."""
    term = infer(scope, let.value)
    if failed(term):
        return None
    if let.type is not None:
        declared = TypeReader(scope.ctx, scope.module, {}, let.name.name).read(let.type)
        certain = not (isinstance(let.type, t.NamedType) and let.type.optional)
        if not _fits_declared(term, declared) or (certain and term.type.optional):
            what = f"`{let.name.name}`"
            wanted = k.kind_text(declared)
            found = k.kind_text(term.type.kind) + ("?" if term.type.optional else "")
            scope.report(WrongType(span=let.value.span, what=what, expected=wanted, found=found))
            return None
        if not within(scope, let.name.name, declared, term):
            return None
    return d.TypedLet(let.name.name, term, let.span)


def _fits_declared(term: h.Term, declared: k.Kind) -> bool:
    unit = units.unit_of(term)
    if isinstance(declared, k.Number) and unit is not None:
        return declared.unit is k.Unit.NONE or units.fits(unit, declared.unit, term)
    return k.fits(term.type.kind, declared)


def measure_statement(scope: Scope, measure: t.Measure, named: Named) -> d.TypedMeasure | None:
    """One measure, with exactly its declared axes and unit; `named` are the lets and measures that it may name."""
    fields = read_fields(scope.ctx, measure.fields, _MEASURE_FIELDS, where="measure")
    by = tuple(ident.name for ident in measure.by)
    term = infer(scope, measure.value)
    judged = Judged(scope, measure.name.name, by, term, named)
    drawn = fields.get("interval")
    interval = read_interval(judged, drawn)
    better = _word(scope, fields.get("better"), ("higher", "lower"))
    adjust = _word(scope, fields.get("adjust"), ("holm", "bh"))
    bounds = _word(scope, fields.get("bounds"), ("worst_case",))
    sizes = _word(scope, fields.get("sizes"), ("equal",))
    wanted = fields["adjust"] if adjust is not None else None
    # An interval that could not be read was told of already.
    tested = read_test(judged, fields.get("test"), wanted, interval) if interval or not drawn else None
    if failed(term):
        return None
    exact = _axes_are(scope, measure, by, term)
    unit = _unit(scope, measure, term)
    if not exact or unit is None or not within(scope, measure.name.name, k.Number(unit), term):
        return None
    if term.type.optional:
        helps = ("reduce it: `mean over ... of` leaves missing values out",)
        scope.report(MeasureMayBeMissing(span=measure.value.span, measure=measure.name.name, helps=helps))
        return None
    return d.TypedMeasure(
        name=measure.name.name,
        by=by,
        unit=unit,
        term=term,
        better=cast(Literal["higher", "lower"] | None, better),
        interval=interval,
        adjust=cast(Literal["holm", "bh"] | None, adjust),
        doc=measure.doc,
        span=measure.span,
        test=tested,
        sizes=cast(Literal["equal"] | None, sizes),
        bounds=cast(Literal["worst_case"] | None, bounds),
    )


def _axes_are(scope: Scope, measure: t.Measure, by: tuple[str, ...], term: h.Term) -> bool:
    left = term.type.axes
    if left == set(by):
        return True
    extra, lost = sorted(left - set(by)), sorted(set(by) - left)
    name = measure.name.name
    at = measure.value.head if isinstance(measure.value, t.Reduce) else measure.value.span
    also = (
        (Label(measure.by[0].span.to(measure.by[-1].span), f"declared: {', '.join(by)}"),)
        if measure.by
        else ()
    )
    shown = ", ".join(sorted(left)) or "nothing"
    if extra:
        problem = "has an axis it does not declare" if len(extra) == 1 else "has axes it does not declare"
        keep = ", ".join([*(axis for axis in by if axis in left), *extra])
        helps: tuple[str, ...] = (
            f"reduce it: `mean over {', '.join(extra)} of ...`",
            f"or keep it: `measure {name} by {keep}`",
        )
        if lost:
            helps = (f"write what it leaves: `measure {name} by {keep}`",)
    else:
        problem = f"declares {', '.join(f'`{axis}`' for axis in lost)} and has no such axis"
        helps = (f"leave it out: `measure {name}" + (f" by {', '.join(sorted(left))}`" if left else "`"),)
    scope.report(AxisLeftOver(span=at, measure=name, problem=problem, left=shown, also=also, helps=helps))
    return False


def _unit(scope: Scope, measure: t.Measure, term: h.Term) -> k.Unit | None:
    """The unit of the measure: as declared, but for a difference of shares, which is in points."""
    found = units.unit_of(term)
    if found is None:
        what, kind = f"`{measure.name.name}`", k.kind_text(term.type.kind)
        scope.report(WrongType(span=measure.value.span, what=what, expected="a number", found=kind))
        return None
    if measure.type is None:
        return found
    declared = TypeReader(scope.ctx, scope.module, {}).read(measure.type)
    if isinstance(declared, k.Unknown):
        return None
    if isinstance(measure.type, t.NamedType) and measure.type.optional:
        written = measure.type.span.text.removesuffix("?").rstrip()
        helps = (f"write `{written}`: a measure is a number in every cell",)
        scope.report(MeasureMayBeMissing(span=measure.type.span, measure=measure.name.name, helps=helps))
        return None
    if not isinstance(declared, k.Number) or not (
        found is k.Unit.NONE
        if declared.whole
        else declared.unit is k.Unit.NONE or units.fits(found, declared.unit, term)
    ):
        left, right = f"a value in `{found.value}`", f"the declared `{k.kind_text(declared)}`"
        mend = _one_or_zero(measure.value) or Mend((f"declare what it is: `{_declared(measure, term)}`",))
        at = measure.value.span
        scope.report(UnitMismatch(span=at, verb="give", left=left, word="as", right=right, **mend._asdict()))
        return None
    if found is k.Unit.POINTS and declared.unit is k.Unit.SHARE:
        helps = (f"declare it: `measure {measure.name.name} ... : points`",)
        scope.report(DifferenceOfShares(span=measure.type.span, measure=measure.name.name, helps=helps))
        return k.Unit.POINTS
    return found if declared.unit is k.Unit.NONE else declared.unit


def _declared(measure: t.Measure, term: h.Term) -> str:
    by = f" by {', '.join(axis.name for axis in measure.by)}" if measure.by else ""
    return f"measure {measure.name.name}{by} : {k.kind_text(term.type.kind)}"


def _one_or_zero(value: t.Expr) -> Mend | None:
    """A mean of ones and zeros by a condition is the share of cells in which the condition holds."""
    match value:
        case t.Reduce(
            reducer=t.Name(name="mean"),
            of=t.If(
                condition=condition, then=t.Whole(value=then), otherwise=t.Whole(value=otherwise)
            ) as chosen,
        ) if {then, otherwise} == {"0", "1"}:
            holds = condition.span.text if then == "1" else f"not ({condition.span.text})"
            return write(chosen.span, holds, f"mean .. of ({holds})")
        case _:
            return None


def _word(scope: Scope, field: t.Field | None, known: tuple[str, ...]) -> str | None:
    return None if field is None else word(scope, field.value, field.name.name, known)


def check_statement(scope: Scope, check: t.Check) -> d.TypedCheck | None:
    """One gate; without `on_fail` a failing cell withholds the measures it covers."""
    fields = read_fields(scope.ctx, check.fields, _CHECK_FIELDS, where="check")
    term = truth_of(scope, check.value)
    on_fail = _word(scope, fields.get("on_fail"), _ON_FAIL) or "withhold"
    because = _because(scope, fields.get("because"))
    if failed(term):
        return None
    return d.TypedCheck(
        name=check.name.name,
        term=term,
        axes=tuple(sorted(term.type.axes)),
        on_fail=cast(Literal["exclude", "withhold", "warn", "stop"], on_fail),
        because=because,
        span=check.span,
    )


def _because(scope: Scope, field: t.Field | None) -> str:
    if field is None:
        return ""
    if isinstance(field.value, t.TextValue):
        return field.value.value
    found = field.value.span.text
    scope.report(WrongType(span=field.value.span, what="`because`", expected="a text", found=found))
    return ""
