"""CY09: what sharing gets wrong: locks, models that are not the locked ones, packs from outside, templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class LockUnreadable(Diagnostic):
    """A `cycl.lock` that is damaged, half merged, or written by a later version."""

    code: ClassVar[str] = "CY0901"
    title: ClassVar[str] = "`{file}` {problem}"
    file: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class ModelDiffers(Diagnostic):
    """A checkpoint whose weights, tokenizer or chat template are not those that the lock has."""

    code: ClassVar[str] = "CY0902"
    title: ClassVar[str] = "model `{model}` is not the one in `cycl.lock`"
    model: str


@dataclass(frozen=True, kw_only=True)
class NotPacked(Diagnostic):
    """Something that an audit reaches and a pack cannot hold."""

    code: ClassVar[str] = "CY0911"
    title: ClassVar[str] = "`{what}` cannot be packed: {problem}"
    what: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class PackDamaged(Diagnostic):
    """An archive that is not in the one form in which packs are written."""

    code: ClassVar[str] = "CY0912"
    title: ClassVar[str] = "the pack {problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class MemberRefused(Diagnostic):
    """A file of a pack that is no plain file below its folder: a link, a device, a name that leads out."""

    code: ClassVar[str] = "CY0913"
    title: ClassVar[str] = "file `{member}` of the pack {problem}"
    member: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class PackTooLarge(Diagnostic):
    code: ClassVar[str] = "CY0914"
    title: ClassVar[str] = "the pack has {what}, and at most {limit} are read"
    what: str
    limit: str


@dataclass(frozen=True, kw_only=True)
class ManifestRefused(Diagnostic):
    """A pack whose `manifest.json` is absent, of another version, or says what cannot be."""

    code: ClassVar[str] = "CY0915"
    title: ClassVar[str] = "the manifest of the pack {problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class MemberDiffers(Diagnostic):
    """A file that is not the one in the manifest, or is in only one of the two."""

    code: ClassVar[str] = "CY0916"
    title: ClassVar[str] = "file `{member}` of the pack {problem}"
    member: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class LeadsOutOfPack(Diagnostic):
    """A table of a packed audit whose file would be read outside of the pack."""

    code: ClassVar[str] = "CY0917"
    title: ClassVar[str] = "`{path}` lies outside of the pack"
    path: str


@dataclass(frozen=True, kw_only=True)
class OtherHash(Diagnostic):
    """A packed audit that has another hash here than where it was packed."""

    code: ClassVar[str] = "CY0918"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "the {which} hash of `{audit}` is not the one in the pack"
    which: str
    audit: str


@dataclass(frozen=True, kw_only=True)
class CorpusLacks(Diagnostic):
    """A corpus that has not what a template is about."""

    code: ClassVar[str] = "CY0921"
    title: ClassVar[str] = "`{corpus}` has {problem}, and the template `{template}` needs one"
    corpus: str
    problem: str
    template: str
