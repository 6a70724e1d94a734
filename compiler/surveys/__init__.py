"""Surveys in, definitions out: survey files of respondents, published distributions and dilemmas become corpora."""

from cyclspec.compiler.surveys.importing import Imported, Wanted, import_survey, write_import
from cyclspec.compiler.surveys.settings import Reading, Settings

__all__ = ["Imported", "Reading", "Settings", "Wanted", "import_survey", "write_import"]
