"""The plan: which requests run, in which batches and shapes."""
