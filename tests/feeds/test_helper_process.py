"""The process that holds ccxt is gone once nobody waits for it, whenever that is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from feeds.facts import Facts, Question
from feeds.helper import put


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 10, 200])
async def test_who_is_cancelled_leaves_no_process_behind(turns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[asyncio.subprocess.Process] = []
    really = asyncio.create_subprocess_exec

    async def begin(*words: str, **options: Any) -> asyncio.subprocess.Process:
        begun.append(await really(*words, **options))
        return begun[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", begin)
    asking = asyncio.create_task(put(Question("okx", []), Facts))
    await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (process,) = begun
    assert process.returncode is not None
