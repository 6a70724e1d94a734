"""A staged audit of a hosted model: first tokens, texts that are told to a later ask, choices with further tries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batch_server import Batches, send, serving
from worlds_on_disk import Said, World, spec_text, write_table

AUDIT = """
panel far {
  model gpt = openai("gpt-tiny", host = "batch.example")
}

prompt lettered(item: small.items, country: country) -> choice(item.options) {
  system[en] "You live in {country}."
  user[en] "{item.question}\\n{item.options|lettered}\\nReply with a letter."
}

prompt wonder(country: country) -> text {
  user[en] "What do people in {country} think of?"
}

prompt after(thought: text, item: small.items) -> choice(item.options) {
  user[en] "You think: {thought}\\n{item.question}\\n{item.options|lettered}"
}

audit hosted {
  seed = 5
  each item    in small.items
  each country in country
  each model   in far
  each repeat  in 1..3

  ask reply   = lettered(item, country) { model = model, read = first_token(labels = letters) }
  ask thought = wonder(country) { model = model, read = text(temperature = 0.5, max_tokens = 40), missing = keep }
  ask pick    = after(thought, item) {
    model   = model
    per     = [repeat]
    read    = sampled(temperature = 1.0, max_tokens = 16)
    missing = retry(2)
  }

  let human  = share over person by country weighted by person.weight of small.answers.value
  let picked = share over repeat of pick

  measure first  by model, country : share = mean over item of 1 - m.js_distance(reply, human)
  measure later  by model, country : share = mean over item of 1 - m.js_distance(picked, human)
  measure unread by model, country : share = mean over item, repeat of is_missing(pick)

  check mass = (min over item, country of reply.mass) >= 50% { on_fail = warn }
}
"""


def write_hosted(folder: Path, world: World, audit: str = AUDIT) -> Path:
    """Tables and `audit.cycl` in a folder; the path of the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "items.jsonl", world.items)
    write_table(folder / "people.csv", world.people)
    write_table(folder / "answers.parquet", world.answers)
    (folder / "audit.cycl").write_text(spec_text(audit=audit), encoding="utf-8")
    return folder / "audit.cycl"


@dataclass
class Desk:
    """A person at the command line: writes requests, has them answered, takes the replies back."""

    command: Callable[..., Said]
    spec: Path
    folder: Path
    batches: Batches = field(default_factory=Batches)
    said: list[Said] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def run(self) -> Path:
        """The folder of the only run."""
        return next(self.out.glob("*/plan.json")).parent

    def requests(self, *options: Any) -> list[Path]:
        """The files of the stage that the run has come to."""
        into = self.folder / f"written{len(self.said)}"
        said = self.command("requests", self.spec, "--out", self.out, "-o", into, *options)
        assert said.code == 0, said.err
        self.said.append(said)
        return sorted(into.glob("*.jsonl"))

    def answered(self, files: list[Path]) -> list[Path]:
        """The outputs and errors of batches of some files."""
        into = self.folder / f"replies{len(self.said)}"
        with serving(self.batches) as address:
            return [found for path in files for found in send(address, path, into)]

    def take(self, *files: Path, options: tuple[str, ...] = ()) -> Said:
        self.said.append(self.command("answers", "import", self.run, *files, *options))
        return self.said[-1]

    def to_the_end(self) -> Said:
        """Every stage and every try."""
        while True:
            said = self.take(*self.answered(self.requests()))
            if said.code != 75:
                return said


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
