"""The documentation names what the program has."""

from __future__ import annotations

from pathlib import Path

import hedgetui
from alerts.levels import DEFAULTS
from alerts.timing import TIMINGS

ROOT = Path(__file__).parents[1]
MEASURES = {"liquidation_sigma", "basis_z", "funding_against"}
"""Second measures of a rule, explained with it."""


def test_every_rule_has_a_section() -> None:
    heads = [line[4:] for line in (ROOT / "docs/alerts.md").read_text().splitlines() if line.startswith("### ")]
    explained = {rule for head in heads for rule in head.split(", ")}
    assert explained == (set(DEFAULTS) | set(TIMINGS)) - MEASURES


def test_every_command_is_in_the_readme_and_in_the_help() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in hedgetui.COMMANDS:
        assert f"hedgetui {command}" in readme, command
        assert (
            f"hedgetui {command}" in hedgetui.ABOUT
            or f"likewise {command}" in hedgetui.ABOUT
            or (command in hedgetui.ABOUT)
        ), command


def test_documents_link_to_files_that_exist() -> None:
    import re

    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
