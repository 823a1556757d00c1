"""The worker process that `workers` starts: ``python -m nakmd.studies.worker``."""

from nakmd.studies.workers import serve

if __name__ == "__main__":
    serve()
