"""The files that an audit starts with: a template over a corpus, a README, and small tables where no corpus is given.

Expects a name and perhaps a corpus. Ensures that the spec is in the one layout of the language and has no errors, so
that `check --data` and `plan` work at once where the data is right; nothing is written here.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cyclspec import pipeline
from cyclspec.language.diagnostics import InternalError, SpecError
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable
from cyclspec.language.diagnostics.cy09_sharing import CorpusLacks
from cyclspec.language.format.printer import format_source, print_module
from cyclspec.language.names.lock import Lock
from cyclspec.language.names.modules import read_source
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse
from cyclspec.language.syntax.walk import walk
from cyclspec.language.types.context import Context
from cyclspec.language.types.vocabularies import RESERVED
from cyclspec.templates.adapt import ALIAS, Wanted, adapted, import_file
from cyclspec.templates.roles import Group, Roles, roles_of

TEMPLATES = ("first-token", "options", "sampled", "dilemmas", "persona")
_AXES = "axes"
_PREFERRED = ("country", "region")
_IMPORT = "import your data first: `cyclspec corpus import FILE -o FOLDER`"


@dataclass(frozen=True, slots=True)
class Start:
    """What is written: texts and bytes by path; the spec is one of them."""

    spec: Path
    files: Mapping[Path, bytes]


def start(name: Path, template: str, corpus: Path | None) -> Start:
    """The files of a new audit beside `name`, which is its path without a suffix.

    `corpus` is a spec that declares a corpus, or a folder with one.

    Raises:
        SpecError: the corpus has errors, has not what the template needs, or lies outside of the project.
    """
    spec = name.with_name(f"{name.name}.cycl")
    source, tree = _template(template)
    own = next(roles_of(_checked(source)))
    made: dict[Path, bytes] = {}
    if corpus is None:
        data = name.with_name(f"{name.name}_data")
        made = {
            data / path.name: path.read_bytes() for path in sorted(source.parent.iterdir()) if path.is_file()
        }
        context, place = _checked(source), data / source.name
    else:
        place = _corpus_file(corpus)
        context = _checked(place)
    wanted = _wanted(spec, template, tree, own, context, place)
    text = _laid_out(adapted(tree, own, wanted), spec)
    _require_right(spec, {spec: text.encode(), **made})
    readme = spec.with_name("README.md")
    return Start(spec, {spec: text.encode(), **made, readme: _readme(spec, tree).encode()})


def _template(name: str) -> tuple[Path, t.Module]:
    """The corpus of a template, and its tree."""
    path = Path(str(files("cyclspec") / "specs" / "templates" / f"{name}.cycl"))
    found = read_source(path, name)
    tree = parse(found).module if isinstance(found, Source) else None
    if tree is None:
        raise InternalError("new", f"the template {name} is not part of this installation")
    imported = next(one for one in tree.imports if isinstance(one, t.ImportFile))
    return path.parent / imported.path.value, tree


def _checked(path: Path) -> Context:
    return pipeline.check(path, lock=Lock()).require()


def _corpus_file(corpus: Path) -> Path:
    """The spec that declares a corpus; in a folder, the only one that does."""
    if not corpus.is_dir():
        _refuse_data(corpus)
        return corpus
    found = [path for path in sorted(corpus.glob("*.cycl")) if _declares_corpus(path)]
    if len(found) == 1:
        return found[0]
    helps = tuple(f"name one of them: `--corpus {path}`" for path in found[:3]) or (_IMPORT,)
    problem = (
        f"has {len(found)} specs that declare a corpus" if found else "has no spec that declares a corpus"
    )
    raise SpecError([SourceUnreadable(file=str(corpus), problem=problem, place=str(corpus), helps=helps)])


def _refuse_data(path: Path) -> None:
    """A file of data is no spec, and one is made of it."""
    if path.suffix == ".cycl" or not path.is_file():
        return
    command = f"cyclspec corpus import {shlex.quote(str(path))} -o {shlex.quote(path.stem)}"
    beside = [other for other in sorted(path.parent.glob("*.cycl")) if _declares_corpus(other)]
    helps = tuple(f"name the spec that declares it: `--corpus {other}`" for other in beside[:3])
    problem = "is no spec, but a file of data"
    raise SpecError(
        [
            SourceUnreadable(
                file=str(path),
                problem=problem,
                place=str(path),
                helps=(*helps, f"import it first: `{command}`"),
            )
        ]
    )


def _declares_corpus(path: Path) -> bool:
    found = read_source(path, str(path))
    tree = parse(found).module if isinstance(found, Source) else None
    return tree is not None and any(isinstance(decl, t.Corpus) for decl in tree.decls)


def _wanted(spec: Path, template: str, tree: t.Module, own: Roles, context: Context, place: Path) -> Wanted:
    roles = next(roles_of(context), None)
    if roles is None:
        problem = "no table with a key, a text and a scale of options in each row"
        helps = tuple(f"name the spec that declares it: `--corpus {path}`" for path in _imported(context))
        raise SpecError(
            [
                CorpusLacks(
                    corpus=str(place), problem=problem, template=template, place=str(place), helps=helps
                )
            ]
        )
    groups = _groups(tree, own, roles)
    if any(isinstance(decl, t.Target) for decl in tree.decls) and (roles.people is None or not groups):
        problem = "no table of people with an axis that tells groups of them apart"
        raise SpecError(
            [CorpusLacks(corpus=roles.corpus, problem=problem, template=template, place=str(place))]
        )
    main = context.program.main.key
    modules = dict.fromkeys(group.symbol.module for group in groups if group.symbol.module != main)
    aliases = {module: _AXES + (str(n) if n > 1 else "") for n, module in enumerate(modules, start=1)}
    here = spec.resolve().parent
    imports = [import_file(_relative(place.resolve(), here), ALIAS)]
    imports += [import_file(_relative(Path(module), here), alias) for module, alias in aliases.items()]
    reached = {g.column: (aliases.get(g.symbol.module, ALIAS), g.symbol.name) for g in groups}
    names = tuple(group.column for group in groups)
    return Wanted(audit_name(spec.stem), roles, names, reached, tuple(imports), _language(roles, groups))


def _imported(context: Context) -> Iterator[str]:
    """The specs that an audit imports and that declare a corpus, as they are shown."""
    for module in context.program.modules.values():
        own = module.key != context.program.main.key
        if own and any(isinstance(decl, t.Corpus) for decl in module.tree.decls):
            yield module.source.name


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _groups(tree: t.Module, own: Roles, roles: Roles) -> tuple[Group, ...]:
    """As many groups as the template has, the usual ones first, in the order of their columns."""
    mine = {group.column for group in own.groups}
    formals = [node.name.name for node in walk(tree) if isinstance(node, t.Formal)]
    count = len(mine.intersection(formals))
    taken = {node.name for node in walk(tree) if isinstance(node, t.Ident | t.Name)} - mine
    free = [g for g in roles.groups if g.column not in taken | RESERVED and not g.symbol.name.startswith("_")]
    usual = sorted(free, key=lambda group: group.column not in _PREFERRED)[:count]
    return tuple(group for group in free if group in usual)


def _language(roles: Roles, groups: tuple[Group, ...]) -> str | None:
    """The language that an audit is worded in: one that the questions and the labels have, English before others."""
    langs = roles.questions.langs
    worded = [lang for lang in langs if all(_labelled(group, lang) for group in groups)]
    return min(worded or langs, key=lambda lang: lang != "en", default=None)


def _labelled(group: Group, lang: str) -> bool:
    return all(level.text(lang) is not None for level in group.vocabulary.levels)


def audit_name(stem: str) -> str:
    """A name that an audit can have, from that of its file."""
    name = re.sub(r"\W", "_", stem)
    name = name if re.match(r"[^\W\d]", name) else f"audit_{name}"
    return f"{name}_" if name in RESERVED else name


def _laid_out(tree: t.Module, spec: Path) -> str:
    formatted = format_source(Source(str(spec), print_module(tree)))
    if formatted.text is None:
        raise InternalError("new", f"the spec cannot be written: {formatted.diagnostics[0].message}")
    return formatted.text


def _require_right(spec: Path, made: Mapping[Path, bytes]) -> None:
    """Raises `SpecError` where what would be written has errors."""
    texts = {path.resolve(): data.decode() for path, data in made.items() if path.suffix == ".cycl"}
    pipeline.check(spec, texts=texts, lock=Lock()).require()


def _readme(spec: Path, tree: t.Module) -> str:
    return "".join(f"{line}\n" for line in _readme_lines(spec, tree))


def _readme_lines(spec: Path, tree: t.Module) -> Iterator[str]:
    about = tree.doc[0].strip() if tree.doc else ""
    file, pack = shlex.quote(spec.name), shlex.quote(f"{spec.stem}.cyclpack")
    yield f"# {spec.stem}: {about}"
    yield f"`cyclspec check {file} --data` reads every line of the spec and every row of its data."
    yield f"`cyclspec plan {file}` says what would be asked and what it costs; it loads no model."
    yield f"`cyclspec run {file}` asks, scores and writes tables; put your model in the panel `models` first."
    yield f"`cyclspec lock {file}` and `cyclspec pack {file} -o {pack}` are for passing it on."
