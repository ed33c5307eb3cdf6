"""The application: every domain's routes behind one chain."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from companion import database, site
from companion.accounts import keys, sessions
from companion.accounts import setup as accounts_setup
from companion.accounts.views import api as accounts
from companion.admin.views import api as admin
from companion.backup import service as backup
from companion.boxes import setup as boxes_setup
from companion.boxes.views import api as boxes
from companion.catalogue import setup as catalogue_setup
from companion.catalogue.views import api as catalogue
from companion.commanding import setup as commanding_setup
from companion.commanding.views import api as commanding
from companion.config import Settings
from companion.documents import setup as documents_setup
from companion.documents.views import api as documents
from companion.earnings import setup as earnings_setup
from companion.earnings.views import api as earnings
from companion.events import service as events
from companion.graph import views as graph
from companion.health import views as health
from companion.ingest import setup as ingest_setup
from companion.ingest.views import api as ingest
from companion.lists import setup as lists_setup
from companion.lists.views import api as lists
from companion.live.views import api as live
from companion.live.views import documents as lines
from companion.mail import service as mail
from companion.notices import service as notices_service
from companion.notices.views import api as notices
from companion.outgoing import nudges
from companion.projects import setup as projects_setup
from companion.projects.views import api as projects
from companion.releases import setup as releases_setup
from companion.releases.views import api as releases
from companion.sets import setup as sets_setup
from companion.sets.views import api as sets
from companion.storage import sending
from companion.storage.service import open_storage
from companion.telemetry import setup as telemetry_setup
from companion.telemetry.views import api as telemetry
from companion.transfers import setup as transfers_setup
from companion.transfers.views import api as transfers
from companion.uploads import service as uploads_service
from companion.uploads.views import api as uploads
from companion.vault.service import Vault
from companion.web import pages, problems
from companion.web.api import Api, Rule
from companion.web.application import Application
from companion.web.chain import Chain
from companion.web.identity import Identity

DOMAINS: tuple[Api, ...] = (
    accounts,
    uploads,
    catalogue,
    projects,
    boxes,
    notices,
    live,
    lines,
    health.api,
    admin,
    ingest,
    transfers,
    telemetry,
    sets,
    earnings,
    documents,
    releases,
    commanding,
    lists,
)


def create_app(settings: Settings) -> Flask:
    """The WSGI application. The database must have been migrated."""
    app = Application()
    database.bind(settings)
    vault = Vault(settings.folder)
    app.extensions.update(settings=settings, vault=vault, storage=open_storage(settings))
    sending.install(settings.threads // 2)
    events.install(settings)
    mail.install(settings, vault)
    notices_service.install(settings)
    projects_setup.install()
    boxes_setup.install()
    nudges.install(settings)
    catalogue_setup.install()
    ingest_setup.install()
    transfers_setup.install()
    telemetry_setup.install()
    sets_setup.install()
    releases_setup.install()
    earnings_setup.install()
    documents_setup.install()
    commanding_setup.install()
    lists_setup.install()
    backup.install(settings)
    uploads_service.install(settings, app.extensions["storage"])
    rules: dict[str, Rule] = health.install(app)
    for domain in DOMAINS:
        app.register_blueprint(domain)
        rules |= domain.rules
    rules |= pages.install(app, DOMAINS) | site.install(app) | graph.install(app)
    app.extensions["rules"] = rules
    problems.install(app)
    accounts_setup.install(settings, app.extensions["storage"], (rule.scope for rule in rules.values()))

    def resolve(kind: str, secret: str) -> Identity | None:
        if kind == "cookie":
            return sessions.resolve_cookie(secret)
        if secret.startswith(keys.PREFIX):
            return keys.resolve(secret)
        return sessions.resolve_token(vault, secret)

    Chain(settings, rules, resolve).install(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count, count)  # type: ignore[method-assign]
    return app
