"""Providers that vouch for people: Google and any other by OpenID Connect, GitHub by OAuth 2.

They are asked while a sign-in waits for them, so each answer has five seconds and a size. Their addresses come from the
settings and from the provider's own metadata, never from a user; no redirect is followed.
"""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from companion.config import Settings
from companion.errors import Unauthorized, Unavailable

GOOGLE = "https://accounts.google.com"
GITHUB, GITHUB_API = "https://github.com", "https://api.github.com"
TIMEOUT_SECONDS = 5.0
MOST_BYTES = 1 << 20
KEEP_SECONDS = 3600.0  # a provider's metadata and keys
AGAIN_SECONDS = 10.0  # how soon keys are fetched again when none of them fits
_SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY_SECONDS = 60

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in there: `subject` never changes; `email` is empty unless the provider proved it."""

    subject: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: its name in addresses, what its button says, and what we are called there."""

    name: str
    title: str
    issuer: str  # of OpenID Connect; empty for GitHub
    client_id: str
    client_secret: str

    @property
    def scope(self) -> str:
        """What is asked for: no more than who it is."""
        return "openid email profile" if self.issuer else "read:user user:email"


def listed(settings: Settings) -> list[Provider]:
    """Those that the settings switch on."""
    of = settings
    found = [
        Provider("google", "Google", GOOGLE, of.google_client_id, of.google_client_secret),
        Provider("github", "GitHub", "", of.github_client_id, of.github_client_secret),
        Provider("oidc", of.oidc_name, of.oidc_url.rstrip("/"), of.oidc_client_id, of.oidc_client_secret),
    ]
    return [one for one in found if one.client_id and (one.issuer or one.name == "github")]


def authorize_url(provider: Provider) -> str:
    """Where browsers are sent."""
    return _endpoint(provider, "authorization_endpoint") if provider.issuer else f"{GITHUB}/login/oauth/authorize"


def person(provider: Provider, code: str, verifier: str, nonce: str, back: str) -> Person:
    """Trade a code for who signed in. Unauthorized when the provider does not vouch; Unavailable when it is silent."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    if not provider.issuer:
        return _github(provider, form)
    token = _trade(provider, _endpoint(provider, "token_endpoint"), form)
    claims = _claims(provider, str(token.get("id_token", "")), nonce)
    said = claims.get("email_verified")
    proved = said is True or said == "true"  # some send it as text; anything else is no proof
    email = str(claims.get("email", "")) if proved else ""
    return Person(str(claims["sub"]), email, str(claims.get("name") or ""))


def _github(provider: Provider, form: Json) -> Person:
    token = _trade(provider, f"{GITHUB}/login/oauth/access_token", form)
    headers = {"Authorization": f"Bearer {token.get('access_token', '')}", "Accept": "application/vnd.github+json"}
    user = _call("GET", f"{GITHUB_API}/user", headers=headers)
    emails = _call("GET", f"{GITHUB_API}/user/emails", headers=headers)
    if not isinstance(user, dict) or not isinstance(user.get("id"), int) or not isinstance(emails, list):
        raise Unauthorized("GitHub did not say who you are; try again")
    proved = [row["email"] for row in emails if row.get("primary") is True and row.get("verified") is True]
    return Person(str(user["id"]), str(proved[0]) if proved else "", str(user.get("name") or user.get("login") or ""))


def _trade(provider: Provider, url: str, form: Json) -> Json:
    """The token endpoint's answer to a code. We name ourselves as the provider prefers."""
    methods = _metadata(provider).get("token_endpoint_auth_methods_supported") if provider.issuer else None
    basic = bool(provider.issuer) and (not isinstance(methods, list) or "client_secret_basic" in methods)
    if basic:
        auth = (quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))
        found = _call("POST", url, data=form, auth=auth, headers={"Accept": "application/json"})
    else:
        form = form | {"client_id": provider.client_id, "client_secret": provider.client_secret}
        found = _call("POST", url, data=form, headers={"Accept": "application/json"})
    if not isinstance(found, dict) or "error" in found:
        raise Unauthorized(f"{provider.title} did not accept the sign-in; try again")
    return found


def _claims(provider: Provider, token: str, nonce: str) -> Json:
    """What an ID token says, once its signature, issuer, audience, times and nonce are right."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    rules = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    for fresh in (False, True):  # a key that is not known may be newer than what we keep
        keys = _kept(provider, "keys", fresh)
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_SIGNATURES)  # type: ignore[arg-type]
            rules.validate(found.claims)
        except (JoseError, ValueError, KeyError, TypeError):
            continue
        authorized = found.claims.get("azp", provider.client_id)
        several = isinstance(found.claims["aud"], list) and len(found.claims["aud"]) > 1
        if authorized == provider.client_id and (not several or "azp" in found.claims):
            return dict(found.claims)
    raise Unauthorized(f"what {provider.title} says cannot be trusted; try again")


def _endpoint(provider: Provider, name: str) -> str:
    url = _metadata(provider).get(name)
    if not isinstance(url, str) or not _safe(url, provider):
        raise Unavailable(f"{provider.title} is set up wrong: it names no usable {name}")
    return url


def _safe(url: str, provider: Provider) -> bool:
    """By TLS; without it only where the settings themselves say so (a provider on the own machine or network)."""
    address = urlsplit(url)
    if address.scheme == "https":
        return bool(address.hostname)
    ours = urlsplit(provider.issuer)
    return address.scheme == "http" == ours.scheme and address.netloc == ours.netloc


def _metadata(provider: Provider) -> Json:
    return _kept(provider, "metadata", False)


_cache: dict[tuple[str, str], tuple[float, Json]] = {}
_lock = threading.Lock()


def _kept(provider: Provider, what: str, fresh: bool) -> Json:
    """The provider's metadata or keys, fetched at most once an hour (keys sooner when one is unknown)."""
    at, key = time.monotonic(), (provider.issuer, what)
    with _lock:
        known = _cache.get(key)
    if known is not None and at - known[0] < (AGAIN_SECONDS if fresh else KEEP_SECONDS):
        return known[1]
    if what == "metadata":
        found = _call("GET", f"{provider.issuer}/.well-known/openid-configuration")
        if not isinstance(found, dict) or str(found.get("issuer", "")).rstrip("/") != provider.issuer:
            raise Unavailable(f"{provider.title} is set up wrong: it calls itself otherwise than oidc_url")
    else:
        found = _call("GET", _endpoint(provider, "jwks_uri"))
        if not isinstance(found, dict):
            raise Unavailable(f"{provider.title} has no keys to check its word by")
    with _lock:
        _cache[key] = (at, found)
    return found


def _call(method: str, url: str, **options: Any) -> Any:
    """What a provider answers, as JSON. Unauthorized when it refuses; Unavailable when it cannot answer."""
    import httpx

    silent = "the sign-in provider does not answer; try again, or sign in another way"
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=True) as client,
            client.stream(method, url, **options) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise Unavailable(silent)
            if answer.status_code >= 500 or answer.is_redirect:
                raise Unavailable(silent)
            if answer.status_code >= 400:
                raise Unauthorized("the sign-in provider refused; try again")
            return _json(body)
    except httpx.HTTPError as exc:
        raise Unavailable(silent) from exc


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as exc:
        raise Unavailable("the sign-in provider answers what nobody understands; try again later") from exc
