"""Templates: audits to start from, put over the tables and axes of whoever starts."""
