"""The interactions room, and members who use the buttons of their messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distillery.core import keys
from distillery.core.job import Job, Outcome, Picture
from tests.lambdas.conftest import event
from tests.lambdas.interactions_room import Room


class ButtonRoom(Room):
    """A room with messages that have buttons."""

    clicks = 0

    def made(self, pictures: int = 1, prompt: str = "a red fox", **changes: Any) -> Job:
        """Let a member's request end with pictures; return its job."""
        job = self.ask_for(prompt)
        job = self.move(job, replace(job.admitted(1.0, self.clock()), **changes))
        job = self.move(job, job.dispatched("runpod", self.clock()))
        names = [f"{number}_9.png" for number in range(pictures)]
        for name in names:
            self.objects.put(keys.output_key(job.job_id, 1, name), b"png", "image/png")
        made = tuple(Picture(name, "image/png", 3, 1024, 1024) for name in names)
        job = self.move(job, job.concluded(Outcome(pictures=made), self.clock(), 32.0))
        return self.move(job, job.delivered(self.clock()))

    def click(self, custom_id: str, *values: str, **changes: Any) -> dict[str, Any]:
        """Use a button or a menu of a message; return the answer."""
        data: dict[str, Any] = {"component_type": 2, "custom_id": custom_id}
        if values:
            data = {**data, "component_type": 3, "values": list(values)}
        return self._interact({"type": 3, "data": data, **changes})

    def submit(self, custom_id: str, fields: Mapping[str, str], **changes: Any) -> dict[str, Any]:
        """Send a form, as Discord does: each field in its label; return the answer."""
        parts = [
            {"type": 18, "component": {"type": 4, "custom_id": name, "value": value}}
            for name, value in fields.items()
        ]
        data = {"custom_id": custom_id, "components": parts}
        return self._interact({"type": 5, "data": data, **changes})

    def _interact(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        self.clicks += 1
        document = {**event("interaction_button"), "id": f"5000000000000001{self.clicks:02}"}
        status, answer = self.answer(json.dumps(document | changes).encode())
        assert status == 200
        return answer

    @property
    def latest(self) -> Job:
        """The job that was made last."""
        return list(self.store.table.jobs.values())[-1]
