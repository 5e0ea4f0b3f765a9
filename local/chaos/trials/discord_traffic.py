"""Jobs that show progress and then their pictures, told by many processes at once.

Each process has the production client and its own idea of Discord's limits, as Lambda's have.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, cycle, repeat

from distillery.core.errors import DiscordRefused, DiscordUnavailable
from distillery.discord.channel_messages import ChannelMessages
from distillery.discord.http import DiscordHttp, File
from distillery.discord.rate_limits import RateLimits
from distillery.discord.webhook import DeadToken, WebhookClient
from local.chaos.clockwork import Clockwork
from local.chaos.trials.limited_discord import DEATHS, LimitedDiscord, Line, Trouble
from local.chaos.trials.turns import Turns
from local.memory import MemoryTelemetry

_AT_ONCE = 12
_LIVES = 2000  # events: so many a process sees until another takes its place, on average
_JOBS_AT_ONCE = 24
_PROGRESS_S = 1.0
_S3_S = (0.05, 0.05, 0.3, 1.0, 4.0)
"""Events of S3 come in any order, so that several edits of one message may come at once."""
_DOUBLED = 0.3  # of the events of progress
_BUSY_S = 0.5
_EVENT_AGAIN_S = (60.0, 120.0)
"""AWS Lambda, "How Lambda handles errors and retries with asynchronous invocation"."""
_WATCHDOG_S = 60.0
_LATE_ONE_IN, _LOOK, _ROW = 3, 50, 25
"""Every third answer is left to the watchdog, 50 at a look, 25 in a row on one webhook: far more
than its bucket takes, so that nothing but the client's own patience keeps them valid."""
_DEAD_SHARE = 0.03
_CHANNELS = 20
_OUTAGE_EVERY_S, _OUTAGE_S = 300.0, 25.0
_PICTURES = [File(f"{n}_9.png", "image/png", b"\x89PNG") for n in range(4)]


class Process:
    """One process of Lambda: wired as the rooms wire theirs, with its own idea of the limits."""

    def __init__(self, discord: LimitedDiscord, turns: Turns, clock: Clockwork) -> None:
        self.line = Line(discord, turns)
        limits = RateLimits(clock, MemoryTelemetry())
        http = DiscordHttp(self.line, "https://discord.test", limits, turns.sleep)
        self.webhook = WebhookClient(http)
        self.channels = ChannelMessages(http, lambda: "bot-token")


@dataclass(slots=True)
class _Answer:
    """The pictures of one job."""

    number: int
    token: str
    due_at: float
    again_s: Iterator[float] = field(
        default_factory=lambda: chain(_EVENT_AGAIN_S, repeat(_WATCHDOG_S))
    )

    @property
    def content(self) -> str:
        """What it says, which no other does."""
        return f"answer {self.number}"


