"""The automata of the records that models are asked for, each made once for a model.

Expects tokenizers. Ensures that a record which a model has not the room or the tokens to write is refused before
anything is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cyclspec.compiler.prompts.tokens import Tokenizer
from cyclspec.compiler.records.schema import RecordSchema
from cyclspec.compiler.records.stepping import NEVER, TokenAutomaton
from cyclspec.compiler.records.tokens import token_automaton
from cyclspec.compiler.records.vocabulary import Vocabulary, vocabulary_of
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy07_data_and_plan import RecordTooLong
from cyclspec.language.types import typed as d


@dataclass(slots=True)
class Constraints:
    """What is known of the tokens of models, and of records over them."""

    _vocabularies: dict[str, Vocabulary] = field(default_factory=dict)
    _automata: dict[tuple[str, str], TokenAutomaton] = field(default_factory=dict)

    def automaton(self, digest: str, tokenizer: Tokenizer, size: int, record: RecordSchema) -> TokenAutomaton:
        """The automaton of a record over the `size` tokens of the model of a digest."""
        key = digest, record.text
        if key not in self._automata:
            if digest not in self._vocabularies:
                self._vocabularies[digest] = vocabulary_of(tokenizer.token_bytes())
            self._automata[key] = token_automaton(record, self._vocabularies[digest], size)
        return self._automata[key]

    def require_room(self, ask: d.TypedAsk, model: str, automaton: TokenAutomaton) -> None:
        """Raises `SpecError` where an ask gives a model too few tokens for its record."""
        assert isinstance(ask.reader, d.JsonReader)
        if automaton.needed <= ask.reader.max_tokens:
            return
        cannot = automaton.needed == NEVER
        needed = "tokens it does not have" if cannot else f"up to {automaton.needed} tokens"
        helps = ("write `decoding = free`",) if cannot else (f"write `max_tokens = {2 * automaton.needed}`",)
        raise SpecError(
            [
                RecordTooLong(
                    span=ask.span,
                    ask=ask.name,
                    model=model,
                    needed=needed,
                    most=ask.reader.max_tokens,
                    helps=helps,
                )
            ]
        )
