"""The models of an audit: where each is, its tokenizer unless it is hosted, and its identity in request keys.

Expects a typed audit and the places given on the command line. Ensures that no weight is loaded, that a replaced name
exists, that what the lock has of a model is what is opened, and that a model whose weights are not here yet is planned
all the same, with an identity that says so.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from cyclspec.compiler.checkpoints import (
    Checkpoint,
    Demo,
    Folder,
    Hub,
    Place,
    decoder_config,
    digest,
    identity,
    open_checkpoint,
    parse_place,
)
from cyclspec.compiler.plan.grid import kept_models
from cyclspec.compiler.plan.hosted import HostedModel
from cyclspec.compiler.plan.requests import AskedModel
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused
from cyclspec.language.diagnostics.cy09_sharing import ModelDiffers
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import typed as d

Key = tuple[str, str]
Weights = Literal["required", "if here"]
_HOSTED = re.compile(r"openai:(?P<name>[^@\s]+)(?:@(?P<host>[A-Za-z0-9.:-]+))?")


class Models(NamedTuple):
    """The models of an audit by panel and name: those that are run here, with their tokenizers, and hosted ones."""

    asked: dict[Key, AskedModel]
    tokenizers: dict[Key, Tokenizer]
    hosted: dict[Key, HostedModel]


def hosted_model(model: d.TypedModel, places: Mapping[str, str]) -> HostedModel | None:
    """The model as others run it: `openai:NAME` or `openai:NAME@HOST` for a place; None where it is to run here."""
    if model.name in places:
        found = _HOSTED.fullmatch(places[model.name])
        return None if found is None else HostedModel(model.name, found["name"], found["host"] or "")
    return HostedModel(model.name, model.location, model.host) if model.source == "openai" else None


def place_of(model: d.TypedModel) -> Place:
    """Where a model is by its panel; a revision of the Hub that the lock resolved is taken as it was then.

    Raises:
        SpecError: it is behind an API.
    """
    match model.source:
        case "demo":
            return Demo()
        case "local":
            return Folder(Path(model.folder) / model.location)
        case "hf":
            pinned = None if model.locked is None else model.locked.pin.revision
            return Hub(model.location, pinned or model.revision)
    problem = "is nowhere: its answers are recorded"
    helps = ("read them: `read = recorded(corpus.table.column)`", f"or run it: `--model {model.name}=FOLDER`")
    raise SpecError([CheckpointRefused(span=model.span, model=model.name, problem=problem, helps=helps)])


def _open(model: d.TypedModel, place: Place, weights: Weights) -> tuple[Checkpoint, str]:
    """The checkpoint and its identity: the digest of its weights, or its place where they are not here."""
    if weights == "required":
        checkpoint = open_checkpoint(model.name, place, need="weights")
        return checkpoint, digest(checkpoint)
    if not isinstance(place, Hub):
        try:
            checkpoint = open_checkpoint(model.name, place, need="weights")
            return checkpoint, digest(checkpoint)
        except SpecError:
            pass
    checkpoint = open_checkpoint(model.name, place, need="tokenizer")
    return checkpoint, f"place:{place}"


def _require_locked(model: d.TypedModel, checkpoint: Checkpoint) -> None:
    """Refuses a checkpoint that is not the one in the lock."""
    if model.locked is None:
        return
    found = identity(checkpoint).differences(model.locked.pin)
    if found:
        raise SpecError([ModelDiffers(model=model.name, notes=found, helps=(model.locked.help,))])


def require_locked_answers(
    audit: d.TypedAudit, digests: Mapping[str, str], *, except_for: Container[str] = ()
) -> None:
    """Refuses answers, known by the digest of each model's weights, that another model than the locked one gave."""
    found: list[Diagnostic] = []
    for model in asked_models(audit).values():
        given = digests.get(model.name)
        if model.locked is None or given is None or model.name in except_for:
            continue
        if given != model.locked.pin.weights:
            notes = (
                f"weights: sha256:{model.locked.pin.weights[:12]} in the lock, sha256:{given[:12]} answered",
            )
            helps = ("`cyclspec run` asks the locked one", model.locked.help)
            found.append(ModelDiffers(span=model.span, model=model.name, notes=notes, helps=helps))
    if found:
        raise SpecError(found)


def asked_models(audit: d.TypedAudit) -> dict[Key, d.TypedModel]:
    """The models that some ask reaches, by panel and name."""
    found: dict[Key, d.TypedModel] = {}
    for ask in audit.asks:
        if ask.panel is None:
            continue
        each = next(e for e in audit.eaches if ask.model_axes[0] in e.names)
        for model in kept_models(each, audit.panels[ask.panel]):
            found[ask.panel, model.name] = model
    return found


def _check_names(models: Mapping[Key, d.TypedModel], places: Mapping[str, str]) -> None:
    known = {model.name for model in models.values()}
    wrong = [name for name in places if name not in known]
    if wrong:
        helps = did_you_mean(wrong[0], known)
        raise SpecError([UnknownName(what="model", name=wrong[0], place="command line", helps=helps)])


def ask_models(
    audit: d.TypedAudit, places: Mapping[str, str], *, weights: Weights, locked: bool = False
) -> Models:
    """Every asked model, by panel and name: with its checkpoint and tokenizer, or as it is hosted.

    The demo model in the place of another is a rehearsal, and held against the lock only where `locked` says so.
    """
    models = asked_models(audit)
    _check_names(models, places)
    found = Models({}, {}, {})
    for key, model in models.items():
        hosted = hosted_model(model, places)
        if hosted is not None:
            found.hosted[key] = hosted
            continue
        try:
            given = parse_place(places[model.name]) if model.name in places else None
            checkpoint, known_as = _open(model, given or place_of(model), weights)
            decoder_config(model.name, checkpoint.config)
            if locked or not isinstance(given, Demo):
                _require_locked(model, checkpoint)
            found.asked[key] = AskedModel(model.name, checkpoint, known_as, plain=False)
            found.tokenizers[key] = Tokenizer(checkpoint)
        except SpecError as error:
            raise at_its_place(error, model, places) from error
    return found


def at_its_place(error: SpecError, model: d.TypedModel, places: Mapping[str, str]) -> SpecError:
    """The same refusal with the place that named the checkpoint: the command line, or the panel."""
    if model.name in places:
        place = f"command line: --model {model.name}={places[model.name]}"
        return SpecError(replace(found, place=found.place or place) for found in error.diagnostics)
    return SpecError(replace(found, span=found.span or model.span) for found in error.diagnostics)
