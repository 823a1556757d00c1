"""The worker process that `workers` starts: ``python -m nakmd.studies.validation.worker``."""

from nakmd.studies.validation.workers import serve

if __name__ == "__main__":
    serve()
