"""A small identity provider of our own on this machine: it keeps to the rules, and breaks one where a test says so."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "qhawaq-servicio", "secreto-de-prueba"
WORKER = {"sub": "u-1", "preferred_username": "rosa", "realm_access": {"roles": ["social_worker", "offline_access"]},
          "qhawaq_areas": ["ugel:150101"]}  # fmt: skip


def public(key: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig", "alg": "RS256"}


@dataclass
class SmallProvider:
    """The provider, with what a test may change of it.

    Args:
        person: claims of who signs in.
        id_token: changes of the identity token's claims; None takes a claim away.
        access_token: the same of the access token's.
        metadata: the same of what it publishes.
        forge: makes another identity token of the claims.
    """

    key: rsa.RSAPrivateKey
    kid: str = "k1"
    person: dict[str, Any] = field(default_factory=lambda: dict(WORKER))
    id_token: dict[str, Any] = field(default_factory=dict)
    access_token: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    forge: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by path, instead of its own
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    delay: float = 0.0
    issued: list[str] = field(default_factory=list)

    def __enter__(self) -> SmallProvider:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}/realms/minedu"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def sign_in(self, address: str, **changed: str | None) -> str:
        """Do what its page does: take a person's sign-in, and return where the browser goes back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer} | changed
        return "/entrar/vuelta?" + urlencode({name: value for name, value in answer.items() if value is not None})

    def _published(self) -> dict[str, Any]:
        own = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "end_session")}
        more = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys",
                "authorization_response_iss_parameter_supported": True}  # fmt: skip
        return own | more | self.metadata

    def _tokens(self, form: dict[str, str], basic: str) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        is_client = basic == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if not is_client:
            return 401, {"error": "invalid_client"}
        if (not asked or challenge.decode().rstrip("=") != asked["code_challenge"]
                or form.get("redirect_uri") != asked["redirect_uri"]):  # fmt: skip
            return 400, {"error": "invalid_grant", "error_description": "Code not valid"}
        now = time.time()
        common = self.person | {"iss": self.issuer, "iat": now, "exp": now + 60}
        identity = common | {"aud": CLIENT, "azp": CLIENT, "nonce": asked["nonce"]} | self.id_token
        access = common | {"aud": "account"} | self.access_token
        found = {"access_token": self.signed(access), "token_type": "Bearer", "expires_in": 60,
                 "id_token": (self.forge or self.signed)({k: v for k, v in identity.items() if v is not None})}  # fmt: skip
        self.issued += [found["access_token"], found["id_token"]]
        return 200, found

    def signed(self, claims: dict[str, Any]) -> str:
        sent = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(sent, self.key, "RS256", headers={"kid": self.kid})

    def answer(self, path: str, form: dict[str, str], basic: str) -> tuple[int, bytes]:
        name = path.removeprefix("/realms/minedu")
        self.asked.append(name)
        time.sleep(self.delay)
        if name in self.answers:
            return self.answers[name]
        match name:
            case "/.well-known/openid-configuration":
                status, said = 200, self._published()
            case "/keys":
                status, said = 200, {"keys": [public(self.key, self.kid)]}
            case "/token":
                status, said = self._tokens(form, basic)
            case _:
                status, said = 404, {}
        return status, json.dumps(said).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Answering(BaseHTTPRequestHandler):
            def _send(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                form = {key: values[0] for key, values in parse_qs(body).items()}
                status, said = provider.answer(self.path, form, self.headers.get("authorization", ""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                if status in (302, 307):
                    self.send_header("Location", said.decode())
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(said)

            do_GET = do_POST = _send  # noqa: N815  the names that its base calls

            def finish(self) -> None:
                with contextlib.suppress(ConnectionError):  # who asked did not wait
                    super().finish()

            def log_message(self, *_: object) -> None:
                pass

        return Answering
