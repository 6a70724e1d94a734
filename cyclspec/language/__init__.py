"""The language: parse, resolve, type, canonical form, diagnostics. Pure; imports nothing below it."""
