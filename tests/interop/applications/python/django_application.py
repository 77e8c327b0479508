"""An application that signs people in with mozilla-django-oidc."""

import os
import secrets
import sys
import tempfile
from wsgiref.simple_server import make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path
from urllib.parse import urlencode

PORT = int(os.environ["PORT"])
HERE = f"http://127.0.0.1:{PORT}"
ISSUER = os.environ["ISSUER"]
ENDPOINTS = f"{ISSUER}/protocol/openid-connect"
FOLDER = tempfile.TemporaryDirectory()

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER.name}/people"}
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"],
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid profile email",
    OIDC_USE_PKCE=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ENDPOINTS}/auth",
    OIDC_OP_TOKEN_ENDPOINT=f"{ENDPOINTS}/token",
    OIDC_OP_USER_ENDPOINT=f"{ENDPOINTS}/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ENDPOINTS}/certs",
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.provider_logout",
    OIDC_STORE_ID_TOKEN=True,
    ALLOW_LOGOUT_GET_METHOD=True,
    LOGIN_REDIRECT_URL="/me",
    LOGIN_REDIRECT_URL_FAILURE="/refused",
    LOGOUT_REDIRECT_URL="/bye",
)
sys.modules.setdefault("django_application", sys.modules[__name__])
django.setup()

from mozilla_django_oidc.auth import OIDCAuthenticationBackend  # noqa: E402


class Backend(OIDCAuthenticationBackend):
    """Whom the provider knows is known by `sub`, which never changes."""

    def verify_claims(self, claims):
        return "sub" in claims

    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])

    def create_user(self, claims):
        return self.UserModel.objects.create_user(claims["sub"], email=claims.get("email", ""))

    def get_userinfo(self, access_token, id_token, payload):
        userinfo = super().get_userinfo(access_token, id_token, payload)
        self.request.session["me"] = {"claims": payload, "userinfo": userinfo}
        return userinfo


def provider_logout(request):
    query = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": f"{HERE}/bye",
    }
    return f"{ENDPOINTS}/logout?{urlencode(query)}"


def me(request):
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse({**request.session["me"], "user": request.user.username})


class Failures:
    """What the library refuses by an exception is an answer, too."""

    def __init__(self, application):
        self.application = application

    def __call__(self, request):
        return self.application(request)

    def process_exception(self, request, exception):
        text = f"{type(exception).__name__} {exception}"
        return JsonResponse({"refused": text}, status=400)


settings.MIDDLEWARE.append(f"{__name__}.Failures")

urlpatterns = [
    path("oidc/", include("mozilla_django_oidc.urls")),
    path("me", me),
    path("bye", lambda request: JsonResponse({})),
    path("refused", lambda request: JsonResponse({"refused": "by mozilla-django-oidc"}, status=400)),
]

call_command("migrate", verbosity=0)
server = make_server("127.0.0.1", PORT, get_wsgi_application())
print("ready", flush=True)
server.serve_forever()
