"""Types of the deck's fields: counts, fractions, quantities with units, ramps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
)
from pydantic_core import PydanticCustomError, core_schema

from nakmd.deck import quantities as q


class Section(BaseModel):
    """A table of the deck: frozen, and every key has to be known."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _refuse(reason: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{reason}", {"reason": reason})


@dataclass(frozen=True)
class QuantityField:
    """Marks a float in house units that the deck writes as a number with a unit.

    Attributes
    ----------
    kind : Kind
    ramp : bool
        Whether [start, end] is allowed; the value is then always the pair (start, end).
    """

    kind: q.Kind
    ramp: bool = False

    def parse(self, value: Any) -> float:
        """Return the value in house units; a bare number is refused."""
        if isinstance(value, str):
            try:
                number = q.parse_quantity(value, self.kind)
            except q.QuantityError as error:
                raise _refuse(str(error)) from None
            if self.kind is q.TEMPERATURE and number < 0.0:
                raise _refuse(f"{number:g} K is below absolute zero; write a temperature of 0 K or more.")
            return number
        if isinstance(value, int | float) and not isinstance(value, bool):
            raise _refuse(
                f'{value} has no unit; write {self.kind.with_article} with one, such as "{value} {self.kind.units[0]}".'
            )
        raise _refuse(f'this is not {self.kind.with_article}; write a text with a unit, such as "{self.kind.example}".')

    def parse_ramp(self, value: Any) -> tuple[float, float]:
        """Return (start, end) in house units of one value or of two."""
        if not isinstance(value, list | tuple):
            held = self.parse(value)
            return held, held
        if len(value) != 2:
            raise _refuse(f'a ramp has 2 ends, not {len(value)}; write ["300 K", "450 K"], or one value to keep.')
        return self.parse(value[0]), self.parse(value[1])

    def write(self, value: float) -> str:
        """Return a text that parses to the same bits."""
        return q.format_quantity(value, self.kind)

    def write_ramp(self, value: tuple[float, float]) -> str | list[str]:
        """Return one text, or two."""
        start, end = (self.write(v) for v in value)
        return start if start == end else [start, end]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            self.parse_ramp if self.ramp else self.parse,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write_ramp if self.ramp else self.write
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        one = {"type": "string", "description": f"{self.kind.name} with its unit", "examples": [self.kind.example]}
        if not self.ramp:
            return one
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}


Time = Annotated[float, QuantityField(q.TIME)]
Duration = Annotated[float, QuantityField(q.DURATION)]
Length = Annotated[float, QuantityField(q.LENGTH)]
Temperature = Annotated[float, QuantityField(q.TEMPERATURE)]
Compressibility = Annotated[float, QuantityField(q.COMPRESSIBILITY)]
Density = Annotated[float, QuantityField(q.DENSITY)]
Energy = Annotated[float, QuantityField(q.ENERGY)]
Force = Annotated[float, QuantityField(q.FORCE)]
Stiffness = Annotated[float, QuantityField(q.STIFFNESS)]
Angle = Annotated[float, QuantityField(q.ANGLE)]
InverseLength = Annotated[float, QuantityField(q.INVERSE_LENGTH)]


def quantity_in(unit: str) -> Any:
    """Return the type of a quantity that has this unit in house units; a number where there is no unit."""
    return Annotated[float, QuantityField(q.kind_of(unit))] if unit else Annotated[float, Field(strict=True)]


#: A value to keep, or [start, end] of a straight ramp over the stage; always stored as (start, end).
TemperatureRamp = Annotated[tuple[float, float], QuantityField(q.TEMPERATURE, ramp=True)]
PressureRamp = Annotated[tuple[float, float], QuantityField(q.PRESSURE, ramp=True)]

PositiveTime = Annotated[Time, Field(gt=0.0)]
PositiveDuration = Annotated[Duration, Field(gt=0.0)]
PositiveLength = Annotated[Length, Field(gt=0.0)]

Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Fraction = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _alone_if_one(words: tuple[str, ...]) -> str | list[str]:
    return words[0] if len(words) == 1 else list(words)


def _check_axes(groups: tuple[str, ...]) -> tuple[str, ...]:
    letters = "".join(groups)
    if not letters or set(letters) - set("xyz") or len(set(letters)) != len(letters) or not all(groups):
        raise PydanticCustomError("axes", 'must name each of x, y, z at most once; write "xyz", "z" or ["xy", "z"]')
    return groups


#: One file name, or a list of them; always stored as a tuple.
FileNames = Annotated[
    tuple[Text, ...],
    BeforeValidator(_one_or_more),
    PlainSerializer(_alone_if_one),
    Field(min_length=1),
]

#: Groups of axes that a barostat stretches together; always stored as a tuple.
AxisGroups = Annotated[
    tuple[Text, ...], BeforeValidator(_one_or_more), AfterValidator(_check_axes), PlainSerializer(_alone_if_one)
]
