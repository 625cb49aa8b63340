"""What is wrong with a portfolio file, as sentences: where, what was found, what to write instead."""

from __future__ import annotations

import difflib
import json
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from hedge.portfolio.jsontext import Document, JsonMistake, Path, printable

NOTHING = "nothing"


class Mistake(Struct, frozen=True):
    """One thing to correct."""

    line: int
    column: int
    """From 1, in characters."""
    field: str
    """Its path, such as `accounts[0].positions[1].side`; empty for the file as a whole."""
    found: str
    remedy: str
    """What to write instead."""


class PortfolioError(Exception):
    """The file cannot be used as it stands. `str()` of it names every mistake, one a line."""

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(name, mistakes)
        self.name = name
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column)))

    def __str__(self) -> str:
        return "\n".join(
            f"{self.name}:{m.line}:{m.column}: {m.field + ': ' if m.field else ''}found {m.found}; {m.remedy}"
            for m in self.mistakes
        )


def from_json(error: JsonMistake) -> Mistake:
    """A mistake of the JSON itself."""
    return Mistake(error.line, error.column, field_name(error.path), error.found, error.remedy)


def field_name(path: Path) -> str:
    """`accounts[0].positions[1].side`"""
    words = ""
    for step in path:
        words += f"[{step}]" if isinstance(step, int) else f".{step}" if words else step
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words)


def found_words(value: object) -> str:
    """A value of the file as words, safe for a terminal."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value)


def explain(error: ValidationError, document: Document, root: type[BaseModel]) -> tuple[Mistake, ...]:
    """Each of pydantic's errors, at its place in the text."""
    errors = error.errors(include_url=False)
    unknown = {details["loc"] for details in errors if details["type"] == "extra_forbidden"}
    meant = {(*path[:-1], nearest(str(path[-1]), _keys(root, path[:-1]))) for path in unknown}
    return tuple(
        _explain(details, document, root)
        for details in errors
        if details["type"] != "missing" or details["loc"] not in meant
    )


def _explain(details: ErrorDetails, document: Document, root: type[BaseModel]) -> Mistake:
    kind = details["type"]
    path: Path = tuple(step for step in details["loc"] if step != "[key]")
    on_key = len(path) < len(details["loc"])
    if kind == "missing":
        line, column = document.place(path[:-1])
        return Mistake(line, column, field_name(path), NOTHING, _how_to_add(root, path))
    line, column = document.key_place(path) if kind == "extra_forbidden" or on_key else document.place(path)
    if kind == "extra_forbidden":
        return Mistake(line, column, field_name(path), f"the key {printable(str(path[-1]))}", _nearest_key(root, path))
    return Mistake(line, column, field_name(path), found_words(details["input"]), _remedy(details))


def _remedy(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "written_wrong":
            return str(context["remedy"])
        case "literal_error":
            expected = str(context["expected"]).replace("'", '"')
            return f"write {expected}" + _did_you_mean(details["input"], expected)
        case "model_type" | "dict_type" | "model_attributes_type":
            return "an object in braces belongs here: {…}"
        case "tuple_type" | "list_type":
            return "a list in brackets belongs here: […]"
        case _:
            return details["msg"]


def _did_you_mean(value: object, expected: str) -> str:
    words = [word.strip('"') for word in expected.replace(" or ", ", ").split(", ")]
    near = difflib.get_close_matches(str(value).lower(), words, 1) if len(words) > 2 else []
    return f'; probably "{near[0]}"' if near else ""


def nearest(word: str, known: list[str]) -> str | None:
    """The known word that `word` most likely means, or None."""
    by_small = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(by_small), 1, 0.6)
    return by_small[near[0]] if near else None


def _keys(root: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand in the object at `path`."""
    model = _model_at(root, path)
    return [info.alias or name for name, info in model.model_fields.items()] if model else []


def _nearest_key(root: type[BaseModel], path: Path) -> str:
    known = _keys(root, path[:-1])
    near = nearest(str(path[-1]), known)
    if near:
        return f'write "{near}"'
    return f"take it out; what may stand here: {', '.join(known)}"


def _how_to_add(root: type[BaseModel], path: Path) -> str:
    model = _model_at(root, path[:-1])
    info = _field(model, path[-1]) if model else None
    if info is None or not info.examples:
        return f'add "{path[-1]}"'
    return (
        f'add "{path[-1]}": {json.dumps(info.examples[0], ensure_ascii=False)} ({(info.description or "").rstrip(".")})'
    )


def _field(model: type[BaseModel], step: str | int) -> FieldInfo | None:
    return next((info for name, info in model.model_fields.items() if (info.alias or name) == step), None)


def _model_at(root: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that describes the object at `path`."""
    model: type[BaseModel] | None = root
    skip = False
    for step in path:
        if skip:
            skip = False
            continue
        info = _field(model, step) if model else None
        if info is None:
            return None
        model = _model_inside(info.annotation)
        skip = get_origin(info.annotation) in (tuple, dict)
    return model


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return next((model for model in map(_model_inside, parts) if model), None)
