"""Names: modules and their imports, scopes, and suggestions for names that do not exist."""
