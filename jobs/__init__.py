"""The asynchronous side: a ledger of jobs in Redis, Celery tasks that do them, and a reaper behind both (ADR 13)."""
