"""Corpora and microdata: tables of files, checked against what a spec declares, and the answers of people."""

from cyclspec.compiler.data.contracts import Budget, Column, Level, Option, Scale, Table
from cyclspec.compiler.data.files import format_of
from cyclspec.compiler.data.groups import By
from cyclspec.compiler.data.loaded import LoadedColumn, LoadedTable
from cyclspec.compiler.data.people import HumanCells, distribution_of_people
from cyclspec.compiler.data.published import distribution_of_table
from cyclspec.compiler.data.shares import Renormalised
from cyclspec.compiler.data.tables import read_table, read_tables

__all__ = [
    "Budget",
    "By",
    "Column",
    "HumanCells",
    "Level",
    "LoadedColumn",
    "LoadedTable",
    "Option",
    "Renormalised",
    "Scale",
    "Table",
    "distribution_of_people",
    "distribution_of_table",
    "format_of",
    "read_table",
    "read_tables",
]
