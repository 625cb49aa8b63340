"""F59: what is secret is hidden in whatever form a library may write it."""

from __future__ import annotations

import base64
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import redaction
from monitor.redaction import Redactor, Stream
from monitor.secret import SEALED, Secret

PASSWORD = "p@ss wörd/9?&x"
MAIL = Secret(f"mailtos://ann:{quote(PASSWORD, safe='')}@mail.example.com?to=night%2Bduty@example.com")
TELEGRAM = Secret("tgram://123456789:AAF-bcd_EFGH/987654321")
REDACT = Redactor([MAIL, TELEGRAM])


@pytest.mark.parametrize(
    "form",
    [
        MAIL.reveal(),
        PASSWORD,
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote_plus(PASSWORD),
        repr({"password": PASSWORD}),
        "https://api.telegram.org/bot123456789:AAF-bcd_EFGH/sendMessage?chat_id=987654321",
        "Max retries exceeded with url: /bot123456789:AAF-bcd_EFGH/x (Caused by …)",
    ],
)
def test_no_form_of_it_is_left(form: str) -> None:
    hidden = REDACT(f"before {form} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    for secret in (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), "AAF-bcd_EFGH", "987654321"):
        assert secret not in hidden
    assert SEALED in hidden


@settings(max_examples=60)
@given(before=st.binary(max_size=12), after=st.binary(max_size=12), urlsafe=st.booleans())
def test_base64_around_it_hides_nothing(before: bytes, after: bytes, urlsafe: bool) -> None:
    secret = b"AAF-bcd_EFGH"
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    hidden = REDACT(encode(before + secret + after).decode())
    assert SEALED in hidden
    left = hidden.replace(SEALED, "")
    assert len(left) <= len(encode(before + after)) + 8


def test_servers_and_short_words_stay_readable() -> None:
    said = "ntfys://mail.example.com: mailtos failed at 127.0.0.1, see example.com"
    assert REDACT(said) == said
    assert Redactor([])("anything") == "anything"


def test_a_stream_hides_and_stays_a_stream() -> None:
    below = io.StringIO()
    stream = Stream(below, REDACT)
    assert stream.write("AAF-bcd_EFGH\n") == 13
    stream.writelines(["a 987654321\n", "b\n"])
    stream.flush()
    assert below.getvalue() == f"{SEALED}\na {SEALED}\nb\n"


@contextmanager
def guarded() -> Iterator[io.StringIO]:
    """A process with the guard, without sealing the one that runs the tests."""
    factory, below = logging.getLogRecordFactory(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(below), redirect_stderr(below):
        patch.setattr(redaction, "_seal", lambda: None)
        redaction.guard_process(REDACT)
        try:
            yield below
        finally:
            logging.setLogRecordFactory(factory)


def test_records_of_any_library_are_hidden_with_their_tracebacks() -> None:
    logger, plain = logging.Logger("urllib3", logging.DEBUG), io.StringIO()
    logger.addHandler(logging.StreamHandler(plain))
    with guarded():
        logger.debug('%s "%s %s"', "https://api.telegram.org", "POST", "/bot123456789:AAF-bcd_EFGH/x")
        logger.debug({"chat": "987654321"})
        try:
            raise RuntimeError("AAF-bcd_EFGH refused") from ValueError(MAIL.reveal())
        except RuntimeError:
            logger.exception("broke for %s", "987654321")
    assert plain.getvalue().count(SEALED) >= 5
    assert "Traceback" in plain.getvalue()
    for secret in ("AAF-bcd_EFGH", "987654321", MAIL.reveal()):
        assert secret not in plain.getvalue()


def test_what_is_printed_is_hidden_and_a_bad_record_stops_nothing() -> None:
    logger = logging.Logger("apprise", logging.DEBUG)
    with guarded() as below:
        print("token 987654321")
        logger.addHandler(logging.StreamHandler(sys.stderr))
        logger.warning("%d of 987654321", "AAF-bcd_EFGH")
    assert below.getvalue() == f"token {SEALED}\n%d of {SEALED} ('{SEALED}',)\n"
