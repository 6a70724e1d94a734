"""Which tokens end a reply: of a checkpoint's files, of its tokenizer, and of its chat template."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from worlds_on_disk import set_template

from cyclspec.compiler.checkpoints import Folder, open_checkpoint
from cyclspec.compiler.prompts.endings import stop_ids
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import SpecError

UNCLOSED = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPACED = UNCLOSED.replace("{{ message.content }}", "{{ message.content }} \n<|system|>\n")
WORDS = UNCLOSED.replace("<|{{ message.role }}|>", "{{ message.role }}: ")
ALTERNATING = "{% if messages | length > 1 %}{{ raise_exception('one turn') }}{% endif %}" + UNCLOSED
END, SYSTEM, USER = 2, 3, 4


@pytest.fixture
def folder(tmp_path: Path, checkpoint: Path) -> Path:
    shutil.copytree(checkpoint, tmp_path / "own")
    return tmp_path / "own"


def found(folder: Path, *, plain: bool = False) -> tuple[int, ...]:
    opened = open_checkpoint("own", Folder(folder), need="weights")
    return stop_ids(opened, Tokenizer(opened), plain=plain)


def generation(folder: Path, ends: Any) -> None:
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}), encoding="utf-8")


@pytest.mark.parametrize(
    ("template", "ends"),
    [
        (UNCLOSED, (END, USER)),
        (SPACED, (END, SYSTEM)),
        (WORDS, (END,)),
        (ALTERNATING, (END,)),
        (None, (END,)),
    ],
    ids=["next role", "after a space", "no special token", "one turn only", "none"],
)
def test_the_token_that_a_template_writes_after_a_turn_ends_it(
    folder: Path, template: str | None, ends: tuple[int, ...]
) -> None:
    set_template(folder, template)
    assert found(folder, plain=template is None) == ends


def test_a_base_model_has_no_turns_to_end(folder: Path) -> None:
    set_template(folder, UNCLOSED)
    assert found(folder, plain=True) == (END,)


def test_all_that_the_files_name_end_a_reply(folder: Path) -> None:
    generation(folder, [7, 9, 7])
    assert found(folder) == (END, 7, 9)
    generation(folder, None)
    assert found(folder) == (END,)
    (folder / "generation_config.json").unlink()
    assert found(folder) == (END,)


@pytest.mark.parametrize("ends", ["2", [2, "3"], True, -1, 2.0, list(range(100)), {"a": 1}])
def test_what_is_no_token_id_is_refused(folder: Path, ends: Any) -> None:
    generation(folder, ends)
    with pytest.raises(SpecError) as refused:
        found(folder)
    (said,) = refused.value.diagnostics
    assert (said.code, "eos_token_id" in said.message) == ("CY0710", True)
