"""The methods section of a run: how its numbers came about, in words and tables, from what the run itself holds."""
