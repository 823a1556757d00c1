import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nakmd.deck.quantities import (
    COMPRESSIBILITY,
    DENSITY,
    ENERGY,
    INVERSE_LENGTH,
    KINDS,
    LENGTH,
    PRESSURE,
    STIFFNESS,
    TEMPERATURE,
    TIME,
    QuantityError,
    format_quantity,
    parse_quantity,
)
from nakmd.units import BAR_PER_EV_A3, G_PER_CM3_PER_AMU_A3, GPA_PER_EV_A3, KJ_PER_MOL_PER_EV

ROUNDING = 1e-15  # a handful of multiplications in float64


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1 fs", TIME, 1e-3),
        ("1fs", TIME, 1e-3),
        (" 0.5  ps ", TIME, 0.5),
        ("2 ns", TIME, 2000.0),
        ("50 Å", LENGTH, 50.0),
        ("50 \u212b", LENGTH, 50.0),
        ("50 A", LENGTH, 50.0),
        ("5 nm", LENGTH, 50.0),
        ("450 K", TEMPERATURE, 450.0),
        ("177 °C", TEMPERATURE, 450.15),
        ("1 bar", PRESSURE, 1.0 / BAR_PER_EV_A3),
        ("−2 GPa", PRESSURE, -2.0 / GPA_PER_EV_A3),
        ("1e5 Pa", PRESSURE, 1.0 / BAR_PER_EV_A3),
        ("2 eV/Å²", STIFFNESS, 2.0),
        ("2 eV/Å^2", STIFFNESS, 2.0),
        ("2 eV Å⁻²", STIFFNESS, 2.0),
        ("2 eV*A^-2", STIFFNESS, 2.0),
        ("0.83 g/cm3", DENSITY, 0.83 / G_PER_CM3_PER_AMU_A3),
        ("830 kg/m^3", DENSITY, 0.83 / G_PER_CM3_PER_AMU_A3),
        ("1.8 1/Å", INVERSE_LENGTH, 1.8),
        ("5 kJ/mol", ENERGY, 5.0 / KJ_PER_MOL_PER_EV),
        ("25.8 meV", ENERGY, 0.0258),
        ("0.5 1/GPa", COMPRESSIBILITY, 0.5 * GPA_PER_EV_A3),
    ],
)
def test_units(text, kind, value):
    assert parse_quantity(text, kind) == pytest.approx(value, rel=ROUNDING * 10)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("5", TIME, 'the unit is missing. Write a time with its unit, such as "1 fs"'),
        ("soon", TIME, "this is not a number with a unit"),
        ("1 Fs", TIME, 'Did you mean "fs"?'),
        ("1 femtosec", TIME, "unknown unit"),
        ("5 nn", LENGTH, 'unknown unit "nn". Did you mean "nm"? Write a length'),
        ("2 ev/Å²", STIFFNESS, 'Did you mean "eV"?'),
        ("5 Å", TIME, "this is a length, not a time. Write a time"),
        ("450 eV", TEMPERATURE, "this is an energy, not a temperature. Write a temperature"),
        ("0,5 fs", TIME, 'use a decimal point, not a comma: "0.5 fs"'),
        ("1e999 fs", TIME, "too large"),
        ("1 Å^99", LENGTH, "unknown unit"),
        ("1 eV/", ENERGY, "ends in a slash"),
        ("1 g/cm2", DENSITY, '"g/cm2" is not a unit of density. Write a density'),
        ("", LENGTH, "this is not a number"),
    ],
)
def test_faults(text, kind, message):
    with pytest.raises(QuantityError) as fault:
        parse_quantity(text, kind)
    assert message in str(fault.value)


@given(st.floats(min_value=1e-9, max_value=1e9), st.sampled_from(KINDS))
def test_writing_keeps_every_bit(value, kind):
    assert parse_quantity(format_quantity(value, kind), kind) == value


@given(st.text(max_size=30), st.sampled_from(KINDS))
def test_any_text_is_a_number_or_a_message(text, kind):
    try:
        value = parse_quantity(text, kind)
    except QuantityError as fault:
        message = str(fault)
    else:
        message = kind.example if math.isfinite(value) else ""
    assert kind.example in message or "use a decimal point" in message
