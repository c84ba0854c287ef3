"""Panels: sliders that run real experiments."""
