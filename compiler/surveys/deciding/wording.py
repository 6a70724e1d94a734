"""What an item asks, in the words that there are.

Expects a variable and what a recipe calls it. Ensures a text that is not empty and not overlong, and that a report
says where a label or a column's name stands in for the wording of the questionnaire.
"""

from __future__ import annotations

from cyclspec.compiler.surveys.notes import Notes, Topic
from cyclspec.compiler.surveys.reading.textual import plain
from cyclspec.compiler.surveys.survey import Limits, Variable

_SHORT = 40


def question_of(variable: Variable, known: str, notes: Notes) -> str:
    """The file's own label, else the recipe's description, else the name of the column."""
    label = plain(variable.label)
    if label:
        short = len(label) < _SHORT and "?" not in label
        if short:
            notes.open(
                Topic.WORDING,
                "the question is the short label of the file; put the wording of the questionnaire into the items",
                variable.name,
            )
        return cut(label, Limits().question_chars, variable.name, notes)
    if known:
        notes.open(
            Topic.WORDING,
            "the question is the recipe's description, not the wording of the questionnaire; put that into the items",
            variable.name,
        )
        return known
    notes.open(
        Topic.WORDING,
        "the file has no label: the question is the name of the column; put its wording into the items",
        variable.name,
    )
    return plain(variable.name) or "?"


def label_of(text: str, subject: str, notes: Notes) -> str:
    """The label of an option or a level."""
    return cut(plain(text) or text, Limits().label_chars, subject, notes)


def cut(text: str, most: int, subject: str, notes: Notes) -> str:
    """A text of at most `most` characters."""
    if len(text) <= most:
        return text
    notes.open(Topic.WORDING, f"a text of {len(text):,} characters was cut to {most:,}", subject)
    return text[:most].rstrip()
