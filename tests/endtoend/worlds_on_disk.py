"""Small worlds that the end-to-end tests write to disk: checkpoints, tokenizers, corpora, specs. All invented."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

PAD, BEGIN, END = "<|pad|>", "<|begin|>", "<|end|>"
TURNS = ("<|system|>", "<|user|>", "<|assistant|>")

CHAT = (
    "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('no system role here') }}{% endif %}"
    "{% for message in messages %}<|{{ message.role }}|>\n{{ message.content | trim }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
DATED = (
    "<|system|>Today is {{ strftime_now('%d %B %Y') }}.{% if messages[0].role == 'system' %}"
    " {{ messages[0].content }}{% set messages = messages[1:] %}{% endif %}<|end|>"
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
DATE_STRING = "{{ bos_token }}<|system|>{{ date_string }}<|end|>" + CHAT.removeprefix("{{ bos_token }}")

_TEXTS = [
    "Answer: A B C D E F G H I J",
    "Question: How important is it? A. Very B. Rather C. Not at all D. No answer",
    "You answer the way someone living in the north would. Reply with a single letter.",
    *(f"Answer: {letter}" for letter in "ABCDEFGHIJ"),
    *(f"Answer:{letter}\n" for letter in "ABCDEFGHIJ"),
] * 40


def train_tokenizer(*, begins: bool = False, spaced: bool = True) -> Tokenizer:
    """A byte-level BPE; `begins` adds the begin token itself, `spaced` learns letters with a space before them."""
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=[PAD, BEGIN, END, *TURNS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = _TEXTS if spaced else [text.replace(" ", "") for text in _TEXTS]
    made.train_from_iterator(texts, trainer)
    if begins:
        made.post_processor = processors.TemplateProcessing(
            single=f"{BEGIN} $A", special_tokens=[(BEGIN, made.token_to_id(BEGIN))]
        )
    return made


def write_tokenizer(folder: Path, tokenizer: Tokenizer, template: str | None) -> None:
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PAD
    )
    fast.chat_template = template
    fast.save_pretrained(folder)


def write_checkpoint(
    folder: Path,
    *,
    template: str | None = CHAT,
    seed: int = 0,
    family: str = "llama",
    tokenizer: Tokenizer | None = None,
    hidden: int = 32,
    layers: int = 2,
) -> Path:
    """A random checkpoint of a real architecture: norms and biases random too."""
    tokenizer = tokenizer or train_tokenizer()
    kinds = {
        "llama": transformers.LlamaConfig,
        "mistral": transformers.MistralConfig,
        "qwen2": transformers.Qwen2Config,
    }
    config = kinds[family](
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rms_norm_eps=1e-5,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    model = transformers.AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            scale = 0.4 if "norm" in name or "bias" in name else 1.5 * weight.shape[-1] ** -0.5
            weight.copy_(("norm" in name) + scale * noise)
    model.save_pretrained(folder)
    write_tokenizer(folder, tokenizer, template)
    return folder


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A column for each language of a text; lists as JSON."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= {f"{name}_{lang}": text for lang, text in value.items()}
        else:
            found[name] = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
    return found


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a file of the format that the name ends with."""
    match path.suffix:
        case ".csv":
            pd.DataFrame([_flat(row) for row in rows]).to_csv(path, index=False)
        case ".json":
            path.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
        case ".jsonl":
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            path.write_text("".join(lines), encoding="utf-8")
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(list(rows)), path)
        case ".arrow":
            pyarrow.feather.write_feather(pa.Table.from_pylist(list(rows)), path, compression="uncompressed")
        case _:
            raise ValueError(path.suffix)
    return path


@dataclass(frozen=True)
class World:
    """Items, people and answers as rows, before any file."""

    items: list[dict[str, Any]]
    people: list[dict[str, Any]]
    answers: list[dict[str, Any]]

    def frame(self) -> pd.DataFrame:
        """Answers with the columns of their people."""
        return pd.DataFrame(self.answers).merge(pd.DataFrame(self.people), on="person")

    def codes(self, item: str, *, missing: bool = False) -> list[str]:
        row = next(row for row in self.items if row["item"] == item)
        return [o["code"] for o in row["options"] if missing or not o.get("missing", False)]


COUNTRIES = {"avria": "AV", "belmar": "BE", "corvin": "CO"}


def make_world(n_items: int = 6, n_people: int = 90, seed: int = 7) -> World:
    """Items of 2 to 5 options and a missing one; people in three countries with unequal weights."""
    rng = np.random.default_rng(seed)
    items = []
    for i in range(n_items):
        count = 2 + i % 4
        options: list[dict[str, Any]] = [
            {
                "code": str(j + 1),
                "label": {"en": f"choice {j + 1} of {count}", "es": f"opción {j + 1} de {count}"},
            }
            for j in range(count)
        ]
        options.append({"code": "-1", "label": {"en": "Don't know", "es": "No sabe"}, "missing": True})
        items.append(
            {
                "item": f"q{i:03d}",
                "question": {"en": f"How do you see matter number {i}?", "es": f"¿Cómo ve el asunto {i}?"},
                "options": options,
                "theme": ("family", "work")[i % 2],
            }
        )
    people = [
        {
            "person": f"p{j}",
            "country": list(COUNTRIES.values())[j % 3],
            "gender": int(rng.integers(1, 3)),
            "weight": round(float(rng.uniform(0.2, 3.0)), 4),
        }
        for j in range(n_people)
    ]
    answers = [
        {
            "item": item["item"],
            "person": person["person"],
            "value": str(rng.choice([o["code"] for o in item["options"]])),
        }
        for item in items
        for person in people
        if rng.uniform() > 0.1
    ]
    return World(items, people, answers)


