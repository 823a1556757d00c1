"""Schemas of the files in ``potentials/``: one for each form, and one for models."""

from __future__ import annotations

from nakmd.potentials.forms import FORMS
from nakmd.potentials.forms.record import NumbersRecord
from nakmd.potentials.library.model_record import ModelRecord

AnyRecord = NumbersRecord | ModelRecord

#: Schema for each value of ``form``.
RECORDS: dict[str, type[NumbersRecord] | type[ModelRecord]] = {
    **{form.Record.form_word(): form.Record for form in FORMS},
    ModelRecord.form_word(): ModelRecord,
}
