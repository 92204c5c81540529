"""Which field a parameter gets, by its type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from voicenb.panels.fields.descriptors import DescriptorsField
from voicenb.panels.fields.emotion import EmotionField
from voicenb.panels.fields.field import Field, Publish
from voicenb.panels.fields.optional_number import OptionalNumberField
from voicenb.services.parameters import Parameter

__all__ = ["field_for"]


def field_for(
    one: Parameter, choices: Sequence[Any], count: Callable[[str], int] | None, publish: Publish | None
) -> Field:
    """The field for a parameter: that of its own type where there is one."""
    if one.type == "descriptors":
        return DescriptorsField(one)
    if one.type == "emotion":
        return EmotionField(one, publish=publish)
    if one.type == "switch" and one.unit:
        return OptionalNumberField(one)
    return Field(one, choices=choices, count=count)