SURVEY = """
axis country : nominal {
  avria  = "AV" {en: "Avria",  es: "Avria"}  { region = north }
  belmar = "BE" {en: "Belmar", es: "Belmar"} { region = north }
  corvin = "CO" {en: "Corvin", es: "Corvín"} { region = south }
}

axis gender : nominal {
  woman = 2 {en: "woman", es: "mujer"}
  man   = 1 {en: "man",   es: "hombre"}
}

corpus small {
  title = "A survey that the tests make up"

  table items {
    source = ITEMS

    item     : key
    question : text(en, es)
    options  : scale(ordinal, 2..10)
    theme    : nominal(family, work)
  }

  table people {
    source = PEOPLE

    person  : key
    country : country
    gender  : gender
    weight  : real where weight > 0
  }

  table answers {
    source = ANSWERS

    item   : ref(items)
    person : ref(people)
    value  : choice(item.options)
  }
}

prompt resident(item: small.items, country: country, lang: lang) -> choice(item.options) {
  system[en] "You answer the way someone living in {country} would."
  system[es] "Responde como alguien que vive en {country}."
  user[en] "{item.question}\\n{item.options|lettered}\\nReply with a letter."
  user[es] "{item.question}\\n{item.options|lettered}\\nResponde con una letra."
  prefix "Answer:"
}

prompt stranger(item: small.items, country: country) -> choice(item.options) {
  user[en] "Someone in {country} is asked: {item.question}\\n{item.options|lettered}"
  prefix "Answer:"
}
"""

AUDIT = """
audit first {
  title = "A small audit"
  seed  = 11

  each item    in small.items
  each country in country
  each model   in models

  ask reply = resident(item, country, lang = en) {
    model = model
    read  = first_token(labels = letters)
  }

  let human = share over person by country weighted by person.weight of small.answers.value

  measure alignment by model, country : share = mean over item of 1 - m.js_distance(reply, human)
  {
    interval = bootstrap(over = item, draws = 200, level = 95%)
  }
  measure transport by model, country : share = mean over item of m.emd_norm(reply, human)
  measure distance by model : share = mean over item, country of m.tv(reply, human)
  measure flat by country : share = mean over item of m.tv(uniform(item.options), human)
  measure others by country : share = mean over item of m.tv(human_mean(human, leave_out = country), human)

  check labels = (min over item, country of reply.mass) >= 0.0 { on_fail = warn }
}
"""


def spec_text(
    *,
    audit: str = AUDIT,
    models: Mapping[str, str] | None = None,
    suffixes: tuple[str, str, str] = (".jsonl", ".csv", ".parquet"),
    survey: str = SURVEY,
) -> str:
    """A whole spec: survey, panel of local checkpoints, audit."""
    panel = "".join(
        f'  model {name} = local("{place}")\n' for name, place in (models or {"tiny": "tiny"}).items()
    )
    for word, name, suffix in zip(
        ("ITEMS", "PEOPLE", "ANSWERS"), ("items", "people", "answers"), suffixes, strict=True
    ):
        survey = survey.replace(f"source = {word}\n", f'source = {suffix[1:]}("{name}{suffix}")\n')
    return f'cycl 1\n\nimport std.metrics as m version "1"\n{survey}\npanel models {{\n{panel}}}\n{audit}'


def write_world(
    folder: Path,
    world: World,
    *,
    suffixes: tuple[str, str, str] = (".jsonl", ".csv", ".parquet"),
    **spec: Any,
) -> Path:
    """Tables and `audit.cycl` in a folder; the path of the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = (("items", world.items), ("people", world.people), ("answers", world.answers))
    for (name, rows), suffix in zip(tables, suffixes, strict=True):
        write_table(folder / f"{name}{suffix}", rows)
    path = folder / "audit.cycl"
    path.write_text(spec_text(suffixes=suffixes, **spec), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Said:
    """What a command said: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Ran:
    """A finished run of the small world."""

    spec: Path
    out: Path
    said: Said

    @property
    def run(self) -> Path:
        return next(self.out.glob("*/plan.json")).parent


def edit(path: Path, old: str, new: str) -> None:
    """Replaces a piece of a text file that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def set_template(folder: Path, template: str | None) -> None:
    """Gives a checkpoint another chat template, or none."""
    file = folder / "chat_template.jinja"
    file.unlink()
    if template is not None:
        file.write_text(template, encoding="utf-8")
