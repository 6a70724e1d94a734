"""The pages of docs/errors: their parts, and what is really said of the program on each.

A page has a heading `# CY0302: ...`, a program that gets the code, the message, a program that does not, and the
reason. Blocks named like a file stand beside the program. Most programs are checked; some codes need a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import shared_audits as shared
from spec_files import ROOT

from cyclspec import corpora, pipeline
from cyclspec.hosted import stored, take_replies
from cyclspec.language.diagnostics import Diagnostic, SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import (
    LabelTokens,
    OptionTokens,
    OtherDesign,
    PromptRefused,
)
from cyclspec.language.diagnostics.render import render
from cyclspec.language.spans import Source, Span

FOLDER = ROOT / "docs" / "errors"
_BLOCK = re.compile(r"^```(\w+)[ \t]*([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: `bad` and `good` are programs, `files` and `good_files` what stands beside them."""

    code: str
    title: str
    marked: bool
    bad: str
    good: str
    said: str
    files: Mapping[str, str]
    good_files: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return self.code


def page_of(path: Path) -> Page:
    """The parts of a page."""
    text = path.read_text(encoding="utf-8")
    heading = re.match(r"# (CY\d{4}): (.+)\n", text)
    assert heading is not None, path
    middle = text.index("\n## How to mend it")
    above, below = _BLOCK.findall(text[:middle]), _BLOCK.findall(text[middle:])
    programs = [(rest, body) for kind, rest, body in above if kind in ("cycl", "json")]
    said = [body for kind, _, body in above if kind == "text"][-1]
    return Page(
        code=heading[1],
        title=heading[2],
        marked=programs[0][0] == heading[1],
        bad=programs[0][1],
        good=next(body for kind, _, body in below if kind == "cycl"),
        said=said.rstrip("\n"),
        files={rest: body for kind, rest, body in above if kind == "csv"},
        good_files={rest: body for kind, rest, body in below if kind == "csv"},
        text=text,
    )


def sections(page: Page) -> list[str]:
    """The headings of a page."""
    return _SECTION.findall(page.text)


def _checked(path: Path) -> tuple[Diagnostic, ...]:
    return pipeline.check(path).diagnostics


def _locked(path: Path) -> tuple[Diagnostic, ...]:
    return pipeline.check(path, locked=True).diagnostics


def _open(path: Path) -> pipeline.Opened:
    context = pipeline.check(path).require()
    return pipeline.open_data(context, pipeline.choose(context, None))


def _opened(path: Path) -> tuple[Diagnostic, ...]:
    try:
        return _open(path).warnings
    except SpecError as error:
        return error.diagnostics


def _planned(
    path: Path, limit: int = pipeline.DEFAULT_MAX_REQUESTS, memory: int = pipeline.DEFAULT_MEMORY
) -> tuple[Diagnostic, ...]:
    try:
        return pipeline.plan(_open(path), max_requests=limit, memory=memory, weights="required").warnings
    except SpecError as error:
        return error.diagnostics


def _small(path: Path) -> tuple[Diagnostic, ...]:
    return _planned(path, limit=100)


def _little(path: Path) -> tuple[Diagnostic, ...]:
    return _planned(path, memory=512 * 2**10)


def _back(path: Path) -> tuple[Diagnostic, ...]:
    from cyclspec.language.canonical.decode import decode

    found = decode(path.read_bytes(), "audit.json")
    return found if isinstance(found, tuple) else ()


def _described(path: Path, min_n: int | None = 1) -> tuple[Diagnostic, ...]:
    """What `cyclspec corpus check --min-n 1` says."""
    from cyclspec.compiler.description.findings import Limits

    context = pipeline.check(path).require()
    try:
        found = corpora.describe(context, min_n=min_n)
    except SpecError as error:
        return error.diagnostics
    return corpora.findings(context, found, Limits())


def _described_as_declared(path: Path) -> tuple[Diagnostic, ...]:
    return _described(path, min_n=None)


def _exported(path: Path) -> tuple[Diagnostic, ...]:
    """What `cyclspec corpus croissant audit.cycl -o croissant.json` says."""
    from cyclspec.compiler.croissant.export import About, export

    context = pipeline.check(path).require()
    try:
        export(context, corpora.chosen(context, None)[0], Path("croissant.json"), About())
    except SpecError as error:
        return error.diagnostics
    return ()


