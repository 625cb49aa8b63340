"""Whole screens: what lies where, and what the keys do there."""
