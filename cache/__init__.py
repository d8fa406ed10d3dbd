"""Naming, keeping and dropping answers."""
