"""The type checker: every pass in order, every finding in one go.

Expects a program. Ensures that the audits it returns are closed and typed, and that errors are reported once, sorted
by place.
"""

from __future__ import annotations

from collections.abc import Mapping

from cyclspec.language.diagnostics import Findings
from cyclspec.language.names.consequences import independent
from cyclspec.language.names.modules import Program
from cyclspec.language.names.suggest import sparing
from cyclspec.language.types.audits import elaborate_audits
from cyclspec.language.types.context import Binding, Context, Observe
from cyclspec.language.types.expressions import infer
from cyclspec.language.types.metrics import elaborate_metrics
from cyclspec.language.types.panels import elaborate_panels, elaborate_targets
from cyclspec.language.types.params import elaborate_params
from cyclspec.language.types.prompts import elaborate_prompts
from cyclspec.language.types.repeats import report_repeats
from cyclspec.language.types.tables import elaborate_conditions, elaborate_tables
from cyclspec.language.types.vocabularies import elaborate_vocabularies

PASSES = (
    report_repeats,
    elaborate_vocabularies,
    elaborate_tables,
    elaborate_params,
    elaborate_conditions,
    elaborate_panels,
    elaborate_targets,
    elaborate_metrics,
    elaborate_prompts,
    elaborate_audits,
)


@sparing()
def check_program(
    program: Program, findings: Findings, bindings: Mapping[str, Binding], observe: Observe | None = None
) -> Context:
    """The context of a program after all passes.

    `bindings` are the parameters given from outside; `observe` is told of every expression that is typed.
    """
    ctx = Context(program, findings, bindings, infer, observe)
    told = len(findings.items)
    for elaborate in PASSES:
        elaborate(ctx)
    findings.items[told:] = independent(program, findings.items[told:])
    return ctx
