"""The panels of the screen: each a pure function from the view to lines, and the small widget that paints it."""
