"""`hedgetui test-page` in the real program: what it says of each address, and what it never says."""

from __future__ import annotations

from household import Home
from receivers import mail, web

TOKEN = "tOkEn-9f8e7d6c"


def test_each_address_is_tried_and_told_apart(home: Home) -> None:
    with web(TOKEN) as good, web(TOKEN) as bad, mail() as post:
        bad.mood = "refuse"
        home.env["HEDGETUI_PAGES"] = f"{good.url}\n{bad.url}"
        home.env["HEDGETUI_ESCALATION"] = post.url
        run = home.run("test-page")
        assert run.returncode == 3, run.stderr
        first, second, third = run.stdout.splitlines()
        assert first.startswith("json (pages 1): handed over in ")
        assert second.startswith("json (pages 2): NOT handed over: ")
        assert third.startswith("mailto (escalation 1): handed over in ")
        assert good.texts == post.texts
        assert good.texts[0].startswith("This is a test page from hedgetui.")
    assert TOKEN not in run.stdout + run.stderr


def test_nothing_set_or_not_known_is_the_users_to_mend(home: Home) -> None:
    nothing = home.run("test-page")
    assert nothing.returncode == 2
    assert "No address is set." in nothing.stderr
    home.env["HEDGETUI_PAGES"] = f"nosuch://{TOKEN}"
    unknown = home.run("test-page")
    assert unknown.returncode == 2
    assert "apprise knows no such address: nosuch (pages 1)." in unknown.stderr
    assert TOKEN not in unknown.stdout + unknown.stderr


def test_a_settings_file_that_others_may_read_is_refused(home: Home) -> None:
    file = home.folder / ".config" / "hedgetui" / "settings.toml"
    file.write_text(f'pages = ["json://127.0.0.1/{TOKEN}"]\n')
    file.chmod(0o644)
    for words in (["test-page"], ["monitor", str(home.portfolio)], ["status", str(home.portfolio), "--wait", "0"]):
        run = home.run(*words)
        assert run.returncode == 2, run.stdout
        assert f"type: chmod 600 {file}" in run.stderr
        assert TOKEN not in run.stdout + run.stderr
