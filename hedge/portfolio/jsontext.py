"""A JSON reader for files that people write: exact numbers, the place of every value, and errors one can act on.

The standard reader sends numbers through float, keeps the last of two equal keys without a word, and forgets where a
value stood. This one reads every number into Decimal, refuses duplicate keys, and maps each path to line and column.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal

Path = tuple[str | int, ...]
Json = dict[str, "Json"] | list["Json"] | str | Decimal | bool | None

MAX_DEPTH = 32
"""Nested objects and lists; a portfolio needs seven."""
MAX_CHARACTERS = 4_000_000
MAX_DIGITS = 18
"""Digits allowed on each side of the decimal point."""
MAX_EXPONENT = 99

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CUT_NUMBER = re.compile(r"\b([0-9]{1,3}),\s*$")
_WORDLIKE = re.compile(r"[^\s,:\[\]{}\"]{1,40}")
_QUOTED = re.compile(r'"[^"\r\n]{0,40}"?')
_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_NOT_JSON = {
    "True": "JSON writes it small: true",
    "False": "JSON writes it small: false",
    "None": "JSON writes it null; leave the whole key out where a value is not known",
    "undefined": "leave the whole key out where a value is not known",
    "NaN": "only finite numbers are allowed; leave the whole key out where a value is not known",
    "nan": "only finite numbers are allowed; leave the whole key out where a value is not known",
    "Infinity": "only finite numbers are allowed",
    "-Infinity": "only finite numbers are allowed",
    "inf": "only finite numbers are allowed",
}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class JsonMistake(ValueError):
    """The text is not JSON that this reader accepts: where, what was found, what to write instead."""

    def __init__(self, line: int, column: int, found: str, remedy: str, path: Path = ()) -> None:
        super().__init__(f"line {line}, column {column}: found {found}; {remedy}")
        self.line = line
        self.column = column
        self.found = found
        self.remedy = remedy
        self.path = path


@dataclass(frozen=True, slots=True)
class Document:
    """What was read: the value, and where each path's value and key begin (line and column from 1, in characters)."""

    value: Json
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def at(self, path: Path) -> Json:
        """The value at `path`, or None where nothing stands."""
        value = self.value
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def place(self, path: Path) -> tuple[int, int]:
        """Where the value at `path` begins, or the nearest enclosing one that stands in the text."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def key_place(self, path: Path) -> tuple[int, int]:
        """Where the key of `path` begins; for a list item, where the item begins."""
        return self.keys.get(path) or self.place(path)


def decode(data: bytes) -> str:
    """The text of a UTF-8 file, byte-order mark allowed. Raises JsonMistake at the first byte that is not UTF-8."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise JsonMistake(1, 1, "a file in UTF-16", "save it as UTF-8")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        found = f"the byte 0x{data[error.start]:02x}, which is not UTF-8"
        raise JsonMistake(*_Lines(before).place(len(before)), found, "save it as UTF-8") from None


def exact_number(text: str) -> Decimal:
    """The number written in `text`, exactly.

    Raises ValueError, its text saying what to write instead: for anything but ASCII digits with an optional minus,
    point and exponent, for more than 18 digits on a side, for an exponent above 99."""
    if not text.isascii() or not _NUMBER.fullmatch(text):
        raise ValueError(_why_no_number(text))
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    if len(whole) > MAX_DIGITS or len(fraction) > MAX_DIGITS:
        raise ValueError(f"at most {MAX_DIGITS} digits may stand on each side of the point")
    if exponent and abs(int(exponent[:6])) > MAX_EXPONENT:
        raise ValueError(f"an exponent may be at most {MAX_EXPONENT}")
    return Decimal(text)


