"""Reports: tables for people and for programs."""