class Traffic:
    """Jobs that show progress and then their pictures, on webhooks that serve several of them."""

    def __init__(self, edits: int, webhooks: int, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - the same seed shall do the same
        self.clock = Clockwork()
        self.began_at = self.answered_at = self.clock()
        self.turns = Turns(self.clock)
        self.discord = LimitedDiscord(self.clock, self.rng, Trouble())
        self.processes: list[Process] = []
        self.waits: list[float] = []  # of each answer, from when it was due
        self.progress = 0
        self.dropped = 0
        self.last: dict[str, str] = {}  # webhook -> what its message must show at the end
        self._open: Counter[str] = Counter()  # webhook -> edits of its job still to come
        self._begun: set[int] = set()  # answers that somebody has set out to give
        self._idle: list[Process] = []
        self._at_work = 0
        late = edits // _LATE_ONE_IN
        rows = -(-late // _ROW)
        # A message is one job's: no webhook is in two rows, nor has two jobs at once.
        self._jobs = [(n, f"t{rows + n % (webhooks - rows)}") for n in range(late, edits)]
        self.busy_s = len(self._jobs) * 8 * _PROGRESS_S / _JOBS_AT_ONCE
        for first in range(0, late, _LOOK):
            at = self.rng.uniform(0, self.busy_s)
            numbers = range(first, min(late, first + _LOOK))
            overdue = [_Answer(n, f"t{n // _ROW}", self.clock() + at) for n in numbers]
            look = partial(self._catch_up, overdue)
            self.clock.after(at, "event", partial(self._in_a_process, look))
        dying = self.rng.sample(range(webhooks), max(2, int(webhooks * _DEAD_SHARE)))
        for number, death in zip(dying, cycle(DEATHS), strict=False):
            die = partial(self.discord.dead.__setitem__, f"t{number}", death)
            self.clock.after(self.rng.uniform(0, self.busy_s / 2), "death", die)
        for _ in range(_JOBS_AT_ONCE):
            self.clock.after(self.rng.random(), "job", self._job)
        self.clock.after(_OUTAGE_EVERY_S / 3, "outage", self._outage)

    def _outage(self) -> None:
        self.discord.is_down = not self.discord.is_down
        delay_s = _OUTAGE_S if self.discord.is_down else _OUTAGE_EVERY_S
        if self._jobs or self.discord.is_down:
            self.clock.after(delay_s, "outage", self._outage)

    def _job(self) -> None:
        """One job at one GPU, and then the next."""
        if not self._jobs:
            return
        free = (n for n in range(len(self._jobs)) if not self._open[self._jobs[n][1]])
        if (chosen := next(free, None)) is None:
            self.clock.after(_BUSY_S, "job", self._job)
            return
        number, token = self._jobs.pop(chosen)
        answer = _Answer(number, token, 0.0)
        steps = self.rng.randint(3, 13)
        for step in range(steps):
            for _ in range(2 if self.rng.random() < _DOUBLED else 1):
                at = step * _PROGRESS_S + self.rng.choice(_S3_S)
                show = partial(self._show, answer)
                self._open[token] += 1
                self.clock.after(at, "event", partial(self._in_a_process, show))
        end_s = steps * _PROGRESS_S
        self.clock.after(end_s, "job", self._job)
        at = end_s + self.rng.choice(_S3_S)
        answer.due_at = self.clock() + at
        self._open[token] += 1
        deliver = partial(self._deliver, answer)
        self.clock.after(at, "event", partial(self._in_a_process, deliver))

    def _catch_up(self, late: Sequence[_Answer], process: Process) -> None:
        """One look of the watchdog: one process answers what is overdue, in a row."""
        stuck: set[str] = set()  # an answer does not overtake another of its message
        still_late = []
        for answer in late:
            if answer.token in stuck or not self._is_given(answer, process):
                stuck.add(answer.token)
                still_late.append(answer)
        if still_late:
            look = partial(self._catch_up, still_late)
            self.clock.after(_WATCHDOG_S, "event", partial(self._in_a_process, look))

    def _in_a_process(self, work: Callable[[Process], None]) -> None:
        """Run in a process that has nothing else to do, or soon."""
        if self._at_work >= _AT_ONCE:
            self.clock.after(_BUSY_S, "event", lambda: self._in_a_process(work))
            return
        process = self._process()

        def run() -> None:
            self._at_work += 1
            work(process)
            self._at_work -= 1
            if self.rng.random() > 1 / _LIVES:
                self._idle.append(process)

        self.turns.start(run)

    def _process(self) -> Process:
        if self._idle:
            return self._idle.pop(self.rng.randrange(len(self._idle)))
        self.processes.append(Process(self.discord, self.turns, self.clock))
        return self.processes[-1]

    def _show(self, answer: _Answer, process: Process) -> None:
        """Show progress, if that is possible at once; mend an answer that it may lie on."""
        if answer.number in self._begun:
            self._open[answer.token] -= 1
            return
        self.progress += 1
        payload = {"content": "progress", "attachments": [{"id": "0", "filename": "preview.jpg"}]}
        preview = [File("preview.jpg", "image/jpeg", b"\xff\xd8")]
        try:
            process.webhook.edit_original("1", answer.token, payload, preview, droppable=True)
        except (DiscordUnavailable, DiscordRefused):
            self.dropped += 1
        if answer.number in self._begun:
            self._mend(answer, chain(_EVENT_AGAIN_S, repeat(_WATCHDOG_S)), process)
        else:
            self._open[answer.token] -= 1

    def _mend(self, answer: _Answer, again_s: Iterator[float], process: Process) -> None:
        try:
            _give(answer, process)
        except DiscordUnavailable:
            again = partial(self._in_a_process, partial(self._mend, answer, again_s))
            self.clock.after(next(again_s), "event", again)
        else:
            self._open[answer.token] -= 1

    def _deliver(self, answer: _Answer, process: Process) -> None:
        """Give an answer, or be called again later."""
        if not self._is_given(answer, process):
            again = partial(self._in_a_process, partial(self._deliver, answer))
            self.clock.after(next(answer.again_s), "event", again)
        else:
            self._open[answer.token] -= 1

    def _is_given(self, answer: _Answer, process: Process) -> bool:
        self._begun.add(answer.number)
        self.last[answer.token] = answer.content
        try:
            _give(answer, process)
        except DiscordUnavailable:
            return False
        self.waits.append(self.clock() - answer.due_at)
        self.answered_at = self.clock()
        return True


def _give(answer: _Answer, process: Process) -> None:
    files = _PICTURES[: 1 + answer.number % len(_PICTURES)]
    named = [{"id": str(n), "filename": file.filename} for n, file in enumerate(files)]
    payload = {"content": answer.content, "attachments": named}
    try:
        process.webhook.edit_original("1", answer.token, payload, files)
    except DeadToken:
        channel = str(int(answer.token[1:]) % _CHANNELS)
        process.channels.post(channel, payload, files, nonce=answer.content)
