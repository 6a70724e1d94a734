"""From what a file says to what a corpus declares: small passes, each with its rule and its note."""
