"""What the rules of content catch, whom they wrong, and how long they take for a prompt.

`python -m benchmarks.content_rules` prints the labelled prompts, for `distillery rules test`.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import milliseconds, show
from benchmarks.labelled_prompts.generate import Prompt, labelled_prompts
from distillery.core.rules.judge import Setting, judge
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook
from distillery.rule_files import load_rules
from local.labelled_file import Confusion, confusion

FOLDER = Path(__file__).parent.parent / "distillery" / "content_rules"
_LONGEST = 6000  # characters of a prompt (Discord's limit of a text option)
_ORDINARY = " ".join(Path(__file__).with_name("ordinary_prompt.txt").read_text().split())


def measure() -> None:
    """Print the confusion tables and the times."""
    began = time.perf_counter()
    book = RuleBook(load_rules(FOLDER))
    show("read and lay out the rules, once", milliseconds([time.perf_counter() - began]))
    prompts = labelled_prompts()
    for name, some in {
        "all prompts": prompts,
        "held out": [p for p in prompts if p.held_out],
        "written last": [p for p in prompts if p.fresh],
    }.items():
        print(f"\n{name}: {len(some):,}\n\n{confusion(book, some).table()}\n")
    print("missed most:", _worst(confusion(book, prompts)))
    show("one labelled prompt", milliseconds(_times(book, [prompt.text for prompt in prompts])))
    hostile = ", ".join(p.text for p in prompts[::25] if p.expected == "refuse")
    for length in (300, 1000, _LONGEST):
        texts = [_ORDINARY[:length]] * 50
        show(f"{length:,} ordinary characters", milliseconds(_times(book, texts)))
    show(f"{_LONGEST:,} hostile ones", milliseconds(_times(book, [hostile[:_LONGEST]] * 20)))
    fresh = RuleBook(load_rules(FOLDER))
    show(f"{_LONGEST:,}, never seen before", milliseconds(_times(fresh, [_ORDINARY[:_LONGEST]])))


def _times(book: RuleBook, texts: Sequence[str]) -> list[float]:
    """Time each text. A busy machine's other work is not counted."""
    seconds = []
    for text in texts:
        began = time.process_time()
        judge(book, {"prompt": text}, Setting(Level.STANDARD))
        seconds.append(time.process_time() - began)
    return seconds


def _worst(result: Confusion) -> str:
    kinds = Counter(missed.prompt.kind for missed in result.missed)
    return ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(6))


def _printed(prompt: Prompt) -> str:
    return json.dumps(dataclasses.asdict(prompt))


if __name__ == "__main__":
    print("\n".join(map(_printed, labelled_prompts())))
