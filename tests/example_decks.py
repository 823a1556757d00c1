"""The decks of the examples: sweeps and inputs of studies are TOML files too, and no decks."""

from nakmd.resources import data_folder

EXAMPLES = data_folder("examples")

#: Paths relative to the folder of the examples.
EXAMPLE_DECKS = sorted(
    path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.toml") if "[[stage]]" in path.read_text()
)