def _why_no_number(text: str) -> str:
    bare = text.strip()
    if not bare:
        return 'write a number, such as "1.5"'
    if bare != text:
        return "leave out the space around the number"
    if "," in bare and re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", bare):
        return f'leave out the thousands commas: "{bare.replace(",", "")}"'
    if re.fullmatch(r"-?[0-9]+,[0-9]+", bare):
        return f'use a point for the decimals: "{bare.replace(",", ".")}"'
    if "_" in bare and re.fullmatch(r"-?[0-9_]+(\.[0-9_]+)?", bare):
        return f'leave out the underscores: "{bare.replace("_", "")}"'
    if bare.endswith("%") and _NUMBER.fullmatch(bare[:-1].strip()):
        return f'fractions are written without a percent sign: "{Decimal(bare[:-1].strip()) / 100}"'
    if re.fullmatch(r"-?\.[0-9]+", bare):
        return f'write a zero before the point: "{bare.replace(".", "0.")}"'
    if re.fullmatch(r"-?[0-9]+\.", bare):
        return f'leave out the point at the end: "{bare[:-1]}"'
    if re.fullmatch(r"-?0[0-9]+(\.[0-9]+)?", bare):
        return "leave out the zero at the front"
    if re.fullmatch(r"\+[0-9.]+", bare):
        return f'leave out the plus sign: "{bare[1:]}"'
    if bare.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return "only finite numbers are allowed; leave the whole key out where a value is not known"
    return 'write digits, with a point for the decimals, such as "1.5"'


def read_json(text: str) -> Document:
    """Read one JSON value. Raises JsonMistake with line and column; see the module for what is stricter than JSON."""
    if len(text) > MAX_CHARACTERS:
        raise JsonMistake(1, 1, f"a text of {len(text):,} characters", f"a file may have {MAX_CHARACTERS:,} at most")
    return _Reader(text).document()


