"""The companion's chain in Django: token, session row, allowance, headers, one owned row by the ORM.

BENCH_DATABASE is a companion's database. Tokens are signed by Django's own means; `python django_chain.py SESSION`
prints one.
"""

import os
import sys
import time

import django
from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature, TimestampSigner
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import JsonResponse
from django.urls import path

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", f"{__name__}.chain"],
    SECURE_REFERRER_POLICY="same-origin",
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()

SIGNER = TimestampSigner()
MOST = 1_000_000


class User(models.Model):
    """As the companion has it."""

    id = models.CharField(primary_key=True, max_length=26)
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=100)
    access = models.SmallIntegerField()
    tier = models.CharField(max_length=16)
    created = models.BigIntegerField()
    verified = models.BigIntegerField(null=True)

    class Meta:
        app_label = "bench"
        db_table = "user"


class Session(models.Model):
    """As the companion has it."""

    id = models.CharField(primary_key=True, max_length=26)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    expires = models.BigIntegerField()

    class Meta:
        app_label = "bench"
        db_table = "session"


def chain(get_response):
    """Token, session, allowance; then headers."""

    def middleware(request):
        try:
            number = SIGNER.unsign(request.headers["Authorization"].removeprefix("Bearer "), max_age=3600)
            session = Session.objects.select_related("user").get(id=number, expires__gt=int(time.time() * 1000))
        except (KeyError, BadSignature, Session.DoesNotExist):
            return JsonResponse({"status": 401}, status=401)
        request.user = session.user
        key = f"api:{session.user_id}:{int(time.time() // 3600)}"
        cache.add(key, 0, 3600)
        used = cache.incr(key)
        if used > MOST:
            return JsonResponse({"status": 429}, status=429)
        response = get_response(request)
        response["RateLimit"] = f'"api";r={MOST - used};t=3600'
        response["Content-Security-Policy"] = "default-src 'self'"
        response["X-Request-Id"] = os.urandom(8).hex()
        return response

    return middleware


def profile(request):
    """The caller's own row."""
    row = User.objects.get(id=request.user.id)
    names = ("id", "email", "name", "access", "tier", "created", "verified")
    return JsonResponse({name: getattr(row, name) for name in names})


urlpatterns = [path("profile", profile)]
app = get_wsgi_application()

if __name__ == "__main__":
    print(SIGNER.sign(sys.argv[1]))
