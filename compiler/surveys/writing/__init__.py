"""A decided corpus as files: tables, the text of the `.cycl` file, and the report."""
