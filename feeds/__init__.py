"""The network, inward only. Venue files are pure; sockets live in stream.py, HTTP in rest.py."""
