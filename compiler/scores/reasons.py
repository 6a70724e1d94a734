"""Why a cell has no value, as a code: what the graph knows a missing cell by.

Ensures that a higher code outranks a lower one where a value depends on several missing cells.
"""

from __future__ import annotations

from typing import Final

OK: Final = 0
ABSENT: Final = 1
UNREADABLE: Final = 2
OFF_SCALE: Final = 3
REFUSED: Final = 4
NO_PEOPLE: Final = 5
NO_VALUE: Final = 6
UNDEFINED: Final = 7
FIRST_CHECK: Final = 8
HOLE: Final = 127

CHECK: Final = "check "
"""How the reason of what a check excludes begins; its name follows."""

ANSWER_REASONS: Final = ("absent", "unreadable", "off scale", "refused")
"""Why there is no answer, by the status less one."""

REASONS: Final = (*ANSWER_REASONS, "no people", "no value", "undefined")

MISSING_OPTION: Final = "missing option"
TIE: Final = "tie"
NOT_CONNECTED: Final = "not connected"
