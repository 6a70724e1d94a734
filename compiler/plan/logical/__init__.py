"""The logical plan: an audit as a tree of operators over its grid, before and after rewriting."""

from cyclspec.compiler.plan.logical.applied import Applied, Rule
from cyclspec.compiler.plan.logical.operators import (
    Cross,
    Draw,
    Filter,
    Fit,
    Generate,
    Lift,
    Operator,
    Pick,
    Read,
    Reduce,
    Render,
    Resample,
    Scan,
    Sink,
)
from cyclspec.compiler.plan.logical.rewrites import (
    RULES,
    LogicalPlan,
    logical_plan,
    rewrites_text,
    text,
)

__all__ = [
    "RULES",
    "Applied",
    "Cross",
    "Draw",
    "Filter",
    "Fit",
    "Generate",
    "Lift",
    "LogicalPlan",
    "Operator",
    "Pick",
    "Read",
    "Reduce",
    "Render",
    "Resample",
    "Rule",
    "Scan",
    "Sink",
    "logical_plan",
    "rewrites_text",
    "text",
]
