"""What every measure is under other draws: bootstrap resamples, one-by-one resamples, clusters alone, permuted labels.

Expects the leaves of a program and what its measures say. Ensures that draws are functions of the audit's seed and of
names, that what no draw changes is computed once, and that memory is bounded: draws are evaluated in chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cyclspec.compiler.scores.arrays import DrawnArrays, Redrawn, RowArrays, UnitArrays, lent
from cyclspec.compiler.scores.cells import Array, Blocked, Cells
from cyclspec.compiler.scores.clusters import alone, clusters_of, name_of
from cyclspec.compiler.scores.counts import counts_of
from cyclspec.compiler.scores.draws import over_draws
from cyclspec.compiler.scores.expressions import Scope, Setting
from cyclspec.compiler.scores.people_draws import (
    dealing_strata,
    drawn_people,
    mass_of,
    mass_table,
    permuted_groups,
    rao_wu,
    redrawn_mass,
    row_arrays,
    unit_arrays,
)
from cyclspec.compiler.scores.permuted import permuted_leaves
from cyclspec.compiler.scores.reducers import REDUCERS
from cyclspec.compiler.scores.tables import ScoreInputs
from cyclspec.compiler.scores.walk import Leaf, below, names_in, scale_of_leaf
from cyclspec.compiler.seeds import seed_of
from cyclspec.language.diagnostics import InternalError
from cyclspec.language.types.kinds import Dist, scale_name
from cyclspec.language.types.terms import PeopleTerm, ReduceTerm, Term
from cyclspec.language.types.typed import Drawn, Permutation, SignFlip, TypedAudit, TypedMeasure

Plain = Callable[[Term, Cells], Array]
_WORD = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """The draws of some measures; `leaves` and `axes_of` are those of their program."""

    audit: TypedAudit
    setting: Setting
    leaves: tuple[Leaf, ...]
    axes_of: Mapping[Leaf, frozenset[str]]

    # ---- on the host

    def redrawn(self, measure: TypedMeasure, inputs: ScoreInputs | None) -> Redrawn:
        """All that the draws of one measure need; without inputs the people behind it are one person."""
        interval, test, seed = measure.interval, measure.test, self.audit.seed
        counts: dict[str, Array] = {}
        simple: dict[str, Array] = {}
        keys: dict[str, Array] = {}
        if interval is not None:
            drawn = interval.drawings
            counts = self._counts(("bootstrap", measure.name), drawn, interval.draws)
            if any(one.people for one in drawn):
                keys["interval"] = _keys(seed_of(seed, "bootstrap", measure.name), interval.draws)
            if is_designed(drawn):
                names = ("one by one", measure.name)
                simple = self._counts(names, alone(drawn), interval.draws)
                keys["simple"] = _keys(seed_of(seed, *names), interval.draws)
        if isinstance(test, Permutation):
            keys["test"] = _keys(seed_of(seed, "permutation", measure.name), test.draws)
        units, rows = self._units(measure, inputs), self._rows(measure, inputs)
        tables = self._dense(measure, units, rows) if inputs is not None else {}
        return Redrawn(counts, simple, keys, self._parts(test), units, rows, tables)

    def _dense(
        self, measure: TypedMeasure, units: Mapping[str, UnitArrays], rows: Mapping[int, RowArrays]
    ) -> dict[str, Array]:
        """The answers of units as tables, where these are small."""
        found: dict[str, Array] = {}
        for people, names in self._tables(measure).items():
            for at, _ in self._people(measure, people):
                for name in names:
                    table = mass_table(rows[at], units[f"{people} {name}"])
                    if table is not None:
                        found[f"{at} {name}"] = table
        return found

    def _counts(self, names: tuple[str, str], drawn: tuple[Drawn, ...], draws: int) -> dict[str, Array]:
        found = counts_of(self.setting.frame, self.audit.seed, names, drawn, draws)
        return {axis: lent(counts) for axis, counts in found.items()}

    def _parts(self, test: object) -> dict[str, Array]:
        """The levels of each cluster of each axis whose signs are flipped, [cluster, level]."""
        if not isinstance(test, SignFlip):
            return {}
        return {one.axis: jnp.asarray(clusters_of(self.setting.frame, one).members) for one in test.drawn}

    def _people(self, measure: TypedMeasure, table: str) -> Iterator[tuple[int, PeopleTerm]]:
        """The people leaves of one table that a measure reads, with their places among all leaves."""
        reached = self.setting.reach.of(measure.term).leaves
        for at, leaf in enumerate(self.leaves):
            if isinstance(leaf, PeopleTerm) and leaf.people == table and leaf in reached:
                yield at, leaf

    def _tables(self, measure: TypedMeasure) -> dict[str, tuple[str, ...]]:
        """Tables whose people a measure draws or permutes, with the names of how they are drawn."""
        drawn = () if measure.interval is None else measure.interval.drawings
        pairs = zip(drawn, alone(drawn), strict=True)
        found: dict[str, tuple[str, ...]] = {
            one.people: (name_of(one), name_of(by_one)) for one, by_one in pairs if one.people is not None
        }
        if isinstance(measure.test, Permutation) and measure.test.people is not None:
            found.setdefault(measure.test.people, ())
        return found

    def _units(self, measure: TypedMeasure, inputs: ScoreInputs | None) -> dict[str, UnitArrays]:
        found: dict[str, UnitArrays] = {}
        for table, names in self._tables(measure).items():
            for name in names:
                if inputs is None:
                    found[f"{table} {name}"] = UnitArrays(*(jnp.zeros(1),) * 4, jnp.zeros(1, jnp.int32))
                    continue
                _, leaf = next(self._people(measure, table))
                rows = inputs.people[leaf].rows
                if rows is None:
                    raise InternalError("score", "people are drawn again whose answers were not kept")
                found[f"{table} {name}"] = unit_arrays(rows.units[name])
        return found

    def _rows(self, measure: TypedMeasure, inputs: ScoreInputs | None) -> dict[int, RowArrays]:
        found: dict[int, RowArrays] = {}
        for table in self._tables(measure):
            stratum = None if inputs is None else self._strata(measure, table, inputs)
            for at, leaf in self._people(measure, table):
                scale = scale_of_leaf(leaf)
                if inputs is None or scale is None:
                    place = jnp.zeros(1, jnp.int32)
                    found[at] = RowArrays(place, place, jnp.zeros(1), *(place,) * 4, place[0])
                else:
                    blocks = self.setting.blocks[scale]
                    found[at] = row_arrays(self.setting.frame, blocks, inputs.people[leaf], stratum)
        return found

    def _strata(self, measure: TypedMeasure, table: str, inputs: ScoreInputs) -> NDArray[np.int64] | None:
        """Among whom the people of a table are dealt out; None where they are not."""
        test = measure.test
        if not isinstance(test, Permutation) or test.people != table:
            return None
        leaves = (leaf for _, leaf in self._people(measure, table))
        return dealing_strata((inputs.people[leaf] for leaf in leaves), test.within)

    # ---- inside the graph

    def of(self, measure: TypedMeasure, final: Scope, redrawn: Redrawn, plain: Plain) -> DrawnArrays:
        """The measure under all its draws; None and nothing where it has none of a kind."""
        interval = measure.interval
        bootstrap = simple = None
        if interval is not None:
            bootstrap = self._resampled(measure, final, redrawn, redrawn.counts, "interval", plain)
            if is_designed(interval.drawings):
                simple = self._resampled(measure, final, redrawn, redrawn.simple, "simple", plain)
        parts = {
            axis: self._part(measure, final, axis, marks, plain) for axis, marks in redrawn.parts.items()
        }
        null = None
        if isinstance(measure.test, Permutation):
            null = self._permuted(measure, measure.test, final, redrawn, plain)
        return DrawnArrays(bootstrap, simple, parts, null)

    def _resampled(
        self,
        measure: TypedMeasure,
        final: Scope,
        redrawn: Redrawn,
        counts: Mapping[str, Array],
        kind: str,
        plain: Plain,
    ) -> Array:
        """The measure under each resample; NaN where a draw leaves nothing to use."""
        assert measure.interval is not None
        drawn = measure.interval.drawings if kind == "interval" else alone(measure.interval.drawings)
        names = [(one.people, name_of(one)) for one in drawn if one.people is not None]
        draws = {"counts": counts} | ({"keys": redrawn.keys[kind]} if names else {})

        def some(draw: dict[str, Any]) -> Array:
            leaves: dict[Leaf, Cells | Blocked] = {}
            for at, (table, name) in enumerate(names):
                leaves |= self._people_drawn(measure, final, redrawn, table, name, draw["keys"], at)
            levels = {axis: _last(drawn) for axis, drawn in draw["counts"].items()}
            scope = Scope(self.setting, leaves, levels, final, counting=False, like=final)
            return _filled(plain(measure.term, scope.cells(measure.term)), _number(draw))

        size = self._bytes(measure, frozenset(counts), redrawn, whole=bool(names))
        return over_draws(some, draws, measure.interval.draws, size)

    def _people_drawn(
        self,
        measure: TypedMeasure,
        final: Scope,
        redrawn: Redrawn,
        table: str,
        name: str,
        words: Array,
        at: int,
    ) -> dict[Leaf, Cells | Blocked]:
        """The leaves of one table with its people drawn again, for keys [draw, 2]; tables have draws of their own."""
        units = redrawn.units[f"{table} {name}"]
        times = jax.vmap(lambda one: rao_wu(jax.random.fold_in(_key(one), at), units))(words)
        leaves: dict[Leaf, Cells | Blocked] = {}
        for place, leaf in self._people(measure, table):
            rows, dense = redrawn.rows[place], redrawn.tables.get(f"{place} {name}")
            leaves[leaf] = self._counted(final, leaf, redrawn_mass(rows, units, dense, times))
        return leaves

    def _counted(self, final: Scope, leaf: PeopleTerm, mass: Array) -> Blocked:
        scale = scale_of_leaf(leaf)
        if scale is None:
            raise InternalError("score", f"{leaf} is no distribution")
        return drawn_people(scale, final, leaf, mass)

    def _part(self, measure: TypedMeasure, final: Scope, axis: str, marks: Array, plain: Plain) -> Array:
        """What each cluster adds to a contrast; the dimension of the draw is that of clusters."""

        def some(marked: Array) -> Array:
            scope = Scope(self.setting, {}, outer=final, counting=False, kept={axis: marked})
            return _filled(plain(measure.term, scope.cells(measure.term)), len(marked))

        size = self._bytes(measure, frozenset((axis,)), None, whole=True)
        return over_draws(some, marks, marks.shape[0], size)

    def _permuted(
        self, measure: TypedMeasure, test: Permutation, final: Scope, redrawn: Redrawn, plain: Plain
    ) -> Array:
        """The measure with labels dealt out again."""

        def some(words: Array) -> Array:
            keys = jax.vmap(_key)(words)
            leaves: dict[Leaf, Cells | Blocked] = {}
            if test.people is None:
                leaves |= permuted_leaves(self.setting, test, final, self.axes_of, keys)
            else:
                for place, leaf in self._people(measure, test.people):
                    rows = redrawn.rows[place]
                    groups = jax.vmap(lambda key, rows=rows: permuted_groups(key, rows))(keys)
                    mass = jax.vmap(lambda group, rows=rows: mass_of(rows, rows.weight, group))(groups)
                    leaves[leaf] = self._counted(final, leaf, mass)
            scope = Scope(self.setting, leaves, outer=final, counting=False)
            return _filled(plain(measure.term, scope.cells(measure.term)), len(words))

        size = self._bytes(measure, frozenset(), redrawn, whole=True)
        return over_draws(some, redrawn.keys["test"], test.draws, size)

    def _bytes(
        self, measure: TypedMeasure, over: frozenset[str], redrawn: Redrawn | None, *, whole: bool
    ) -> int:
        """What one draw holds at most: the largest array of a reduction, and the answers of people."""
        largest = max(
            (self._elements(inner, over, whole=whole) for inner in self._through(measure.term)), default=1
        )
        answers = (
            0
            if redrawn is None
            else sum(4 * rows.person.size + rows.slot.size for rows in redrawn.rows.values())
        )
        return 8 * (largest + (answers if whole else 0))

    def _through(self, term: Term) -> Iterator[ReduceTerm]:
        """Every reduction below a term, through the names in it."""
        named = self.setting.named
        terms = (term, *(named[name] for name in self.setting.reach.needed(names_in(term))))
        return (inner for one in terms for inner in below(one) if isinstance(inner, ReduceTerm))

    def _elements(self, term: ReduceTerm, over: frozenset[str], *, whole: bool) -> int:
        frame, drawn = self.setting.frame, over.intersection(term.axes)
        if not drawn and not whole:
            return 1
        kind = term.of.type.kind
        wide = frame.scored(scale_name(kind.scale)).shape[-1] if isinstance(kind, Dist) else 1
        cells = frame.size(term.of.type.axes | set(term.by)) * wide
        reducer = REDUCERS.get(term.reducer)
        if reducer is None:
            return cells
        plain = max((len(frame.axes[axis]) for axis in drawn), default=1)
        contracted = plain if reducer.linear and not whole else 1
        return cells * reducer.copies // contracted + 1


def is_designed(drawn: tuple[Drawn, ...]) -> bool:
    """Whether something is drawn in clusters or strata, so that its variance is another than one by one."""
    return any(one.cluster is not None or one.strata is not None for one in drawn)


def _keys(seed: int, draws: int) -> Array:
    """A key for each draw, two words each."""
    raw: NDArray[np.uint64] = np.random.Philox(key=seed).random_raw(draws)
    return jnp.asarray(np.stack([raw >> np.uint64(32), raw & _WORD], axis=1).astype(np.uint32))


def _number(draw: dict[str, Any]) -> int:
    """How many draws a chunk has."""
    return len(jax.tree.leaves(draw)[0])


def _last(counts: Array) -> Array:
    """Counts [draw, *full rank] with the draw where it belongs; those of one axis [draw, level] as they are."""
    return counts if counts.ndim == 2 else jnp.moveaxis(counts.squeeze(-1), 0, -1)


def _filled(values: Array, draws: int) -> Array:
    """Values for every draw: what no draw changes is the same in all of them."""
    return jnp.broadcast_to(values, (*values.shape[:-1], draws))


def _key(words: Array) -> Array:
    key: Array = jax.random.wrap_key_data(words, impl="threefry2x32")
    return key
