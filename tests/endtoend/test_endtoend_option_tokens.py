"""The tokens of options after their prompts: both rules of the boundary by hand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import transformers
from harness import Encode, as_harness, as_joint
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, normalizers, pre_tokenizers
from worlds_on_disk import CHAT, END, PAD, train_tokenizer, write_tokenizer

from cyclspec.compiler.checkpoints.checkpoint import open_checkpoint
from cyclspec.compiler.checkpoints.places import parse_place
from cyclspec.compiler.prompts.options import Boundary, OptionTokenizer, beginnings
from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.language.diagnostics import SpecError


def tokenizer_in(folder: Path, fast: Fast, template: str | None = CHAT) -> Tokenizer:
    """A tokenizer that was on disk, in a checkpoint without weights."""
    transformers.LlamaConfig(vocab_size=fast.get_vocab_size()).save_pretrained(folder)
    write_tokenizer(folder, fast, template)
    return Tokenizer(open_checkpoint("tiny", parse_place(str(folder)), need="tokenizer"))


def spaced() -> Fast:
    """A BPE over words that carry the space before them, as in the tokenizers of SentencePiece."""
    pieces = [
        PAD,
        "<|begin|>",
        END,
        "[UNK]",
        *"▁abcdenosty:.",
        "▁y",
        "es",
        "▁yes",
        "no",
        "▁no",
        "on",
        "▁a",
        "st",
    ]
    merges = [
        ("▁", "y"),
        ("e", "s"),
        ("▁y", "es"),
        ("n", "o"),
        ("▁", "no"),
        ("o", "n"),
        ("▁", "a"),
        ("s", "t"),
    ]
    made = Fast(models.BPE({piece: at for at, piece in enumerate(pieces)}, merges, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Metaspace(prepend_scheme="first")
    return made


def joining() -> Fast:
    """A BPE in which a bracket joins the letter after it."""
    pieces = [PAD, "<|begin|>", END, "[UNK]", *"(ABCx)", "(A", "AB"]
    return Fast(models.BPE({piece: at for at, piece in enumerate(pieces)}, [("(", "A"), ("A", "B")]))


@pytest.fixture(scope="module", params=["bytes", "bytes, plain", "pieces", "pieces, plain"])
def known(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tokenizer, Encode, bool]:
    """A tokenizer, the same one as transformers calls it, and whether it reads plain text."""
    plain = "plain" in request.param
    folder = tmp_path_factory.mktemp("tokenizer")
    made = train_tokenizer(begins=plain) if request.param.startswith("bytes") else spaced()
    tokenizer = tokenizer_in(folder, made, None if plain else CHAT)
    fast = transformers.AutoTokenizer.from_pretrained(folder)
    return tokenizer, lambda text: fast(text, add_special_tokens=plain)["input_ids"], plain


WORDS = ["yes", "yes, often", "no", "not at all", "a", "非常重要", "不重要", "naïve café", "st", "1 of 2"]
TAILS = ["Answer:", "Answer: ", "Answer:\n", "Answer:  \n ", "(", "“", "yes", "答：", "no."]


@settings(max_examples=60)
@given(
    head=st.text("abcdenosty :.\n", max_size=30),
    tail=st.sampled_from(TAILS),
    turn=st.booleans(),
    words=st.lists(st.sampled_from(WORDS), min_size=2, max_size=5, unique=True),
    boundary=st.sampled_from(["joint", "harness"]),
)
def test_options_are_cut_by_the_rule_that_is_asked_for(
    known: tuple[Tokenizer, Encode, bool],
    head: str,
    tail: str,
    turn: bool,
    words: list[str],
    boundary: Boundary,
) -> None:
    tokenizer, encode, plain = known
    text = f"x{head}{'<|end|>' if turn else ''}{tail}"
    expected = (as_joint if boundary == "joint" else as_harness)(encode, text, words)
    asked = OptionTokenizer(tokenizer, "p", plain, boundary, None)
    prompts = tokenizer.encode([text, text], prompt="p", plain=plain)
    try:
        found = asked.follow(prompts, [words, words[::-1]])
    except SpecError as error:
        distinct = len({tuple(ids) for ids in expected[1]})
        assert [one.code for one in error.diagnostics] == ["CY0713"]
        assert distinct < len(words) or [] in expected[1]
        return
    assert found[0].context == tuple(expected[0])
    assert [list(ids) for ids in found[0].ids] == expected[1]
    assert found[1].ids == found[0].ids[::-1]
    assert found[0].byte_counts == tuple(len(word.encode("utf-8")) for word in words)


def test_a_space_that_ends_a_prompt_is_scored_with_its_options(tmp_path: Path) -> None:
    tokenizer = tokenizer_in(tmp_path, train_tokenizer())
    text = "<|assistant|>Answer: "
    prompts = tokenizer.encode([text], prompt="p", plain=False)
    shown = [tokenizer.pieces(prompts[0].ids)]
    for boundary in ("joint", "harness"):
        asked = OptionTokenizer(tokenizer, "p", False, boundary, None)
        (found,) = asked.follow(prompts, [["A", "B is it"]])
        shown.append(tokenizer.pieces(found.context))
        assert [tokenizer.pieces(ids)[0] for ids in found.ids] == [" A", " B"]
    assert shown[0][-1] == " "
    assert shown[1] == shown[2] == shown[0][:-1]


def test_all_options_of_a_prompt_follow_the_same_context(tmp_path: Path) -> None:
    tokenizer = tokenizer_in(tmp_path, joining(), None)
    prompts = tokenizer.encode(["x("], prompt="p", plain=True)
    (found,) = OptionTokenizer(tokenizer, "p", True, "joint", None).follow(prompts, [["A)", "B)", "C"]])
    assert tokenizer.pieces(found.context) == ("x",)
    assert [tokenizer.pieces(ids) for ids in found.ids] == [("(A", ")"), ("(", "B", ")"), ("(", "C")]
    assert found.byte_counts == (2, 2, 1)


def test_an_option_that_adds_no_token_is_refused(tmp_path: Path) -> None:
    tokenizer = tokenizer_in(tmp_path, joining(), None)
    prompts = tokenizer.encode(["x("], prompt="p", plain=True)
    with pytest.raises(SpecError, match="CY0713") as caught:
        OptionTokenizer(tokenizer, "p", True, "harness", None).follow(prompts, [["A", "B"]])
    assert caught.value.diagnostics[0].label == "`A` adds no token to the prompt for tiny"


def test_options_of_the_same_tokens_are_refused(tmp_path: Path) -> None:
    words = Fast(models.WordLevel({PAD: 0, "<|begin|>": 1, END: 2, "[UNK]": 3, "Answer": 4, ":": 5}, "[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = tokenizer_in(tmp_path, words)
    prompts = tokenizer.encode(["Answer:"], prompt="p", plain=False)
    with pytest.raises(SpecError, match="CY0713") as caught:
        OptionTokenizer(tokenizer, "p", False, "joint", None).follow(prompts, [["Answer", "yes", "no"]])
    assert caught.value.diagnostics[0].label == "`yes` and `no` are the same tokens for tiny"


def test_a_prompt_of_which_nothing_stays_is_refused(tmp_path: Path) -> None:
    tokenizer = tokenizer_in(tmp_path, joining(), None)
    prompts = tokenizer.encode(["("], prompt="p", plain=True)
    with pytest.raises(SpecError, match="CY0711"):
        OptionTokenizer(tokenizer, "p", True, "joint", None).follow(prompts, [["A", "B"]])


def test_two_spellings_of_one_character_are_one_text(tmp_path: Path) -> None:
    made = train_tokenizer()
    made.normalizer = normalizers.Sequence([])
    tokenizer = tokenizer_in(tmp_path, made)
    prompts = tokenizer.encode(["Answer:"] * 2, prompt="p", plain=False)
    asked = OptionTokenizer(tokenizer, "p", False, "joint", None)
    composed, apart = asked.follow(prompts, [["caf\u00e9", "no"], ["cafe\u0301", "no"]])
    assert composed == apart


def test_beginnings_are_whole_options_that_others_go_on_from() -> None:
    ids = [(1,), (1, 2), (2, 1), (1, 2, 3)]
    assert list(beginnings("abcd", ids)) == [("a", "b"), ("a", "d"), ("b", "d")]
