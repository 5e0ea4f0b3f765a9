"""Graphs as people export them, of every common shape, and what a reader should find in each."""

from __future__ import annotations

from tests.local.workflow_import.graphs import (
    films_and_sound,
    from_pictures,
    from_words,
    odd_shapes,
    with_flux,
)
from tests.local.workflow_import.graphs.parts import Case

CASES: dict[str, Case] = {
    **from_words.CASES,
    **with_flux.CASES,
    **from_pictures.CASES,
    **films_and_sound.CASES,
    **odd_shapes.CASES,
}
