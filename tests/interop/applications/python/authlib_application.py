"""An application that signs people in with Authlib, in Flask."""

import os
import secrets

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session
from urllib.parse import urlencode
from werkzeug.serving import make_server

PORT = int(os.environ["PORT"])
HERE = f"http://127.0.0.1:{PORT}"
ISSUER = os.environ["ISSUER"]

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
# Tokens are too long for a cookie.
kept: dict[str, dict] = {}

cardea = OAuth(app).register(
    "cardea",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile email offline_access",
        "code_challenge_method": "S256",
    },
)


def mine() -> dict:
    return kept.setdefault(session.setdefault("id", secrets.token_hex(16)), {})


@app.get("/login")
def login():
    mine()
    return cardea.authorize_redirect(f"{HERE}/callback")


@app.get("/callback")
def callback():
    token = cardea.authorize_access_token()
    mine().update(token=token, userinfo=cardea.userinfo(token=token))
    return redirect("/me")


@app.get("/me")
def me():
    if "token" not in mine():
        return jsonify({}), 401
    return jsonify(claims=mine()["token"]["userinfo"], userinfo=mine()["userinfo"])


@app.get("/refresh")
def refresh():
    before = mine()["token"]
    metadata = cardea.load_server_metadata()
    with cardea._get_oauth_client(**metadata) as client:
        after = client.refresh_token(
            metadata["token_endpoint"], refresh_token=before["refresh_token"]
        )
    mine()["token"] = {**before, **after}
    return jsonify(
        other=after["access_token"] != before["access_token"],
        claims=before["userinfo"],
        userinfo=cardea.userinfo(token=after),
    )


@app.get("/logout")
def logout():
    token = mine().pop("token")
    query = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": f"{HERE}/bye"}
    endpoint = cardea.load_server_metadata()["end_session_endpoint"]
    return redirect(f"{endpoint}?{urlencode(query)}")


@app.get("/bye")
def bye():
    return jsonify({})


@app.errorhandler(AuthlibBaseError)
def refused(error):
    return jsonify(refused=f"{type(error).__name__} {error}"), 400


@app.errorhandler(Exception)
def failed(error):
    return jsonify(refused=f"{type(error).__name__} {error}"), 400


server = make_server("127.0.0.1", PORT, app, threaded=True)
print("ready", flush=True)
server.serve_forever()
