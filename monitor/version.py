"""The version, here because asking the package's metadata for it costs the first frame 20 ms."""

VERSION = "0.1.0"
