"""Saved measurements: a JSON file each, with the name of its format and that one's version."""

import json
from dataclasses import fields

from ..errors import BadValue
from ..host.interpreters import Python
from ..host.machines import Machine


def document(record):
    """Return what is saved of a record, as JSON can hold it."""
    return {"format": record.FORMAT, "version": record.FORMAT_VERSION} | record._content()


def read(path):
    """Return the document in a file.

    Raises
    ------
    BadValue
        If it is no such file.
    """
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (ValueError, RecursionError) as error:
            raise BadValue(f"{path} holds no saved run: it isn't JSON ({error})") from None
    if not isinstance(content, dict) or "format" not in content:
        raise BadValue(f"{path} holds no saved run")
    return content


def check_version(path, content, readable):
    """Complain of a version of the format that isn't among those that can be read."""
    version = content.get("version")
    if version not in readable:
        known = " and ".join(map(str, readable))
        raise BadValue(f"{path} was saved in version {version} of the format; this gilteach reads {known}")


def machine_of(content):
    """Return the `Machine` that a content tells of."""
    machine = dict(content["machine"])
    python = machine.pop("python")
    return Machine(**machine, python=Python(**python | {"start_methods": tuple(python["start_methods"])}))


def check_types(record):
    """Raise a TypeError if a field of a dataclass holds what its annotation doesn't allow."""
    for item in fields(record):
        value = getattr(record, item.name)
        if not isinstance(value, item.type):
            raise TypeError(f"{item.name} is {value!r}")
