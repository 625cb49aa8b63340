"""The process that watches: feeds into the book, the book into alerts, snapshots out over the link."""
