"""A sign-in provider on this machine: OpenID Connect and GitHub's OAuth, checking what it is sent, able to lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "rackdeck", "it's a secret:/?"


class Provider:
    """`url` is its issuer. `claims` go over the honest ones of ID tokens; `key` signs; `answers` replace pages."""

    def __init__(self):
        self.key = self.shown = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.claims = {}
        self.algorithm = "RS256"
        self.answers = {}
        self.emails = [{"email": "lea@example.org", "primary": True, "verified": True}]
        self.codes = {}
        self.seen = []
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def consent(self, url):
        """What a browser does there: returns the address that the provider sends it to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(self.url)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return f"{asked['redirect_uri']}?{answer}"

    def metadata(self):
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }

    def token(self, form, authorization):
        """The token endpoint: an error unless everything fits."""
        asked = self.codes.pop(form.get("code"), None)
        sent = form.get("client_id"), form.get("client_secret")
        if authorization:
            kind, _, value = authorization.partition(" ")
            assert kind == "Basic"
            sent = tuple(unquote(part) for part in base64.b64decode(value).decode().split(":"))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        fits = (
            asked is not None
            and sent == (CLIENT, SECRET)
            and asked["code_challenge_method"] == "S256"
            and asked["code_challenge"] == challenge.decode().rstrip("=")
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if not fits:
            return {"error": "invalid_grant"}
        present = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "lea-1",
            "email": "lea@example.org",
            "email_verified": True,
            "name": "Lea",
            "iat": present,
            "exp": present + 300,
            "nonce": asked["nonce"],
        } | self.claims
        head = {"alg": self.algorithm, "kid": self.key.kid}
        claims = {name: value for name, value in claims.items() if value is not None}
        return {
            "access_token": "token-of-lea",
            "token_type": "bearer",
            "id_token": jwt.encode(head, claims, self.key, algorithms=[self.algorithm]),
        }


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self):
        path = urlsplit(self.path).path
        there = self.provider
        there.seen.append(path)
        if path in there.answers:
            self._send(*there.answers[path])
        elif path == "/.well-known/openid-configuration":
            self._send(200, there.metadata())
        elif path == "/keys":
            self._send(200, {"keys": [there.shown.as_dict(private=False)]})
        elif self.headers.get("Authorization") != "Bearer token-of-lea":
            self._send(401, {"message": "no"})
        elif path == "/user":
            self._send(200, {"id": 4711, "login": "lea", "name": None})
        elif path == "/user/emails":
            self._send(200, there.emails)
        else:
            self._send(404, {})

    def do_POST(self):
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        if path in self.provider.answers:
            self._send(*self.provider.answers[path])
        else:
            self._send(200, self.provider.token(form, self.headers.get("Authorization")))

    def _send(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_words):
        pass
