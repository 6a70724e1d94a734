"""Recipes: what published codebooks say of their variables, one declarative file each."""
