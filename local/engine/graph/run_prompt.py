"""Walks one prompt's graph node by node, keeping what the next prompt can use again."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

from local.engine.folders import file_digest
from local.engine.graph.plan import Plan, is_link, signatures
from local.engine.nodes.behaviour import LATENT_NODES
from local.engine.nodes.catalogue import NODE_TYPES
from local.engine.nodes.films import FILM_NODES
from local.engine.nodes.pictures import PICTURE_NODES
from local.engine.nodes.sampling import sample, sample_advanced, sample_tiles
from local.engine.nodes.saving import OUTPUT_NODES
from local.engine.nodes.values import Bench, Interrupted, NodeFailure, Result

if TYPE_CHECKING:
    from local.engine.folders import Folders
    from local.engine.progress import Progress
    from local.engine.prompt_queue import Prompt

SAMPLERS = {"KSampler": sample, "KSamplerAdvanced": sample_advanced}
TILES = {"UltimateSDUpscaleNoUpscale": sample_tiles}
PLAIN_NODES = LATENT_NODES | PICTURE_NODES | FILM_NODES | TILES | OUTPUT_NODES


class GraphRunner:
    """Runs prompts one after the other; results of the last prompt are its cache."""

    def __init__(self, folders: Folders, step_seconds: float) -> None:
        self._folders = folders
        self._step_seconds = step_seconds
        self._cache: dict[str, Result] = {}
        self._interrupted = False

    def interrupt(self) -> None:
        """Stop the running prompt at its next step or node."""
        self._interrupted = True

    def forget(self) -> None:
        """Drop every cached result."""
        self._cache = {}

    async def run(self, prompt: Prompt, progress: Progress) -> dict[str, Any]:
        """Run a prompt to its end and return its history entry: outputs, status and meta."""
        self._interrupted = False
        walk = _Walk(self, prompt, progress)
        try:
            await walk.all_nodes()
            completed = True
        except _StoppedError:
            completed = False
        return {
            "outputs": walk.shown,
            "status": {
                "status_str": "success" if completed else "error",
                "completed": completed,
                "messages": progress.messages,
            },
            "meta": {
                node_id: {
                    "node_id": node_id,
                    "display_node": node_id,
                    "parent_node": None,
                    "real_node_id": node_id,
                }
                for node_id in walk.shown
            },
        }

    def keep_only(self, wanted: set[str]) -> dict[str, Result]:
        """Drop cached results the coming prompt has no use for, and return the cache."""
        self._cache = {key: each for key, each in self._cache.items() if key in wanted}
        return self._cache

    def bench(self, prompt: Prompt, progress: Progress, node_id: str) -> Bench:
        """Return what a node of this prompt may use."""
        return Bench(
            folders=self._folders,
            graph=prompt.graph,
            extra_pnginfo=prompt.extra_data.get("extra_pnginfo") or {},
            step_seconds=self._step_seconds,
            report=lambda step, steps, jpeg: progress.step(node_id, step, steps, jpeg),
            stop_if_interrupted=self.stop_if_interrupted,
        )

    def stop_if_interrupted(self) -> None:
        """Raise `Interrupted` when somebody asked for it since the prompt began."""
        if self._interrupted:
            raise Interrupted

    def changed(self, class_type: str, inputs: dict[str, Any]) -> str:
        """Return what a node depends on besides its inputs: the content of a file it loads."""
        files = (
            self._folders.find_input(str(inputs[name]))
            for name, spec in NODE_TYPES[class_type].inputs.items()
            if spec.is_upload and name in inputs
        )
        return " ".join(file_digest(path) for path in files if path)


class _StoppedError(Exception):
    """The prompt ended early; its client has been told why."""


class _Walk:
    def __init__(self, runner: GraphRunner, prompt: Prompt, progress: Progress) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        self._runner = runner
        self._prompt = prompt
        self._progress = progress
        self._executed: list[str] = []
        self._signatures = signatures(prompt.graph, prompt.outputs, runner.changed)
        self._cache = runner.keep_only(set(self._signatures.values()))

    async def all_nodes(self) -> None:
        graph, progress = self._prompt.graph, self._progress
        progress.tell("execution_start")
        cached = [node_id for node_id in graph if self._is_cached(node_id)]
        progress.tell("execution_cached", nodes=cached)
        plan = Plan(graph, self._prompt.outputs, self._is_cached)
        while (node_id := plan.take()) is not None:
            await self._one_node(node_id)
            plan.done(node_id)
        progress.tell("execution_success")

    async def _one_node(self, node_id: str) -> None:
        if not self._is_cached(node_id):
            self._progress.start(node_id)
            self._cache[self._signatures[node_id]] = await self._execute(node_id)
            self._executed.append(node_id)
        shown = self._cache[self._signatures[node_id]].shown
        if shown is not None:
            self.shown[node_id] = shown
            self._progress.show(node_id, shown)
        self._progress.finish(node_id)

    async def _execute(self, node_id: str) -> Result:
        class_type = self._prompt.graph[node_id]["class_type"]
        bench = self._runner.bench(self._prompt, self._progress, node_id)
        inputs: dict[str, Any] = {}
        try:
            self._runner.stop_if_interrupted()
            inputs = self._inputs(node_id)
            if class_type in SAMPLERS:
                return await SAMPLERS[class_type](bench, inputs)
            return await asyncio.to_thread(PLAIN_NODES[class_type], bench, inputs)
        except Interrupted as interrupted:
            self._progress.tell(
                "execution_interrupted",
                node_id=node_id,
                node_type=class_type,
                executed=self._executed,
            )
            raise _StoppedError from interrupted
        except Exception as failure:  # whatever a node raises ends its prompt, not the engine
            self._tell_failure(node_id, class_type, failure)
            raise _StoppedError from failure

    def _inputs(self, node_id: str) -> dict[str, Any]:
        node = self._prompt.graph[node_id]
        known = NODE_TYPES[node["class_type"]].inputs
        return {
            name: self._linked(value) if is_link(value) else value
            for name, value in node["inputs"].items()
            if name in known
        }

    def _linked(self, link: list[Any]) -> object:
        return self._cache[self._signatures[link[0]]].values[link[1]]

    def _is_cached(self, node_id: str) -> bool:
        return self._signatures.get(node_id) in self._cache

    def _tell_failure(self, node_id: str, class_type: str, failure: Exception) -> None:
        values = self._prompt.graph[node_id]["inputs"]
        self._progress.tell(
            "execution_error",
            node_id=node_id,
            node_type=class_type,
            executed=self._executed,
            exception_message=f"{failure}\n",
            exception_type=_exception_type(failure),
            traceback=traceback.format_tb(failure.__traceback__),
            current_inputs={name: [value] for name, value in values.items() if not is_link(value)},
            current_outputs=list(self._signatures),
        )


def _exception_type(failure: Exception) -> str:
    if isinstance(failure, NodeFailure):
        return failure.exception_type
    kind = type(failure)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
