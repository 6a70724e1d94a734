"""What is in a corpus: how many people stand where, with which weights, what they were asked, and what is amiss."""
