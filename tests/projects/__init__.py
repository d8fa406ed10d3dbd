"""Broken projects, each with every fault that must be told of it."""
