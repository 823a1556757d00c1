"""Types of the deck's fields: counts, fractions, quantities with units, ramps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

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
from nakmd.deck.key_facts import describe_keys


class Section(BaseModel):
    """A table of the deck: immutable, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for key in describe_keys(cls):
            key.complete(properties[key.name])
        return schema


def _refuse(reason: str) -> PydanticCustomError:
    return PydanticCustomError("quantity", "{reason}", {"reason": reason})


@dataclass(frozen=True)
class QuantityField:
    """Annotation of a float in house units that the deck writes as a number with a unit.

    Attributes
    ----------
    kind : Kind
    ramp : bool
        Whether [start, end] is allowed; the value is then always the pair (start, end).
    """

    kind: q.Kind
    ramp: bool = False

    def parse(self, value: Any) -> float:
        """Return the value in house units; a number without a unit is an error."""
        if isinstance(value, str):
            try:
                number = q.parse_quantity(value, self.kind)
            except q.QuantityError as error:
                raise _refuse(str(error)) from None
            if self.kind is q.TEMPERATURE and number < 0.0:
                raise _refuse("the temperature is below absolute zero. Write 0 K or more.")
            return number
        if isinstance(value, int | float) and not isinstance(value, bool):
            # all of its units, so that none is taken for the one that was meant; the most likely one first
            usual = abs(q.parse_quantity(self.kind.example, self.kind)) or 1.0
            units = sorted(self.kind.units, key=lambda unit: self._distance(value, unit, usual))
            choices = " or ".join(f'"{value} {unit}"' for unit in units)
            raise _refuse(f"the unit is missing. Write {self.kind.with_article} with its unit, such as {choices}.")
        raise _refuse(
            f"this is not {self.kind.with_article}. Write a string with a number and a unit, such as "
            f'"{self.kind.example}".'
        )

    def _distance(self, value: float, unit: str, usual: float) -> float:
        """Return how many powers of ten a number in a unit is away from what is usual."""
        try:
            number = abs(q.parse_quantity(f"{value} {unit}", self.kind))
        except q.QuantityError:
            return math.inf
        return abs(math.log10(number / usual)) if 0.0 < number < math.inf else 0.0

    def parse_ramp(self, value: Any) -> tuple[float, float]:
        """Return (start, end) in house units from one value or a pair of values."""
        if not isinstance(value, list | tuple):
            constant = self.parse(value)
            return constant, constant
        if len(value) != 2:
            raise _refuse(
                f'a ramp has 2 values, not {len(value)}. Write [start, end] as in ["300 K", "450 K"], or one value.'
            )
        return self.parse(value[0]), self.parse(value[1])

    def write(self, value: float) -> str:
        """Return a string that parses to the same bits."""
        return q.format_quantity(value, self.kind)

    def write_ramp(self, value: tuple[float, float]) -> str | list[str]:
        """Return one string for a constant value, else the list of start and end."""
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
        single = {"type": "string", "description": f"{self.kind.name} with its unit", "examples": [self.kind.example]}
        if not self.ramp:
            return single
        return {"anyOf": [single, {"type": "array", "items": single, "minItems": 2, "maxItems": 2}]}


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
    """Return the field type of a quantity with this house unit; a plain number if the unit is empty."""
    return Annotated[float, QuantityField(q.kind_of(unit))] if unit else Annotated[float, Field(strict=True)]


#: A constant value, or [start, end] of a linear ramp over the stage; always stored as (start, end).
TemperatureRamp = Annotated[tuple[float, float], QuantityField(q.TEMPERATURE, ramp=True)]
PressureRamp = Annotated[tuple[float, float], QuantityField(q.PRESSURE, ramp=True)]
LengthRamp = Annotated[tuple[float, float], QuantityField(q.LENGTH, ramp=True)]

PositiveTime = Annotated[Time, Field(gt=0.0)]
PositiveDuration = Annotated[Duration, Field(gt=0.0)]
PositiveLength = Annotated[Length, Field(gt=0.0)]

