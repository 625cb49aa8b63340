"""The model: pure functions and values. No I/O, no clock, no asyncio; time is an argument."""
