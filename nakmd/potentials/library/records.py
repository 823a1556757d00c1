"""What a file of ``potentials/`` may be: all forms by name, and models."""

from __future__ import annotations

from nakmd.potentials.forms import FORMS
from nakmd.potentials.forms.record import NumbersRecord
from nakmd.potentials.library.model_record import ModelRecord

AnyRecord = NumbersRecord | ModelRecord

#: Word of ``form`` and the schema that it chooses.
RECORDS: dict[str, type[NumbersRecord] | type[ModelRecord]] = {
    **{form.Record.form_word(): form.Record for form in FORMS},
    ModelRecord.form_word(): ModelRecord,
}
