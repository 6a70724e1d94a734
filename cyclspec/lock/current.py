"""What the audits of one file reach now, as the lock of their project would have it.

Expects a spec without errors. Ensures that every module, table, metric in Python and model that any of its audits
reaches has a pin, and that what a lock has resolved already (a commit for a branch) stays as it is unless another is
asked for. A model behind an API has none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cyclspec.compiler.checkpoints import Hub, parse_place, pin_of
from cyclspec.compiler.checkpoints.checkpoint import COMMIT
from cyclspec.compiler.checkpoints.hub import published
from cyclspec.compiler.data.contracts import Budget
from cyclspec.compiler.data.files import open_table
from cyclspec.compiler.plan.models import at_its_place, place_of
from cyclspec.compiler.plan.sources import declared_table
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.names.lock import FilePin, Lock, ModelPin, ModulePin, Reached, key_in, model_key
from cyclspec.language.names.modules import STD_VERSION, Module, Program, module_key
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import terms as h
from cyclspec.language.types.context import Context
from cyclspec.language.types.python_metrics import file_of
from cyclspec.language.types.typed import TypedModel
from cyclspec.lock.reached import reached


@dataclass(frozen=True, slots=True)
class Now:
    """What the file `entry` reaches: its pins, and the names by which people know each of them, by kind and key.

    `hosted` are the models that nothing can pin.
    """

    entry: str
    lock: Lock
    names: Mapping[tuple[str, str], frozenset[str]]
    hosted: tuple[str, ...]


def now(context: Context, old: Lock, places: Mapping[str, str], again: Container[str] = ()) -> Now:
    """The pins of a checked spec. Raises `SpecError` with everything that is not there.

    `places` says where models are found on this machine. Models of the hub whose key is in `again` are looked up there
    anew, though the lock has them.
    """
    program = context.program
    tables, models = reached(context)
    _check_places(models, places)
    keyed = {name: (_model_key(program, model), model) for name, model in models.items()}
    metrics = dict(_metrics(context))
    refused: list[Diagnostic] = []
    data = {name: pinned for name in sorted(tables) if (pinned := _file(context, name, refused)) is not None}
    pins: dict[str, ModelPin] = {}
    for key, model in keyed.values():
        if key is not None and key not in pins:
            known = old.models.get(key) if key not in again else None
            pins |= _model(key, model, known, places, refused)
    if refused:
        raise SpecError(dict.fromkeys(refused))
    modules = {
        module_key(m, program.root): _module(m) for m in program.modules.values() if m is not program.main
    }
    found = Reached(
        edition=program.main.tree.edition,
        modules=tuple(sorted(modules)),
        data={name: key for name, (key, _) in data.items()},
        metrics={name: key for name, (key, _) in metrics.items()},
        models={name: key for name, (key, _) in keyed.items() if key is not None},
    )
    entry = key_in(program.root, Path(program.main.key))
    lock = Lock({entry: found}, modules, dict(data.values()), dict(metrics.values()), pins)
    hosted = tuple(name for name, (key, _) in keyed.items() if key is None)
    return Now(entry, lock, _names(program, found), hosted)


def _check_places(models: Mapping[str, TypedModel], places: Mapping[str, str]) -> None:
    known = {model.name for model in models.values()}
    wrong = [name for name in places if name not in known]
    if wrong:
        helps = did_you_mean(wrong[0], known)
        raise SpecError([UnknownName(what="model", name=wrong[0], place="command line", helps=helps)])


def _module(module: Module) -> ModulePin:
    version = STD_VERSION if module.key.startswith("std.") else None
    return ModulePin(module.hash, module.tree.edition, version)


def _file(context: Context, name: str, refused: list[Diagnostic]) -> tuple[str, FilePin] | None:
    """The key and the pin of a table's file, whatever the lock has of it."""
    table = replace(declared_table(context.tables[name]), locked=None)
    try:
        with open_table(table, Budget()) as opened:
            return key_in(context.program.root, table.path), FilePin(opened.digest, opened.size)
    except SpecError as error:
        refused.extend(error.diagnostics)
    return None


def _metrics(context: Context) -> Iterator[tuple[str, tuple[str, FilePin]]]:
    for symbol, metric in context.metrics.items():
        if isinstance(metric.body, h.PythonTerm):
            key = file_of(metric.body.module)
            size = (context.program.root / key).stat().st_size
            yield symbol.name, (key, FilePin(metric.body.hash.removeprefix("sha256:"), size))


def _model_key(program: Program, model: TypedModel) -> str | None:
    return model_key(program.root, model.source, model.location, model.folder, model.revision)


def _model(
    key: str, model: TypedModel, known: ModelPin | None, places: Mapping[str, str], refused: list[Diagnostic]
) -> dict[str, ModelPin]:
    """The pin of a model, by its key. A commit that is locked needs no second look; another place has no commit."""
    try:
        if model.name in places:
            return {key: replace(pin_of(model.name, parse_place(places[model.name])), revision=None)}
        if model.source == "hf" and known is not None:
            return {key: known}
        return {key: pin_of(model.name, place_of(replace(model, locked=None)))}
    except SpecError as error:
        refused.extend(at_its_place(error, model, places).diagnostics)
    return {}


def _names(program: Program, reached: Reached) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for module in program.modules.values():
        for alias, target in module.aliases.items():
            key = module_key(program.modules[target], program.root)
            found.setdefault(("modules", key), set()).add(alias)
    for name, key in reached.data.items():
        found.setdefault(("data", key), set()).update((name, name.split(".")[0]))
    for name, key in reached.metrics.items():
        found.setdefault(("metrics", key), set()).add(name)
    for name, key in reached.models.items():
        found.setdefault(("models", key), set()).update((name, name.split(".")[-1]))
    for key in reached.modules:
        found.setdefault(("modules", key), set())
    return {(kind, key): frozenset({key, *names}) for (kind, key), names in found.items()}


@dataclass(frozen=True, slots=True)
class Moved:
    """A branch or tag of the hub that is at another commit than in the lock; `names` are what it can be accepted by."""

    key: str
    held: str
    commit: str
    names: frozenset[str]


def moved_branches(context: Context, lock: Lock) -> tuple[Moved, ...]:
    """The branches and tags of the hub that have moved since they were locked. A hub that is silent has moved none."""
    found: dict[str, Moved] = {}
    for name, model in reached(context)[1].items():
        key = _model_key(context.program, model)
        pin = None if key is None else lock.models.get(key)
        if key is None or pin is None or pin.revision is None or COMMIT.fullmatch(model.revision or ""):
            continue
        try:
            commit = published(Hub(model.location, model.revision), model.name).commit
        except SpecError:
            continue
        if commit != pin.revision:
            found[key] = Moved(key, pin.revision, commit, frozenset({key, name, model.name}))
    return tuple(found.values())
