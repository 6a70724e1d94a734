"""A program with a cursor in it, for tests of the features alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cyclspec.lsp.completion import complete
from cyclspec.lsp.hover import hover
from cyclspec.lsp.navigation import definition
from cyclspec.lsp.view import View, for_completion, view

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "specs" / "quickstart.cycl"
SURVEY = ROOT / "specs" / "quickstart" / "survey.cycl"
PROMPTS = ROOT / "specs" / "quickstart" / "prompts.cycl"
CURSOR = "¦"


@dataclass(frozen=True, slots=True)
class Marked:
    """A text with a cursor at `offset`, as it stands in an editor that has `path` open."""

    path: Path
    text: str
    offset: int
    before: str = ""

    def view(self) -> View:
        found = view(self.path, {self.path.resolve(): self.text})
        assert found is not None
        return found

    def hover(self) -> str:
        found = hover(self.view(), self.offset)
        return "" if found is None else found[1]

    def definition(self) -> str:
        """The place that a definition leads to, as `file:line: name`."""
        target = definition(self.view(), self.offset)
        if target is None:
            return ""
        return f"{Path(target.source.name).name}:{target.begin.line}: {target.text}"

    def complete(self) -> tuple[str, ...]:
        """The labels that are offered, in the order in which they are shown."""
        texts = {self.path.resolve(): self.text}
        good = unbroken(self.path, self.before) if self.before else None
        here = for_completion(self.path, texts, self.text, self.offset) or good
        return tuple(item.label for item in complete(here, self.text, self.offset, good))


@cache
def unbroken(path: Path, text: str) -> View | None:
    """The view of a file before it was edited."""
    return view(path, {path.resolve(): text})


def at(path: Path, old: str, new: str) -> Marked:
    """A shipped file where the first `old` reads `new`, the cursor in it."""
    before = path.read_text(encoding="utf-8")
    assert old in before, old
    return written(path, before.replace(old, new, 1), before)


def written(path: Path, marked: str, before: str = "") -> Marked:
    """A text with its cursor marked."""
    assert marked.count(CURSOR) == 1
    return Marked(path, marked.replace(CURSOR, ""), marked.index(CURSOR), before)
