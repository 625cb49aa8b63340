"""The book: a portfolio against what the venues say, kept current tick by tick, and its rows at a moment."""

from hedge.book.book import NOTHING, Book, Touched

__all__ = ["NOTHING", "Book", "Touched"]
