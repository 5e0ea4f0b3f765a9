"""What can be wrong with a prompt, in the words of ComfyUI 0.3.64."""

from __future__ import annotations

from typing import Any

Problem = dict[str, Any]
About = dict[str, Any]  # input_name, input_config and received_value of one input
LONGEST_LIST_SHOWN = 20


class BrokenGraphError(Exception):
    """The graph cannot even be walked: ComfyUI stumbles over it with a Python exception."""

    def __init__(self, exception_type: str, text: str) -> None:
        super().__init__(text)
        self.exception_type = exception_type


def problem(kind: str, message: str, details: str, **extra: object) -> Problem:
    """Return a problem in the shape in which `/prompt` tells it."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def no_prompt() -> Problem:
    """The body of the request holds no prompt."""
    return problem("no_prompt", "No prompt provided", "No prompt provided")


def no_outputs() -> Problem:
    """No node of the prompt is an output."""
    return problem("prompt_no_outputs", "Prompt has no outputs", "")


def outputs_failed(of_outputs: list[Problem]) -> Problem:
    """Every output has something wrong with it or behind it."""
    details = "\n".join(f"{each['message']}: {each['details']}" for each in of_outputs)
    message = "Prompt outputs failed validation"
    return problem("prompt_outputs_failed_validation", message, details)


def no_class(node_id: str) -> Problem:
    """A node does not say what it is."""
    message = "Cannot execute because a node is missing the class_type property."
    return problem("invalid_prompt", message, f"Node ID '#{node_id}'")


def unknown_class(node_id: str, class_type: str) -> Problem:
    """A node is of a class that is not installed."""
    message = f"Cannot execute because node {class_type} does not exist."
    return problem("invalid_prompt", message, f"Node ID '#{node_id}'")


def missing(name: str) -> Problem:
    """A required input is not there."""
    message = "Required input is missing"
    return problem("required_input_missing", message, name, input_name=name)


def bad_link(about: About) -> Problem:
    """A list that is no link."""
    message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
    return problem("bad_linked_input", message, about["input_name"], **about)


def type_mismatch(about: About, received: str, wanted: object, link: list[Any]) -> Problem:
    """A link between an output and an input of different types."""
    facts = {**about, "received_type": received, "linked_node": link}
    details = f"{about['input_name']}, received_type({received}) mismatch input_type({wanted})"
    message = "Return type mismatch between linked nodes"
    return problem("return_type_mismatch", message, details, **facts)


def broken_output(broken: BrokenGraphError) -> Problem:
    """An output node that cannot be walked."""
    return problem(
        "exception_during_validation",
        "Exception when validating node",
        str(broken),
        exception_type=broken.exception_type,
        traceback=[],
    )


def broken_feeder(about: About, broken: BrokenGraphError, link: list[Any]) -> Problem:
    """A node that cannot be walked, told of the input that it feeds."""
    return problem(
        "exception_during_inner_validation",
        "Exception when validating inner node",
        str(broken),
        **about,
        exception_message=str(broken),
        exception_type=broken.exception_type,
        traceback=[],
        linked_node=link,
    )


def no_such_file(name: str, value: object) -> Problem:
    """A file that is not in the input folder."""
    details = f"{name} - Invalid image file: {value}"
    message = "Custom validation failed for node"
    return problem("custom_validation_failed", message, details, input_name=name)


def not_in_list(about: About, choices: tuple[str, ...]) -> Problem:
    """A value that is not one of the choices; a long list of them is not told."""
    shown: str = str(list(choices))
    if len(choices) > LONGEST_LIST_SHOWN:
        shown = f"(list of length {len(choices)})"
        about = {**about, "input_config": None}
    details = f"{about['input_name']}: '{about['received_value']}' not in {shown}"
    return problem("value_not_in_list", "Value not in list", details, **about)


def not_convertible(about: About, kind: str, failure: Exception) -> Problem:
    """A value that cannot be made into the type of its input."""
    message = f"Failed to convert an input value to a {kind} value"
    details = f"{about['input_name']}, {about['received_value']}, {failure}"
    facts = {**about, "exception_message": str(failure)}
    return problem("invalid_input_type", message, details, **facts)


def out_of_bounds(about: About, options: dict[str, Any]) -> Problem | None:
    """A number below or above what the input takes; None when it is within."""
    name, value = about["input_name"], about["received_value"]
    if "min" in options and value < options["min"]:
        message = f"Value {value} smaller than min of {options['min']}"
        return problem("value_smaller_than_min", message, name, **about)
    if "max" in options and value > options["max"]:
        message = f"Value {value} bigger than max of {options['max']}"
        return problem("value_bigger_than_max", message, name, **about)
    return None
