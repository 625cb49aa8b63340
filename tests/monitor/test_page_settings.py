"""Where alerts are paged to, and when: settings, their mistakes, and who may read the file that holds them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.pages.quiet import quiet_hours
from monitor.secret import Secret
from monitor.settings import Settings, SettingsError, read_settings, without_mistakes
from monitor.settings_model import parse

SENTINEL = "sEnTiNeL-7f3a"
ALL = f"""\
pages = ["ntfys://ntfy.sh/{SENTINEL}", "tgram://123:{SENTINEL}/4"]
escalation = ["mailtos://ann:{SENTINEL}@example.com"]
quiet_hours = "22:00-07:00"
heartbeat_url = "https://hc.example/{SENTINEL}"

[ack_minutes]
warning = 5
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "config" / "hedgetui").mkdir(parents=True)
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def write(env: dict[str, str], text: str, mode: int = 0o600) -> Path:
    file = Path(env["XDG_CONFIG_HOME"]) / "hedgetui" / "settings.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def mistake(env: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        read_settings(env)
    assert SENTINEL not in str(refused.value)
    (only,) = refused.value.mistakes
    return only


def test_all_of_them_are_read_both_ways(env: dict[str, str]) -> None:
    write(env, ALL)
    found = read_settings(env)
    assert [each.reveal() for each in found.pages] == [f"ntfys://ntfy.sh/{SENTINEL}", f"tgram://123:{SENTINEL}/4"]
    assert [each.reveal() for each in found.escalation] == [f"mailtos://ann:{SENTINEL}@example.com"]
    assert found.heartbeat_url == Secret(f"https://hc.example/{SENTINEL}")
    assert (found.quiet_hours, found.ack_minutes) == ("22:00-07:00", {"warning": 5})
    assert found == without_mistakes(ALL) == parse(ALL, "settings.toml", {})
    assert SENTINEL not in repr(found) + str(found.pages)


def test_a_crash_screen_with_local_variables_shows_no_secret(env: dict[str, str]) -> None:
    """As textual prints what broke."""
    from rich.console import Console
    from rich.traceback import Traceback

    write(env, ALL)

    def breaks(settings: Settings) -> None:
        addresses = settings.pages
        raise RuntimeError(f"cannot use {addresses} of {settings}")

    below = io.StringIO()
    try:
        breaks(read_settings(env))
    except RuntimeError:
        Console(file=below, width=200).print(Traceback(show_locals=True))
    assert "settings = " in below.getvalue()
    assert "addresses = " in below.getvalue()
    assert SENTINEL not in below.getvalue()


def test_the_environment_holds_several_addresses_in_one_variable(env: dict[str, str]) -> None:
    found = read_settings(
        {**env, "HEDGETUI_PAGES": "json://a/b\n  ntfy://topic ", "HEDGETUI_ACK_MINUTES__CAUTION": "9"}
    )
    assert [each.reveal() for each in found.pages] == ["json://a/b", "ntfy://topic"]
    assert found.ack_minutes == {"caution": 9}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f'pages = ["{SENTINEL}"]', "pages.1: it cannot be used"),
        (f'pages = "ntfy://{SENTINEL}"', "write a list of addresses"),
        (f'pages = ["ntfy://a", "//{SENTINEL}"]', "pages.2: it cannot be used"),
        (f'escalation = [["{SENTINEL}"]]', "escalation.1: it cannot be used"),
        (f'heartbeat_url = "ftp://{SENTINEL}"', "an address that begins with https:// or http://"),
        ('quiet_hours = "22-7"', "quiet_hours: found '22-7'; write hours like 22:00-07:00"),
        ('quiet_hours = "07:00-07:00"', "they begin when they end"),
        ('quiet_hours = "22:00-07:00 Mars/Base"', "this machine knows no zone Mars/Base"),
        ("[ack_minutes]\nwarning = 0", "write minutes from 1 to 1440"),
        ("[ack_minutes]\nwarning = 'x'", "write a whole number of minutes"),
        ("[ack_minutes]\nfatal = 5", "write one of advisory, caution, warning"),
    ],
)
def test_a_mistake_says_what_to_write_and_never_the_secret(env: dict[str, str], text: str, says: str) -> None:
    write(env, text)
    assert says in mistake(env)
    assert without_mistakes(text) is None


def test_a_mistake_in_a_variable_counts_its_values(env: dict[str, str]) -> None:
    wrong = {**env, "HEDGETUI_PAGES": f"ntfy://a {SENTINEL}"}
    assert "HEDGETUI_PAGES, address 2: it cannot be used" in mistake(wrong)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
@pytest.mark.parametrize("text", [ALL, f"pages = [ntfy://{SENTINEL}"])
def test_a_file_that_others_may_read_is_refused_with_the_chmod(env: dict[str, str], mode: int, text: str) -> None:
    file = write(env, text, mode)
    assert mistake(env).endswith(f"type: chmod 600 {file}")


def test_a_file_without_secrets_may_be_read_by_anybody(env: dict[str, str]) -> None:
    write(env, 'theme = "dark"\npages = []\n', 0o644)
    assert read_settings(env) == Settings()


def test_a_link_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    file = write(env, ALL)
    file.rename(tmp_path / "elsewhere.toml")
    file.symlink_to(tmp_path / "elsewhere.toml")
    assert "is a link" in mistake(env)


def test_a_file_of_somebody_else_is_refused(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    write(env, ALL)
    monkeypatch.setattr("os.getuid", lambda: 4711)
    assert "belongs to somebody else" in mistake(env)


@pytest.mark.parametrize("inner", ["", "hedgetui"])
def test_a_folder_that_anybody_may_write_is_refused_unless_sticky(env: dict[str, str], inner: str) -> None:
    write(env, ALL)
    folder = Path(env["XDG_CONFIG_HOME"]) / inner
    folder.chmod(0o777)
    assert mistake(env).endswith(f"type: chmod o-w {folder}")
    folder.chmod(0o1777)
    assert read_settings(env).pages


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("22:00-07:00 UTC", "2026-11-22T21:59", None),
        ("22:00-07:00 UTC", "2026-11-22T22:00", "2026-11-23T07:00"),
        ("22:00-07:00 UTC", "2026-11-23T06:59", "2026-11-23T07:00"),
        ("22:00-07:00 UTC", "2026-11-23T07:00", None),
        ("13:00-14:30 UTC", "2026-11-22T14:00", "2026-11-22T14:30"),
        ("13:00-14:30 UTC", "2026-11-22T12:00", None),
        ("22:00-07:00 Europe/Berlin", "2026-10-24T22:00", "2026-10-25T06:00"),
    ],
)
def test_quiet_hours_end_on_the_clock_of_their_zone(hours: str, at: str, until: str | None) -> None:
    def ms(text: str) -> int:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)

    assert quiet_hours(hours).until(ms(at)) == (None if until is None else ms(until))


def test_without_a_zone_the_machine_s_time_counts() -> None:
    moment = datetime(2026, 11, 22, 23, 30).astimezone()
    end = quiet_hours("22:00-07:00").until(round(moment.timestamp() * 1000))
    assert end == round(datetime(2026, 11, 23, 7, 0).astimezone().timestamp() * 1000)
