"""The time step of a stage: one for all forces, or one for bonds and one for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import PydanticKnownError, core_schema

from nakmd.deck import quantities as q
from nakmd.deck.fields import PositiveTime, QuantityField, Section

#: Relative error to which the long step must be a multiple of the short one.
MULTIPLE = 1e-6


class TimeSteps(Section):
    """Two time steps: a short one for the bonds of the wall, a long one for all other forces."""

    bonds: PositiveTime = Field(description="Time step of the bonds (terms of bond order).", examples=["0.5 fs"])
    rest: PositiveTime = Field(
        description="Time step of all other forces, a whole multiple of that of the bonds. Steps are counted in it.",
        examples=["4 fs"],
    )

    @model_validator(mode="after")
    def _check_multiple(self) -> Self:
        ratio = self.rest / self.bonds
        if self.bonds > self.rest:
            raise ValueError(
                f"has bonds = {self.bonds * 1e3:g} fs longer than rest = {self.rest * 1e3:g} fs; bonds vibrate faster "
                'than all else: write { bonds = "0.5 fs", rest = "4 fs" }'
            )
        if abs(ratio - round(ratio)) > MULTIPLE * ratio:
            near = round(ratio) * self.bonds * 1e3
            raise ValueError(
                f"has rest = {self.rest * 1e3:g} fs, which is {ratio:.3g} times bonds = {self.bonds * 1e3:g} fs; it "
                f'must be a whole multiple: write rest = "{near:g} fs"'
            )
        return self

    @property
    def inner_steps(self) -> int:
        """Number of short steps in a long one."""
        return round(self.rest / self.bonds)


@dataclass(frozen=True)
class TimeStepField:
    """Annotation of a time step: a time [ps], or `TimeSteps`.

    Attributes
    ----------
    kind : Kind
    """

    kind: q.Kind = q.TIME

    def parse(self, value: Any, validate_table: core_schema.ValidatorFunctionWrapHandler) -> float | TimeSteps:
        """Return the time of a string, or the two times of a table."""
        if isinstance(value, Mapping | TimeSteps):
            steps: TimeSteps = validate_table(value)
            return steps
        time = QuantityField(self.kind).parse(value)
        if not time > 0.0:
            raise PydanticKnownError("greater_than", {"gt": 0.0})
        return time

    def write(self, value: float | TimeSteps) -> str | dict[str, Any]:
        """Return what parses to the same bits."""
        return value.model_dump() if isinstance(value, TimeSteps) else QuantityField(self.kind).write(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self.parse,
            handler.generate_schema(TimeSteps),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        table = handler(schema["schema"])  # the schema of the wrapped table
        single = {"type": "string", "description": "time with its unit", "examples": [q.TIME.example]}
        return {"anyOf": [single, table]}


TimeStep = Annotated[float | TimeSteps, TimeStepField()]
