"""Numbers and names as a person may write them in a file, checked on the way in, with their JSON Schema."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from hedge.portfolio.jsontext import exact_number
from hedge.symbols import MONEY, coin_name, money_meant, perp

_NUMBER_PATTERN = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$"
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Written(BaseModel):
    """Anything a person writes: frozen once read, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def mistake(remedy: str) -> PydanticCustomError:
    """An error whose text says what to write instead; pydantic adds where and what was found."""
    return PydanticCustomError("written_wrong", "{remedy}", {"remedy": remedy})


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str):
        raise mistake('write a number, such as "1.5"')
    try:
        return exact_number(value)
    except ValueError as error:
        raise mistake(str(error)) from None


def _positive(value: object) -> Decimal:
    number = _number(value)
    if number == 0:
        raise mistake("it must be above zero; leave out what is not there, or not known")
    if number < 0:
        raise mistake("it must be above zero; a short has its sign in `side`")
    return number


def _checked(test: Callable[[Decimal], bool], remedy: str) -> Callable[[object], Decimal]:
    def check(value: object) -> Decimal:
        number = _number(value)
        if not test(number):
            raise mistake(remedy)
        return number

    return check


def _schema(**limits: object) -> WithJsonSchema:
    text = {"type": "string", "pattern": _NUMBER_PATTERN}
    return WithJsonSchema({"anyOf": [text, {"type": "number", **limits}]})


Positive = Annotated[Decimal, BeforeValidator(_positive), _schema(exclusiveMinimum=0)]
NotNegative = Annotated[
    Decimal, BeforeValidator(_checked(lambda n: n >= 0, "it must not be negative")), _schema(minimum=0)
]
Signed = Annotated[Decimal, BeforeValidator(_number), _schema()]
Share = Annotated[
    Decimal,
    BeforeValidator(_checked(lambda n: 0 <= n <= 1, "it is a fraction from 0 to 1: 50 % is 0.5")),
    _schema(minimum=0, maximum=1),
]
Rate = Annotated[
    Decimal,
    BeforeValidator(_checked(lambda n: 0 < n < 1, "it is a fraction between 0 and 1: 0.5 % is 0.005")),
    _schema(exclusiveMinimum=0, exclusiveMaximum=1),
]
Fee = Annotated[
    Decimal,
    BeforeValidator(
        _checked(lambda n: abs(n) <= Decimal("0.02"), "it is a fraction of the notional: 0.05 % is 0.0005")
    ),
    _schema(minimum=-0.02, maximum=0.02),
]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise mistake('write a text in double quotes, such as "cold wallet"')
    bad = next((c for c in value if unicodedata.category(c) in _UNPRINTABLE), None)
    if bad is not None:
        raise mistake(f"take out the invisible character U+{ord(bad):04X}")
    if len(value) > 64:
        raise mistake("64 characters are the most that a screen can show")
    return value


def _asset(value: object) -> str:
    text = _text(value)
    if not text or not all(c.isalnum() or c in "._-" for c in text) or len(text) > 20:
        raise mistake('write the coin\'s ticker alone, such as "BTC"')
    if text.isascii() and text == text.lower() and text != text.upper():
        raise mistake(f'write the ticker in capitals: "{text.upper()}"')
    if meant := money_meant(text):
        raise mistake(f'did you mean "{meant}"?')
    return coin_name(text)


def _coin(value: object) -> str:
    text = _asset(value)
    if text in MONEY:
        raise mistake(f"{text} is money, not a coin to hedge; it belongs in the `collateral` of an account, or nowhere")
    return text


def _moment(value: object) -> datetime:
    text = _text(value)
    remedy = 'write a date such as "2026-11-20", or a UTC time such as "2026-11-20T14:00:00Z"'
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise mistake(remedy) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _symbol(value: object) -> str:
    text = _text(value)
    try:
        parts = perp(text)
    except ValueError as error:
        raise mistake(str(error)) from None
    if parts.base.islower():
        coin = parts.base.upper()
        raise mistake(f'write "{coin}/{parts.quote}:{coin if parts.inverse else parts.settle}"')
    return text


def _account_id(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", text):
        raise mistake('write up to 32 letters, digits, points and dashes, such as "binance-main"')
    return text


def _venue(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z0-9]{2,20}", text):
        simple = re.sub(r"[^a-z0-9]", "", text.lower())
        raise mistake(f'write the exchange in small letters, as ccxt names it: "{simple or "binance"}"')
    return text


def _address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{40}", value):
        raise mistake('write the public address: "0x" and 40 digits from 0 to f; never a key')
    return value.lower()


def _string_schema(**limits: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **limits})


Text = Annotated[str, BeforeValidator(_text), _string_schema(maxLength=64)]
Asset = Annotated[str, BeforeValidator(_asset), _string_schema(maxLength=20)]
"""A coin or money, under its usual name: XBT becomes BTC."""
Coin = Annotated[str, BeforeValidator(_coin), _string_schema(maxLength=20)]
"""A coin that can be held and hedged; money such as USDT is refused."""
Moment = Annotated[datetime, BeforeValidator(_moment), _string_schema(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}")]
Symbol = Annotated[str, BeforeValidator(_symbol), _string_schema(pattern=r"^[^/:]+/[^/:]+:[^/:-]+$")]
"""The unified symbol of a perpetual, linear or inverse."""
AccountId = Annotated[str, BeforeValidator(_account_id), _string_schema(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
Address = Annotated[str, BeforeValidator(_address), _string_schema(pattern=r"^0x[0-9a-fA-F]{40}$")]
"""A public address, in small letters."""
Venue = Annotated[str, BeforeValidator(_venue), _string_schema(pattern=r"^[a-z0-9]{2,20}$")]


def plain(number: Decimal | None) -> str:
    """A number without trailing zeros or exponent."""
    if number is None:
        return "?"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
