"""Replies to records: the object that is found, values of each shape, and the reason where there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from record_words import EVERYTHING, PLAIN, SHARE

from cyclspec.compiler.records.fields import FieldReading
from cyclspec.compiler.records.reading import read_record
from cyclspec.compiler.records.schema import (
    DateShape,
    ListShape,
    NumberShape,
    RecordSchema,
    Shape,
    TextShape,
    Word,
    WordShape,
)

LETTERED = WordShape((Word("9", "A", ("rather", "mas o menos", "9")), Word("7", "B", ("not at all", "7"))))


def one(value: Any, shape: Shape) -> FieldReading:
    schema = RecordSchema((("x", shape),))
    return dict(read_record(json.dumps({"x": value}), schema, {}, {}))["x"]


@pytest.mark.parametrize(
    ("value", "shape", "read", "reason"),
    [
        (0.25, SHARE, 0.25, ""),
        (1, SHARE, 1.0, ""),
        (1.5, SHARE, None, "off scale"),
        ("0.5", SHARE, None, "wrong value"),
        (True, SHARE, None, "wrong value"),
        (3.0, NumberShape(0, 9, whole=True), 3, ""),
        (3.5, NumberShape(0, 9, whole=True), None, "wrong value"),
        (-1, NumberShape(0, 9, whole=True), None, "off scale"),
        ("  two words ", TextShape(), "two words", ""),
        ("   ", TextShape(), None, "wrong value"),
        (["a"], TextShape(), None, "wrong value"),
        ("\ud800", TextShape(), "?", ""),
        ("2024-02-29", DateShape(), "2024-02-29", ""),
        ("2023-02-29", DateShape(), None, "wrong value"),
        ("A", LETTERED, "9", ""),
        ("b", LETTERED, "7", ""),
        ("Not  at all", LETTERED, "7", ""),
        ("B) not at all", LETTERED, "7", ""),
        (7, LETTERED, "7", ""),
        ("C", LETTERED, None, "off scale"),
        (None, LETTERED, None, "no member"),
        ({"a": 1}, LETTERED, None, "wrong value"),
        (["A", "B", "A"], ListShape(LETTERED, 1, 2, distinct=True), ("9", "7"), ""),
        (["A", "A"], ListShape(LETTERED, 2, 2, distinct=True), None, "off scale"),
        (["A", "C"], ListShape(LETTERED, 0, None), None, "off scale"),
        ([], ListShape(TextShape(), 1, 3), None, "off scale"),
        ("a, b", ListShape(TextShape(), 1, 3), None, "wrong value"),
    ],
)
def test_a_value_is_read_or_missing_with_a_reason(value: Any, shape: Shape, read: Any, reason: str) -> None:
    assert one(value, shape) == FieldReading(read, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("mood: 0.5", "no JSON"),
        ('{"mood": 0.5', "no JSON"),
        ('{"mood": 0.5, "mood": 0.6}', "no JSON"),
        ('{"mood": NaN}', "no JSON"),
        ('["mood", 0.5]', "no JSON"),
        ("{" * 10_000, "no JSON"),
        ('{"mood":' * 5_000, "no JSON"),
        ('{"mood": ' + "9" * 6_000 + "}", "no JSON"),
        ('{"Mood": 0.5}', "no member"),
        ("x" * 70_000 + '{"mood": 0.5}', "no JSON"),
        ('{"mood": 0.5, "other": [1]}', ""),
        ('Sure! Here it is:\n```json\n{"mood": 0.5}\n```\nDone {x}.', ""),
        ('I think {this} and {"note": 1} then {"mood": 0.5}', ""),
    ],
)
def test_the_first_object_with_a_field_is_the_reply(text: str, reason: str) -> None:
    read = dict(read_record(text, RecordSchema((("mood", SHARE),)), {}, {}))
    assert read["mood"] == FieldReading(None if reason else 0.5, reason)


def test_what_json_schema_says_of_a_record_is_what_is_read() -> None:
    """Every property has its own schema and all are asked for, in the order of the record."""
    schema = EVERYTHING.json_schema
    assert schema["required"] == list(schema["properties"]) == [name for name, _ in EVERYTHING.fields]
    assert schema["properties"]["mood"] == {"type": "number", "minimum": 0.0, "maximum": 1.0}
    assert schema["properties"]["stress"] == {"type": "integer", "minimum": 0, "maximum": 12}
    assert schema["properties"]["self"] == {"type": "string", "enum": ["quiet", "loud", "quite loud"]}
    assert schema["properties"]["picks"]["maxItems"] == 2
    assert "maxItems" not in schema["properties"]["more"]
    assert json.loads(PLAIN.text) == PLAIN.json_schema
