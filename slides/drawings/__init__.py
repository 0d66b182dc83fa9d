"""Diagrams of the slides, a module a topic; drawing.py says how they are made."""
