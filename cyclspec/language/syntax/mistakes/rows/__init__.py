"""Tables of mistakes that a pattern finds: signs, statements, words, and what stands in blocks."""