class _Reader:
    """Recursive descent over one text. Places are kept as positions and turned into lines once, at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0
        self.places: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}

    def document(self) -> Document:
        self.space()
        if self.at >= len(self.text):
            raise self.mistake("an empty file", "write a portfolio; `hedgetui schema` prints what may stand in it")
        value = self.value(())
        self.space()
        if self.at < len(self.text):
            raise self.mistake(self.here(), "nothing may follow the closing brace of the file")
        lines = _Lines(self.text)
        return Document(
            value,
            {path: lines.place(position) for path, position in self.places.items()},
            {path: lines.place(position) for path, position in self.keys.items()},
        )

    def mistake(self, found: str, remedy: str, path: Path = (), at: int | None = None) -> JsonMistake:
        line, column = _Lines(self.text).place(self.at if at is None else at)
        return JsonMistake(line, column, found, remedy, path)

    def here(self) -> str:
        """What stands at the current position, for an error."""
        if self.at >= len(self.text):
            return "the end of the file"
        word = _WORDLIKE.match(self.text, self.at) or _QUOTED.match(self.text, self.at)
        return printable(word.group().strip('"') if word else self.text[self.at])

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match:
            self.at = match.end()
        if self.text.startswith(("//", "/*", "#"), self.at):
            raise self.mistake("a comment", "JSON has no comments; take it out")

    def value(self, path: Path) -> Json:
        self.places[path] = self.at
        if len(path) > MAX_DEPTH:
            raise self.mistake(f"more than {MAX_DEPTH} levels of nesting", "a portfolio needs seven at most", path[:3])
        character = self.text[self.at : self.at + 1]
        if character == "{":
            return self.object(path)
        if character == "[":
            return self.array(path)
        if character == '"':
            return self.string(path)
        return self.bare(path)

    def object(self, path: Path) -> Json:
        members: dict[str, Json] = {}
        self.at += 1
        self.space()
        if self.taken("}"):
            return members
        while True:
            key_at = self.at
            key = self.key(path)
            inner = (*path, key)
            if key in members:
                line, _ = _Lines(self.text).place(self.keys[inner])
                found = f"the key {printable(key)} a second time"
                raise self.mistake(found, f"it already stands on line {line}; keep one of them", inner, key_at)
            self.keys[inner] = key_at
            self.space()
            if not self.taken(":"):
                raise self.mistake(self.here(), f"a colon belongs after the key {printable(key)}", inner)
            self.space()
            members[key] = self.value(inner)
            if not self.more("}", path):
                return members

    def array(self, path: Path) -> Json:
        items: list[Json] = []
        self.at += 1
        self.space()
        if self.taken("]"):
            return items
        while True:
            items.append(self.value((*path, len(items))))
            if not self.more("]", path):
                return items

    def taken(self, character: str) -> bool:
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def more(self, closing: str, path: Path) -> bool:
        """After a member: True at a comma with more to come, False at the closing bracket."""
        self.space()
        if self.taken(closing):
            return False
        comma = self.at
        if self.taken(","):
            self.space()
            if self.text.startswith(closing, self.at):
                raise self.mistake(f"a comma before {closing}", "take the comma out", path, comma)
            return True
        line, _ = _Lines(self.text).place(self.places[path])
        opened = f"the {'{' if closing == '}' else '['} of line {line}"
        if self.at >= len(self.text):
            raise self.mistake(self.here(), f"{opened} has no {closing}; the file is cut off", path)
        raise self.mistake(self.here(), f"a comma belongs before it, or the {closing} for {opened}", path)

    def key(self, path: Path) -> str:
        if self.text.startswith('"', self.at):
            return self.string(path)
        if self.at >= len(self.text):
            raise self.mistake(self.here(), "the file is cut off inside an object", path)
        word = _WORDLIKE.match(self.text, self.at)
        name = word.group().strip("'") if word else ""
        number = _CUT_NUMBER.search(self.text, 0, self.at)
        if number and name.isdigit():
            whole = f"{number.group(1)}{name}"
            raise self.mistake(self.here(), f"leave out the thousands comma: {whole}", path)
        remedy = f'a key stands in double quotes: "{name}"' if name else "a key belongs here"
        raise self.mistake(self.here(), remedy, path)

    def bare(self, path: Path) -> Json:
        """A number, true, false or null; everything else is refused with a hint."""
        word = _WORDLIKE.match(self.text, self.at)
        if word is None:
            raise self.mistake(self.here(), "a value belongs here", path)
        text = word.group()
        if text in _LITERALS:
            self.at = word.end()
            return _LITERALS[text]
        if text in _NOT_JSON:
            raise self.mistake(printable(text), _NOT_JSON[text], path)
        if text[0] == "'":
            raise self.mistake(self.here(), f'text stands in double quotes: "{text.strip(chr(39))}"', path)
        if text[0] not in "+-.0123456789":
            raise self.mistake(self.here(), f'text stands in double quotes: "{text}"', path)
        try:
            number = exact_number(text)
        except ValueError as error:
            raise self.mistake(printable(text), str(error).replace('"', ""), path) from None
        self.at = word.end()
        return number

    def string(self, path: Path) -> str:
        start = self.at
        self.at += 1
        parts: list[str] = []
        while True:
            match = _PLAIN.match(self.text, self.at)
            if match:
                parts.append(match.group())
                self.at = match.end()
            character = self.text[self.at : self.at + 1]
            if character == '"':
                self.at += 1
                return "".join(parts)
            if character == "\\":
                parts.append(self.escape(path))
                continue
            if character in ("", "\n", "\r"):
                raise self.mistake("a text without its closing quote", 'end it with " on the same line', path, start)
            raise self.mistake(f"the control character U+{ord(character):04X} inside a text", "take it out", path)

    def escape(self, path: Path) -> str:
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in _ESCAPES and letter:
            self.at += 2
            return _ESCAPES[letter]
        if letter != "u":
            raise self.mistake(printable("\\" + letter), "write \\\\ for a backslash", path)
        code = self.hex4(self.at + 2, path)
        self.at += 6
        if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
            low = self.hex4(self.at + 2, path)
            if 0xDC00 <= low < 0xE000:
                self.at += 6
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            raise self.mistake(f"half a character, \\u{code:04x}", "write the character itself", path)
        return chr(code)

    def hex4(self, at: int, path: Path) -> int:
        digits = self.text[at : at + 4]
        if not re.fullmatch(r"[0-9a-fA-F]{4}", digits):
            raise self.mistake(printable("\\u" + digits), "four hexadecimal digits belong after \\u", path)
        return int(digits, 16)


class _Lines:
    """Line and column of many positions of one text, by a table of line starts."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
        self.mark = 1 if text.startswith("\ufeff") else 0

    def place(self, position: int) -> tuple[int, int]:
        line = bisect_right(self.starts, position)
        column = position - self.starts[line - 1] + 1
        return line, column - self.mark if line == 1 else column


def printable(text: str, limit: int = 60) -> str:
    """The text in double quotes, cut at `limit`, with every character a terminal could act on written as an escape."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    safe = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return f'"{safe}"'
