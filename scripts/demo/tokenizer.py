"""The demo model's tokenizer: byte-level BPE (Sennrich et al. 2016) trained on the prompts themselves.

Ensures that each option letter is one token, with and without a space before it, and that no token is added to a text
that the chat template did not write.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from prompting import LETTERS, Message
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

PAD, END = "<|pad|>", "<|end|>"
TURNS = ("<|system|>", "<|user|>", "<|assistant|>")
_LONGEST_TOKEN = 12
_LETTER_WEIGHT = 1000
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('the roles are system, user and assistant') }}{% endif %}"
    "<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def rendered(messages: Sequence[Message]) -> str:
    """What the chat template writes for `messages`, the last of which is the assistant's and stays open."""
    *closed, last = messages
    turns = "".join(f"<|{one.role}|>{one.content}{END}" for one in closed)
    return f"{turns}<|{last.role}|>{last.content}"


def train_tokenizer(texts: Sequence[str], *, vocab_size: int) -> Tokenizer:
    """Merges are learned from the distinct `texts`, and the letters with and without a space are put in.

    Tokens are short, or a whole sentence of Chinese would be one.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, END, *TURNS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=_LONGEST_TOKEN,
        show_progress=False,
    )
    letters = [f"Answer: {letter}\n{letter}" for letter in LETTERS] * _LETTER_WEIGHT
    tokenizer.train_from_iterator([*dict.fromkeys(texts), *letters], trainer)
    tokenizer.add_special_tokens([AddedToken(one, special=True) for one in (PAD, END, *TURNS)])
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, folder: Path, *, longest: int) -> None:
    """Writes `tokenizer.json` and `tokenizer_config.json` with the chat template."""
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": PAD,
        "eos_token": END,
        "model_max_length": longest,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