def _at(path: Path, phrase: str) -> Span:
    text = path.read_text(encoding="utf-8")
    start = text.index(phrase)
    return Span(Source(path.name, text), start, start + len(phrase))


def _labels(path: Path) -> tuple[Diagnostic, ...]:
    told = "`Answer:10` is more than one token for first"
    helps = ("use `labels = letters`",)
    span = _at(path, "first_token")
    return (LabelTokens(span=span, problem="single tokens", label=told, helps=helps),)


def _options(path: Path) -> tuple[Diagnostic, ...]:
    told = "`Łódź` and `Lodz` are the same tokens for first"
    return (OptionTokens(span=_at(path, "reply"), problem="has the tokens of another", label=told),)


def _too_long(path: Path) -> tuple[Diagnostic, ...]:
    problem = "has 2211 tokens for `first`, which reads at most 2048"
    return (PromptRefused(span=_at(path, "reply"), prompt="resident", problem=problem),)


def _other_design(path: Path) -> tuple[Diagnostic, ...]:
    helps = ("`cyclspec run audit.cycl` asks what is not answered yet",)
    here, given = "6b1e0c2f9a37", "91c4d5be0712"
    return (OtherDesign(span=_at(path, "small"), run="runs/small-1", here=here, given=given, helps=helps),)


def _taken(path: Path) -> tuple[Diagnostic, ...]:
    """What `cyclspec answers import` says of a reply to a request that the audit has not made."""
    planned = pipeline.plan(opened := _open(path), weights="required")
    _, waiting = stored(opened, planned, path.parent / "runs")
    replies = path.parent / "replies.jsonl"
    replies.write_text('{"key": "9f2c41d07ab3", "text": "B", "logprobs": {"B": -0.1}}\n', encoding="utf-8")
    try:
        take_replies(path.parent / "runs", waiting, (replies,))
    except SpecError as error:
        return error.diagnostics
    return ()


HOW: Mapping[str, Callable[[Path], tuple[Diagnostic, ...]]] = {
    "CY0015": _back,
    "CY0109": _locked,
    "CY0113": _planned,
    **dict.fromkeys(
        ("CY0701", "CY0702", "CY0703", "CY0706", "CY0707", "CY0708", "CY0709", "CY0717", "CY0718"), _opened
    ),
    "CY0705": _small,
    "CY0715": _little,
    "CY0716": _planned,
    **dict.fromkeys(("CY0710", "CY0719", "CY0720"), _planned),
    "CY0721": _taken,
    "CY0730": _described_as_declared,
    "CY0740": _exported,
    **{f"CY073{digit}": _described for digit in range(1, 10)},
    "CY0801": _planned,
    # told of when a model is open or a run is there: made as the code makes them
    "CY0704": _labels,
    "CY0711": _too_long,
    "CY0712": _other_design,
    "CY0713": _options,
    "CY0714": _planned,
    "CY0901": shared.half_merged,
    "CY0902": shared.other_model,
    "CY0911": shared.not_packed,
    "CY0912": shared.cut_short,
    "CY0913": shared.compressed,
    "CY0914": shared.large,
    "CY0915": shared.without_manifest,
    "CY0916": shared.edited,
    "CY0917": shared.leading_out,
    "CY0918": shared.other_hashes,
    "CY0921": shared.nothing_to_ask,
}


def rendered(diagnostics: tuple[Diagnostic, ...]) -> str:
    """The message as it stands on a page; the current folder has no name there."""
    return render(diagnostics, "text").replace(f"{Path.cwd()}/", "")


def diagnosed(code: str, program: str, files: Mapping[str, str], folder: Path) -> tuple[Diagnostic, ...]:
    """What is said of a program in `folder`, by the command that a code belongs to."""
    for name, body in files.items():
        (folder / name).write_text(body, encoding="utf-8")
    path = Path("audit.cycl")
    path.write_text(program, encoding="utf-8")
    return HOW.get(code, _checked)(path)


def table() -> str:
    """The table of docs/errors/index.md, from the catalogue and the headings of the pages."""
    from cyclspec.language.diagnostics.catalogue import catalogue

    titles = {path.stem: page_of(path).title for path in sorted(FOLDER.glob("CY*.md"))}
    rows = [
        f"| [{kind.code}]({kind.code}.md) | {kind.severity.value} | {titles.get(kind.code, '')} |"
        for kind in catalogue()
    ]
    return "\n".join(["| code | kind | what it says |", "|---|---|---|", *rows])
