"""The shell: one file per verb, collected by `app`."""
