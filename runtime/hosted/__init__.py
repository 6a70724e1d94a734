"""Hosted models, by batch: the requests of a stage as files, and the replies back from files."""
