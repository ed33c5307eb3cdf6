"""How much comes in, and what becomes of it."""

from prometheus_client import Counter, Histogram

OUTCOMES = ("applied", "seen", "held", "dropped", "dead", "receipts", "told", "nobody", "unreadable")
MESSAGES = Counter("companion_ingest_messages", "messages of boxes, by what became of them", ["outcome"])
LOST = Counter("companion_ingest_lost", "messages that this database had receipted and does not have")
BATCH = Histogram(
    "companion_ingest_batch_messages", "messages in one transaction", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
SECONDS = Histogram("companion_ingest_batch_seconds", "time of one transaction with its commit")
PUBLISHED = Counter("companion_outgoing_messages", "messages published to boxes")


def count(outcomes: dict[str, int]) -> None:
    """Add what became of a batch."""
    for outcome, number in outcomes.items():
        if number:
            MESSAGES.labels(outcome).inc(number)
