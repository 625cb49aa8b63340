"""A deterministic exchange on loopback that speaks the venues' own wire formats.

The demo, the tests and the soak runs reach it through URL overrides, by the very same feed code that reaches a real
venue. A run is decided by its seed, its script and the seconds since it started; it never leaves 127.0.0.1.

    async with Simulator(seed=1) as sim:
        sim.urls        # feed id -> websocket URL, for `urls.<feed>`
        sim.rest_urls   # venue id -> HTTP base, for `rest_urls.<venue>`
        sim.ccxt_urls   # ccxt class -> `urls['api']` for an unmodified instance

From a shell: `python -m feeds.simulator --port 0 [--seed N]`.
"""

from feeds.simulator.playback import Playback, serve_playback
from feeds.simulator.script import Fault, Script
from feeds.simulator.server import Simulator

__all__ = ["Fault", "Playback", "Script", "Simulator", "serve_playback"]
