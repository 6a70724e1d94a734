"""Corpora and microdata: tables of files, checked against what a spec declares, and the answers of people."""
