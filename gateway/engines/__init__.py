"""Engines that hold data and run SQL."""
