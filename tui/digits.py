"""Figures three rows high, drawn with heavy lines, to be read across a room."""

from __future__ import annotations

HEIGHT = 3
_DRAWN = {
    "0": ("┏━┓", "┃ ┃", "┗━┛"),
    "1": (" ╺┓", "  ┃", " ╺┻"),
    "2": ("╺━┓", "┏━┛", "┗━╸"),
    "3": ("╺━┓", "╺━┫", "╺━┛"),
    "4": ("╻ ╻", "┗━┫", "  ╹"),
    "5": ("┏━╸", "┗━┓", "╺━┛"),
    "6": ("┏━╸", "┣━┓", "┗━┛"),
    "7": ("╺━┓", "  ┃", "  ╹"),
    "8": ("┏━┓", "┣━┫", "┗━┛"),
    "9": ("┏━┓", "┗━┫", "╺━┛"),
    "+": ("   ", "╺╋╸", "   "),
    "−": ("   ", "╺━╸", "   "),
    "–": ("   ", "╺━╸", "   "),
    ".": (" ", " ", "."),
    ",": (" ", " ", ","),
    " ": (" ", " ", " "),
    "M": ("   ", "   ", " M "),
    "B": ("   ", "   ", " B "),
}


def drawable(text: str) -> bool:
    """Every character has a large form."""
    return all(character in _DRAWN for character in text)


def big_lines(text: str) -> tuple[str, str, str]:
    """Three lines of equal width; a word that has no large form stands on the lowest."""
    if not drawable(text):
        return (" " * len(text), " " * len(text), text)
    top, middle, foot = ("".join(_DRAWN[character][row] for character in text) for row in range(HEIGHT))
    return top, middle, foot


def big_width(text: str) -> int:
    """Cells that `big_lines` takes."""
    return len(big_lines(text)[0])
