"""F70: what ccxt writes and keeps that must never be seen; why it lives in a process of its own, without a key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import ccxt.async_support as ccxt
import pytest
from aiohttp import web

ROOT = Path(__file__).parents[2]
SECRETS = {"apiKey": "the-key-of-nobody", "secret": "the-secret-of-nobody", "password": "the-phrase-of-nobody"}


@asynccontextmanager
async def venue(body: str) -> AsyncIterator[str]:
    """An HTTP server that answers everything with this text."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def okx(base: str) -> AsyncIterator[ccxt.okx]:
    exchange = ccxt.okx(dict(SECRETS))
    exchange.urls["api"] = {"rest": base}
    try:
        yield exchange
    finally:
        await exchange.close()
        await asyncio.sleep(0)


async def test_its_log_holds_key_and_passphrase_in_clear_though_nobody_asked_for_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "ccxt")
    async with venue('{"code":"0","data":[]}') as base, okx(base) as exchange:
        assert exchange.verbose is False
        await exchange.privateGetAccountConfig()
    assert SECRETS["apiKey"] in caplog.text
    assert SECRETS["password"] in caplog.text


async def test_at_the_level_that_we_set_it_writes_none_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("ccxt")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        async with venue('{"code":"0","data":[]}') as base, okx(base) as exchange:
            await exchange.privateGetAccountConfig()
    finally:
        logger.setLevel(before)
    assert not [word for word in SECRETS.values() if word in caplog.text]


@pytest.mark.parametrize("name", ["ccxt_facts", "ccxt_feed"])
def test_each_process_of_ours_sets_that_level_before_it_does_anything(name: str) -> None:
    source = (ROOT / "feeds" / f"{name}.py").read_text()
    main = source[source.index('if __name__ == "__main__":') :]
    level = 'logging.getLogger("ccxt").setLevel(logging.CRITICAL)'
    assert level in main
    assert main.index(level) < main.index("asyncio.run")


async def test_its_errors_repeat_what_the_server_said() -> None:
    """So every word of an error of ccxt passes `clean()`, or only its class is named."""
    async with (
        venue('{"code":"50001","msg":"\\u001b[2J[/foo] said the server","data":[]}') as base,
        okx(base) as exchange,
    ):
        with pytest.raises(ccxt.BaseError, match="said the server"):
            await exchange.privateGetAccountConfig()


def test_an_exchange_shows_its_secret_to_whoever_prints_its_fields() -> None:
    assert SECRETS["secret"] in repr(vars(ccxt.okx(dict(SECRETS))))


def test_its_keepalive_on_binance_is_minutes() -> None:
    """Why our own venue files hold the sockets."""
    import ccxt.pro

    assert ccxt.pro.binance().streaming["keepAlive"] >= 60_000


def test_importing_it_is_left_to_the_processes() -> None:
    for room in ("hedge", "alerts", "monitor", "tui"):
        for path in (ROOT / room).rglob("*.py"):
            assert "import ccxt" not in path.read_text(), path
