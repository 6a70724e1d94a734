"""The words of Croissant 1.0: its JSON-LD context, its types, and the names of file formats.

Ensures that what is written and what is read share one spelling. Source: the Croissant format specification 1.0
(docs.mlcommons.org/croissant/docs/croissant-spec.html), its appendix on the context.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cyclspec.compiler.data.contracts import Format

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.0"
READABLE: Final = (CONFORMS_TO, "http://mlcommons.org/croissant/1.1")

CONTEXT: Final[Mapping[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

TEXT, WHOLE, NUMBER, TRUTH, ENUMERATION = (
    "sc:Text",
    "sc:Integer",
    "sc:Float",
    "sc:Boolean",
    "sc:Enumeration",
)

DEFINITION: Final = "text/plain"
"""How a file in the language of this program is called; its name ends in `.cycl`."""
WRITTEN: Final[Mapping[Format, str]] = {
    "parquet": "application/x-parquet",
    "csv": "text/csv",
    "json": "application/json",
    "jsonl": "application/jsonlines",
    "arrow": "application/vnd.apache.arrow.file",
}
FORMATS: Final[Mapping[str, Format]] = {
    **{name: format_ for format_, name in WRITTEN.items()},
    "application/vnd.apache.parquet": "parquet",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
}
SUFFIX: Final = ".cycl"


def last_word(name: object) -> str:
    """`FileObject` for `cr:FileObject` and for its whole address."""
    return str(name).replace("#", "/").replace(":", "/").rsplit("/", maxsplit=1)[-1]
