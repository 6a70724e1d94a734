"""Where the levels of an axis come from, and how many there are where the text alone says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from cyclspec.language.types import typed as d
from cyclspec.language.types.kinds import Phase, scale_name

_SHOWN_VALUES = 4


def _listed(values: tuple[str | int | float, ...]) -> str:
    """`1..3` of consecutive whole numbers, else `[en, zh]`, cut where it is long."""
    whole = [value for value in values if isinstance(value, int)]
    if len(whole) == len(values) > 1 and whole == list(range(whole[0], whole[-1] + 1)):
        return f"{whole[0]}..{whole[-1]}"
    shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in values[:_SHOWN_VALUES]]
    return f"[{', '.join([*shown, '..'] if len(values) > _SHOWN_VALUES else shown)}]"


def each_kind(each: d.TypedEach) -> str:
    """What the levels of an axis are."""
    source = each.source.source if isinstance(each.source, d.DrawSource) else each.source
    match source:
        case d.TableSource(table) | d.SampleSource(table=table):
            return f"row {table}"
        case d.VocabularySource(vocabulary):
            return vocabulary.name
        case d.ValuesSource(values):
            return _listed(values)
        case d.PanelSource(panel):
            return panel
        case d.TargetSource(target):
            return target
        case d.ChildSource(parent=parent, column=column):
            return f"{parent}.{column}"
        case d.PermutationsSource(scale=scale):
            return f"order({scale_name(scale)})"
        case d.WavesSource(count=count):
            return f"1..{count}"
        case d.ShuffledSource(axis=axis):
            return axis
        case _:
            assert_never(source)


def each_phase(audit: d.TypedAudit, each: d.TypedEach) -> Phase:
    """When the levels are known: in the text, or once data is open."""
    source = each.source.source if isinstance(each.source, d.DrawSource) else each.source
    match source:
        case d.TableSource() | d.SampleSource() | d.ChildSource() | d.TargetSource():
            return Phase.DATA
        case d.VocabularySource(vocabulary):
            return Phase.DATA if vocabulary.open else Phase.STATIC
        case d.PermutationsSource(parent=parent):
            return Phase.STATIC if parent is None else Phase.DATA
        case d.ShuffledSource(axis=axis):
            owner = next((e for e in audit.eaches if axis in e.names), None)
            return Phase.STATIC if owner is None else each_phase(audit, owner)
        case d.ValuesSource() | d.PanelSource() | d.WavesSource():
            return Phase.STATIC
        case _:
            assert_never(source)


def static_sizes(audit: d.TypedAudit) -> dict[str, int]:
    """The number of levels of the axes whose text says it."""
    found: dict[str, int] = {}
    for each in audit.eaches:
        if each.where is not None:
            continue
        match each.source:
            case d.VocabularySource(vocabulary) if not vocabulary.open:
                found[each.names[0]] = len(vocabulary.levels)
            case d.ValuesSource(values):
                found[each.names[0]] = len(values)
            case d.WavesSource(count=count):
                found[each.names[0]] = count
            case d.PanelSource(panel):
                found |= _panel_sizes(each, audit.panels[panel])
    return found


def _panel_sizes(each: d.TypedEach, panel: d.TypedPanel) -> dict[str, int]:
    factors = {factor.name: factor for factor in panel.factors}
    if each.names[0] not in factors:
        return {each.names[0]: len(panel.models)}
    return {name: len(factors[name].levels) for name in each.names}


def _how(each: d.TypedEach) -> list[str]:
    """How levels are made where they are not simply listed."""
    match each.source:
        case d.PermutationsSource(n=n, keep_identity=keep):
            said = "all orders" if n is None else f"at most {n} orders"
            return [said + (", its own first" if keep else "")]
        case d.WavesSource(every=every):
            return [f"every {every:g} days"]
        case d.TableSource(part=part) if part is not None:
            return [str(part)]
        case d.SampleSource(n=n, strata=strata, weight=weight, part=part):
            by = f" in strata of {', '.join(strata)}" if strata else ""
            drawn = f"sample of {n}{by}{f', by {weight}' if weight else ''}"
            return [drawn] if part is None else [drawn, f"of {part}"]
        case d.DrawSource(per=per):
            return [f"drawn per {', '.join(per)}"]
        case d.ShuffledSource(axis=axis):
            return [f"another {axis} in each of its cells"]
    return []


def _count(each: d.TypedEach, sizes: Mapping[str, int], rows: Mapping[str, int]) -> list[str]:
    if not all(name in sizes for name in each.names):
        return []
    total = " x ".join(str(sizes[name]) for name in each.names)
    match each.source:
        case d.TableSource(table) if each.where is not None and table in rows:
            return [f"{total} of {rows[table]}"]
    return [total]


def each_note(each: d.TypedEach, sizes: Mapping[str, int], rows: Mapping[str, int]) -> str:
    """How many levels there are where that is known, how they are made, and the condition on them."""
    said = [*_count(each, sizes, rows), *_how(each)]
    if each.where is not None:
        said.append(f"where {' '.join(each.where.span.text.split())}")
    return ", ".join(said)
