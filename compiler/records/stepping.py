"""What is known of a record token by token: which state follows which, and how many tokens the rest needs.

Expects states that are numbered from 0, where every text begins. Ensures that a text is told whole where, and only
where, nothing is left to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int16, Int32

NEVER = 2**30
"""More tokens than any text may have."""


@dataclass(frozen=True, slots=True, eq=False)
class TokenAutomaton:
    """`follows[state, kinds[token]]` is the state after a token, -1 where it may not be written; 0 is the first state.

    From `state` at most `needs[state]` tokens are needed to the end, 0 where a text is whole; nothing follows it then.
    `key` names the record and the vocabulary.
    """

    key: str
    kinds: Int32[np.ndarray, " token"]
    follows: Int16[np.ndarray, "state kind"]
    needs: Int32[np.ndarray, " state"]

    @property
    def needed(self) -> int:
        """The tokens that a text must be given room for; `NEVER` where the tokens cannot write the record."""
        return int(self.needs[0])

    def after(self, ids: Sequence[int]) -> int:
        """The state after some tokens that may be written one after the other."""
        state = 0
        for one in ids:
            state = int(self.follows[state, self.kinds[one]])
        return state

    def is_whole(self, ids: Sequence[int]) -> bool:
        """Whether some tokens are a whole text."""
        state = self.after(ids)
        return state >= 0 and self.needs[state] == 0
