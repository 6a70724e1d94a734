"""Published tables: files whose rows are questions, distributions or dilemmas, not respondents."""
