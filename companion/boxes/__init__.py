"""Boxes: whose they are, and what they tell of themselves."""
