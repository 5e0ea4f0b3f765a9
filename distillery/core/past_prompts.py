"""A prompt that stands for an earlier one: `again:<job>`, with words after it or without.

Discord takes 100 characters for what a member picks from suggestions, and prompts are longer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from distillery.core.errors import InvalidOption
from distillery.core.job import Job
from distillery.core.ports import JobStore
from distillery.core.recipes.recipe import PROMPT, Value

_AGAIN = re.compile(r"\s*again:(\d[^\s,.]*)")
_LONGEST_ID = 30  # characters: a snowflake, and the number of one of its pictures
GONE = "That earlier prompt is not kept any more. Write it anew."


def standing_for(job: Job) -> str:
    """Return the short text that stands for the whole prompt of a job."""
    return f"again:{job.lead_id}"


def with_past_prompt(
    store: JobStore, user_id: str, options: Mapping[str, Value]
) -> Mapping[str, Value]:
    """Return the options with the member's own earlier prompt in the place of what stands for it.

    Raises InvalidOption if there is no such prompt, or it is somebody else's.
    """
    written = options.get(PROMPT)
    found = _AGAIN.match(written) if isinstance(written, str) else None
    if found is None or not isinstance(written, str):
        return options
    job = store.load(found[1]) if len(found[1]) <= _LONGEST_ID else None
    if job is None or job.origin.user_id != user_id:
        raise InvalidOption(GONE)
    prompt = str(job.request.values.get(PROMPT, ""))
    return {**options, PROMPT: prompt + written[found.end() :]}
