"""The rows of a published file as records, grouped by the item that they are about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclspec.compiler.surveys.layouts.layout import Layout
from cyclspec.compiler.surveys.survey import SurveyFile

Record = Mapping[str, str | None]


def records_of(survey: SurveyFile, layout: Layout) -> Iterator[list[Record]]:
    """A list of one record for each row; where rows are options, the rows of one item."""
    if layout.kind != "options":
        for record in _rows(survey):
            yield [record]
        return
    groups: dict[str, list[Record]] = {}
    for number, record in enumerate(_rows(survey)):
        groups.setdefault(record.get(layout.key) or f"row {number}", []).append(record)
    yield from groups.values()


def _rows(survey: SurveyFile) -> Iterator[Record]:
    columns = [(v.name, v.values.codes, v.values.index.tolist()) for v in survey.variables]
    for row in range(survey.n_rows):
        yield {name: codes[index[row]] if index[row] >= 0 else None for name, codes, index in columns}
