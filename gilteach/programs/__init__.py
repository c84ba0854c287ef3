"""Whole programs, measured as they are."""
