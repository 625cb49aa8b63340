"""Speed, measured as ratios against a named floor or peer; see docs/performance.md."""
