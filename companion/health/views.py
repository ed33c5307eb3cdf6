"""/healthz, /readyz, /metrics, and /api/v1/health for who administers."""

import hmac
import os
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import BaseModel, ConfigDict, Field

from companion.config import Settings
from companion.database import now
from companion.errors import Forbidden
from companion.health import service
from companion.jobs import ledger as jobs
from companion.web.api import Answer, Api, Rule
from companion.web.identity import Access

api = Api("health", "Health", "/health")
HERE = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")


class Part(Answer):
    """One part of the companion. ms: how long the look took."""

    name: str
    well: bool
    says: str
    ms: float


class Sample(Answer):
    """One minute. `failing` names what was not well; memory and disk_free in MiB."""

    at: int
    failing: str
    database_ms: float
    queue_lag_ms: int
    jobs_waiting: int
    disk_free: int
    memory: int
    load: float


class HealthOut(Answer):
    """How it is now, and how it was. `available`: the share of the asked time without a failure."""

    well: bool
    parts: list[Part]
    available: float
    history: list[Sample]


class Since(BaseModel):
    """How far back."""

    model_config = ConfigDict(extra="forbid")

    hours: int = Field(24, ge=1, le=720)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _look() -> list[service.Finding]:
    return service.look(_settings(), current_app.extensions["storage"])


@api.on("GET", "", Rule(Access.ADMIN, limit="page"), query=Since, gives=HealthOut)
def get_health(query: Since) -> Any:
    """How the companion is, and how it was over the last hours."""
    parts, since = _look(), now() - query.hours * 3_600_000
    return {
        "well": all(part.well for part in parts),
        "parts": parts,
        "available": service.available(since),
        "history": service.history(since),
    }


def live() -> Response:
    """Whether this process answers."""
    return jsonify(status="ok")


def ready() -> Response:
    """Whether requests can be served: 503 names what is not well. Sentences are for who administers."""
    parts = _look()
    well = all(part.well for part in parts)
    response = jsonify(status="ok" if well else "not ready", failing=[part.name for part in parts if not part.well])
    response.status_code = 200 if well else 503
    response.headers["Cache-Control"] = "no-store"
    return response


class DatabaseCollector:
    """What the database knows, as gauges, at the time of asking."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Each part's health, the disk; and while the database answers jobs by state and the queue's lag."""
        found = {part.name: part.well for part in _look()}
        parts = GaugeMetricFamily("companion_part_well", "1 when a part is well", labels=["part"])
        for name, well in found.items():
            parts.add_metric([name], float(well))
        yield parts
        free = service.disk_free(_settings().folder) << 20
        yield GaugeMetricFamily("companion_disk_free_bytes", "space left in the folder", free)
        if not found["database"]:
            return
        states = GaugeMetricFamily("companion_jobs", "jobs by state", labels=["state"])
        for state, count in jobs.counts().items():
            states.add_metric([state], count)
        yield states
        yield GaugeMetricFamily("companion_queue_lag_seconds", "wait of the oldest job", jobs.lag_ms() / 1000)


def metrics() -> Response:
    """Prometheus metrics of all processes: with the token of the settings, or from this machine."""
    token = _settings().metrics_token
    if token:
        sent = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(sent, f"Bearer {token}".encode()):
            raise Forbidden("metrics need the bearer token of the settings (metrics_token)")
    elif request.remote_addr not in HERE or any(name in request.headers for name in FORWARDED):
        raise Forbidden("metrics are for this machine; set metrics_token to read them from elsewhere")
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
    else:
        text = generate_latest(REGISTRY)
    own = CollectorRegistry()
    own.register(DatabaseCollector())
    return Response(text + generate_latest(own), content_type=CONTENT_TYPE_LATEST)


def install(app: Flask) -> dict[str, Rule]:
    """Add the pages of programs, outside the API; returns their rules."""
    for name, view in (("healthz", live), ("readyz", ready), ("metrics", metrics)):
        app.add_url_rule(f"/{name}", name, view)
    return {name: Rule(Access.PUBLIC, limit="probe", identifies=False) for name in ("healthz", "readyz", "metrics")}
