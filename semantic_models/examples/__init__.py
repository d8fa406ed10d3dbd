"""Sample projects, kept as package data: the demo, the docs and the tests read them."""