#: Largest count in a deck: years of steps, more atoms than any machine holds, and far below the limits of integers.
MOST = 10**12

Count = Annotated[int, Field(strict=True, ge=0, le=MOST)]
Positive = Annotated[int, Field(strict=True, ge=1, le=MOST)]
Fraction = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _check_discard(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value not in ("auto", "none") and not (is_number and 0.0 <= value < 1.0):
        raise PydanticCustomError("discard", 'must be "auto", "none", or a fraction from 0 to less than 1')
    return float(value) if is_number else value


#: What is left out at the beginning of the measured stages: the detected equilibration, nothing, a fraction.
Discard = Annotated[Literal["auto", "none"] | float, BeforeValidator(_check_discard)]


@dataclass(frozen=True)
class WordOrQuantity:
    """Annotation of a word, or a float in house units that the deck writes as a number with a unit.

    Attributes
    ----------
    words : tuple of str
    kind : Kind
    advice : str
        What to write instead of another word; ends with an example.
    example : str
    """

    words: tuple[str, ...]
    kind: q.Kind
    advice: str
    example: str

    def parse(self, value: Any) -> str | float:
        """Return the word, or the value in house units."""
        if value in self.words:
            return str(value)
        if isinstance(value, str) and not any(letter.isdigit() for letter in value):
            raise _refuse(f'write {self.advice} such as "{self.example}".')
        return QuantityField(self.kind).parse(value)

    def write(self, value: str | float) -> str:
        """Return a string that parses to the same word or bits."""
        return value if isinstance(value, str) else q.format_quantity(value, self.kind)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(
            self.parse, handler(source), serialization=core_schema.plain_serializer_function_ser_schema(self.write)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "examples": [*self.words, self.example]}


def _check_surface_energy(value: str | float) -> str | float:
    if not isinstance(value, str) and value < 0.0:
        raise _refuse("a surface energy is not negative.")
    return value


#: Energy of the free surface of the metal per area [eV/Å²], or where it comes from.
SurfaceEnergy = Annotated[
    Literal["model", "experiment"] | float,
    WordOrQuantity(
        ("model", "experiment"),
        q.SURFACE_ENERGY,
        '"model", "experiment", or a surface energy',
        q.SURFACE_ENERGY.example,
    ),
    AfterValidator(_check_surface_energy),
]


#: Smallest and largest error [Å] of stored coordinates that a deck may choose: below, double precision takes no more
#: space; above, the error is that of the vibrations of atoms (about 0.1 Å in carbon at 300 K).
PRECISIONS = (1e-6, 0.1)


def _check_precision(value: str | float) -> str | float:
    least, most = PRECISIONS
    if not isinstance(value, str) and not least <= value <= most:
        raise _refuse(f'it must be "double", "single", or from {least:g} Å to {most:g} Å.')
    return value


#: Precision of stored positions: a floating-point type, or the largest error of a coordinate [Å].
Precision = Annotated[
    Literal["double", "single"] | float,
    WordOrQuantity(
        ("double", "single"), q.LENGTH, '"double", "single", or the largest error of a coordinate', "0.001 Å"
    ),
    AfterValidator(_check_precision),
]


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _string_if_single(entries: tuple[str, ...]) -> str | list[str]:
    return entries[0] if len(entries) == 1 else list(entries)


def _check_axes(groups: tuple[str, ...]) -> tuple[str, ...]:
    letters = "".join(groups)
    if not letters or set(letters) - set("xyz") or len(set(letters)) != len(letters) or not all(groups):
        raise PydanticCustomError("axes", 'must name each of x, y, z at most once; write "xyz", "z" or ["xy", "z"]')
    return groups


#: One name, or a list of them; always stored as a tuple.
Names = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | tuple[str, ...]),
    PlainSerializer(_string_if_single),
    Field(min_length=1),
]

#: Groups of axes that a barostat scales together; always stored as a tuple.
AxisGroups = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_tuple, json_schema_input_type=str | tuple[str, ...]),
    AfterValidator(_check_axes),
    PlainSerializer(_string_if_single),
]
