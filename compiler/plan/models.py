"""The models of an audit: where each is, its tokenizer, and its identity in request keys.

Expects a typed audit and the places given on the command line. Ensures that no weight is loaded, that a replaced name
exists, and that a model whose weights are not here yet is planned all the same, with an identity that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from cyclspec.compiler.checkpoints import (
    Checkpoint,
    Demo,
    Folder,
    Hub,
    Place,
    decoder_config,
    digest,
    open_checkpoint,
    parse_place,
)
from cyclspec.compiler.plan.grid import kept_models
from cyclspec.compiler.plan.requests import AskedModel
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy01_names import UnknownName
from cyclspec.language.diagnostics.cy07_data_and_plan import CheckpointRefused
from cyclspec.language.names.suggest import did_you_mean
from cyclspec.language.types import typed as d

Key = tuple[str, str]
Weights = Literal["required", "if here"]


def _place(model: d.TypedModel, places: Mapping[str, str]) -> Place:
    if model.name in places:
        return parse_place(places[model.name])
    match model.source:
        case "demo":
            return Demo()
        case "local":
            return Folder(Path(model.folder) / model.location)
        case "hf":
            return Hub(model.location, model.revision)
    problem = "is behind an API, and this version asks only models that it can run"
    helps = (f"run it elsewhere, or give a place: `--model {model.name}=FOLDER`",)
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


def _asked(audit: d.TypedAudit) -> dict[Key, d.TypedModel]:
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
    audit: d.TypedAudit, places: Mapping[str, str], *, weights: Weights
) -> tuple[dict[Key, AskedModel], dict[Key, Tokenizer]]:
    """Every asked model with its checkpoint and tokenizer, by panel and name."""
    models = _asked(audit)
    _check_names(models, places)
    asked: dict[Key, AskedModel] = {}
    tokenizers: dict[Key, Tokenizer] = {}
    for key, model in models.items():
        try:
            checkpoint, identity = _open(model, _place(model, places), weights)
            decoder_config(model.name, checkpoint.config)
            asked[key] = AskedModel(model.name, checkpoint, identity, plain=False)
            tokenizers[key] = Tokenizer(checkpoint)
        except SpecError as error:
            raise _at(error, model, places) from error
    return asked, tokenizers


def _at(error: SpecError, model: d.TypedModel, places: Mapping[str, str]) -> SpecError:
    """The same refusal with the place that named the checkpoint: the command line, or the panel."""
    if model.name in places:
        place = f"command line: --model {model.name}={places[model.name]}"
        return SpecError(replace(found, place=found.place or place) for found in error.diagnostics)
    return SpecError(replace(found, span=found.span or model.span) for found in error.diagnostics)
