"""Colours, one file a theme. Elsewhere in the program a colour is a role, never a hex."""
