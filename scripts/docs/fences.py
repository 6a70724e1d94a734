"""Hook of MkDocs: the words after the language of a fence become the title of its block.

Pages mark their blocks for the tests (see tests/docs/pages.py); a reader sees the name of the file, or the code of the
diagnostic that the block gets, above it.
"""

from __future__ import annotations

import re
from typing import Any

_FENCE = re.compile(r"^```(\w+)[ \t]+(\S[^\n]*)$", re.MULTILINE)


def _titled(found: re.Match[str]) -> str:
    language, rest = found[1], found[2].strip()
    if re.fullmatch(r"CY\d{4}", rest):
        title = f"*refused with {rest}:*"
    elif rest.endswith("+"):
        title = f"*add to `{rest[:-1]}`, inside its last braces:*"
    elif ":" in rest:
        name, _, line = rest.partition(":")
        title = f"*in `{name}`, from line {line}:*"
    else:
        title = f"*`{rest}`:*"
    return f"{title}\n\n```{language}"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page with plain fences, which Markdown can read."""
    return _FENCE.sub(_titled, markdown)
