"""A project to lock, a hub to take models from, and the commands as a user types them."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result
from huggingface_hub import errors

from cyclspec.cli.main import group

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "specs" / "demo"
AUDIT = """cycl 1

import std.metrics as m version "1"
import "lib/survey.cycl" as survey

metric odd(p: dist(S), q: dist(S)) -> share = python "stats:odd" hash sha256:{metric}

panel models {{ model tiny = {model} }}

prompt ask_item(item: survey.town.items) -> choice(item.options) {{
  user "{{item.question}}\\n{{item.options|lettered}}\\nReply with a single letter."
  prefix "Answer:"
}}

audit {name}_of_town {{
  each item  in survey.town.items
  each model in models
  ask reply = ask_item(item) {{ model = model, read = first_token(labels = letters) }}
  measure undecided by model : bits = mean over item of m.entropy(reply)
  check label_mass = (min over item of reply.mass) >= 1% {{ on_fail = warn }}
}}
"""
SURVEY = """cycl 1

scale never_used : ordinal { no, yes }

corpus town {
  table items {
    source   = jsonl("../data/items.jsonl")
    item     : key
    question : text
    options  : scale(ordinal, 2..5)
  }

  table unread {
    source = csv("../data/not_here.csv")
    row    : key
  }
}
"""
METRIC = "import jax.numpy as jnp\n\n\ndef odd(p, q):\n    return jnp.max(p)\n"


class Command:
    """The command line, in the project."""

    def __call__(self, *arguments: str | Path) -> Result:
        return CliRunner().invoke(group, [str(argument) for argument in arguments])

    def ok(self, *arguments: str | Path) -> Result:
        said = self(*arguments)
        assert said.exit_code == 0, said.output + repr(said.exception)
        return said

    def refused(self, *arguments: str | Path) -> list[str]:
        """The codes of a refusal."""
        said = self(*arguments)
        if said.exception is not None and hasattr(said.exception, "diagnostics"):
            return [d.code for d in said.exception.diagnostics if d.severity == "error"]
        assert said.exit_code != 0, said.output
        return [line[6:12] for line in said.output.splitlines() if line.startswith("error[")]


@dataclass
class FakeHub:
    """A hub with one repository: snapshots by commit, and the commit of each branch. `calls` are the fetches."""

    folder: Path
    branches: dict[str, str] = field(default_factory=dict)
    offline: bool = False
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def commit(self, number: int, **changes: bytes) -> str:
        """A new commit of the demo model with some files changed; `main` moves to it."""
        name = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
        snapshot = self.folder / "all" / name
        shutil.copytree(DEMO, snapshot)
        for file, data in changes.items():
            (snapshot / file.replace("__", ".")).write_bytes(data)
        self.branches["main"] = name
        return name

    def _commit(self, revision: str | None) -> str:
        if self.offline:
            raise errors.LocalEntryNotFoundError("off")
        commit = self.branches.get(revision or "main", revision or "")
        if not (self.folder / "all" / commit).is_dir():
            raise errors.RevisionNotFoundError.__new__(errors.RevisionNotFoundError)
        return commit

    def snapshot_download(
        self, repo: str, *, revision: str | None, allow_patterns: list[str], **_: object
    ) -> str:
        from fnmatch import fnmatch

        self.calls.append(tuple(allow_patterns))
        commit = self._commit(revision)
        here = self.folder / "cache" / commit
        here.mkdir(parents=True, exist_ok=True)
        for file in (self.folder / "all" / commit).iterdir():
            if any(fnmatch(file.name, pattern) for pattern in allow_patterns):
                shutil.copyfile(file, here / file.name)
        return str(here)

    def model_info(self, repo: str, *, revision: str | None, files_metadata: bool) -> Any:
        commit = self._commit(revision)
        files = []
        for path in sorted((self.folder / "all" / commit).iterdir()):
            large = path.suffix == ".safetensors"
            sha = hashlib.sha256(path.read_bytes()).hexdigest()
            files.append(
                SimpleNamespace(rfilename=path.name, lfs=SimpleNamespace(sha256=sha) if large else None)
            )
        return SimpleNamespace(sha=commit, siblings=files)


def edit(path: str | Path, old: str, new: str) -> None:
    """Replaces a text of a file that has it."""
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))
