"""The whole methods section of a run, and how it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from cyclspec.methods.asked import asked_blocks, data_blocks
from cyclspec.methods.blocks import Block, Code, Heading, Paragraph, Table
from cyclspec.methods.facts import Facts, load_facts
from cyclspec.methods.measured import check_blocks, measure_blocks, people_blocks, result_blocks
from cyclspec.methods.summary import summary_prose
from cyclspec.methods.traced import trace_blocks

if TYPE_CHECKING:
    from cyclspec.runtime.store.runs import Run

Format = Literal["markdown", "latex"]


def methods_blocks(facts: Facts, trace: Mapping[str, str] | None = None) -> Iterator[Block]:
    """Every section, in the order in which a reader asks. `trace` chooses the answer that is shown whole."""
    yield Heading(f"Methods: {facts.audit.title}", 1)
    yield Paragraph(summary_prose(facts))
    yield from asked_blocks(facts)
    yield from data_blocks(facts)
    yield from people_blocks(facts)
    yield from measure_blocks(facts)
    yield from check_blocks(facts)
    yield from result_blocks(facts)
    yield from trace_blocks(facts, trace)
    yield from _versions(facts)


def _versions(facts: Facts) -> Iterator[Block]:
    yield Heading("Versions and hashes", 2)
    environment = facts.environment
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    yield Paragraph((f"{versions}; on {environment['device_kind']} ({environment['platform']}).",))
    rows = [((name,), (Code(digest),)) for name, digest in facts.hashes.items()]
    yield Table(("hash", "sha256"), tuple(rows))
    asked = "The design hash covers what was asked of whom, the score hash also what was read off the answers"
    yield Paragraph(
        (f"{asked}, the run hash also versions and devices. The tables of results carry the audit.",)
    )


def methods_text(run: Run, style: Format, trace: Mapping[str, str] | None = None) -> str:
    """The methods section of a run. `SpecError` where the run has no measures, or does not carry its definition.

    `trace` gives levels by axis: the answer there is shown stage by stage. `NoTrace` where there is none.
    """
    from cyclspec.methods.latex import as_latex
    from cyclspec.methods.markdown import as_markdown

    blocks = list(methods_blocks(load_facts(run), trace))
    return as_markdown(blocks) if style == "markdown" else as_latex(blocks)
