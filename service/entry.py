"""The authorization code flow: to the provider with state, nonce and PKCE, and back with a code of the same browser.

What a sign-in under way needs travels sealed in a cookie of its browser, for ten minutes; each state counts once.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import jwt
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from cryptography.fernet import Fernet, InvalidToken

from service import claims
from service.claims import Account, Claims, NotAccepted, UnknownKey
from service.provider import SECONDS, Provider, Published
from service.settings import Oidc, SignInClient

LOG = logging.getLogger("qhawaq.serve")
BACK = "/entrar/vuelta"
VALID = 600  # seconds from the button to the return
MOST_USED = 10_000  # states that are remembered; who came first is forgotten, and was good for minutes anyway
AT_ONCE = 8  # codes that are exchanged at the same time: a provider that hangs takes no more threads
SCOPE = "openid profile"


class NotSignedIn(Exception):
    """A sign-in ended without a session.

    Args:
        notice: which sentence the person reads.
    """

    def __init__(self, notice: str) -> None:
        super().__init__(notice)
        self.notice = notice


@dataclass(frozen=True)
class PendingEntry:
    """What only this service and one browser know of a sign-in under way.

    Args:
        to: the page of ours where it leads.
        state: what the answer must bring back.
        nonce: what the identity token must say.
        verifier: what changes the code into tokens.
    """

    to: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)


@dataclass(frozen=True)
class ProviderAnswer:
    """What a browser brings back from the provider."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str = ""
    issuer: str = ""


class PendingEntries:
    """Seals sign-ins under way, and lets each come back once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sealing = Fernet(Fernet.generate_key())
        self.used: dict[str, float] = {}

    def sealed(self, pending: PendingEntry) -> str:
        """Return what the browser keeps."""
        return self.sealing.encrypt(json.dumps(asdict(pending)).encode()).decode()

    def take(self, sealed: str, state: str) -> PendingEntry:
        """Return the sign-in under way that an answer belongs to.

        Raises:
            NotSignedIn: it is of another browser, too old, or came back already.
        """
        try:
            pending = PendingEntry(**json.loads(self.sealing.decrypt(sealed.encode(), ttl=VALID)))
        except (InvalidToken, UnicodeEncodeError):
            raise NotSignedIn("vencido") from None
        if not hmac.compare_digest(pending.state.encode(), state.encode(errors="replace")) or self._is_used(state):
            raise NotSignedIn("vencido")
        return pending

    def _is_used(self, state: str) -> bool:
        """Use a state; return whether it was used before."""
        now = time.monotonic()
        with self.lock:
            self.used = {other: until for other, until in self.used.items() if until > now}
            if state in self.used:
                return True
            if len(self.used) >= MOST_USED:
                del self.used[next(iter(self.used))]
            self.used[state] = now + VALID
        return False


class Entrance:
    """Signs people in by the provider's page.

    Args:
        oidc: the trusted identity provider.
        client: this service as the provider's client.
        provider: what the provider publishes.
        keys: returns its public keys of the moment.
    """

    def __init__(
        self, oidc: Oidc, client: SignInClient, provider: Provider, keys: Callable[[], jwt.PyJWKSet | None]
    ) -> None:
        self.oidc = oidc
        self.client = client
        self.provider = provider
        self.keys = keys
        self.pending = PendingEntries()
        self.places = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, to: str) -> tuple[str, str]:
        """Begin a sign-in; return the provider's page, and what the browser keeps.

        Args:
            to: the page of ours where it leads.

        Raises:
            NotSignedIn: the provider does not answer.
        """
        pending = PendingEntry(to)
        with self._session() as session:
            address, _ = session.create_authorization_url(
                self._published().authorization, pending.state, pending.verifier, nonce=pending.nonce
            )
        return address, self.pending.sealed(pending)

    def end_address(self) -> str:
        """Return the provider's page that ends the session there; empty where it has none."""
        found = self.provider.published
        if not (found and found.end_session):
            return ""
        back = {"client_id": self.client.client_id, "post_logout_redirect_uri": f"{self.client.address}/entrar"}
        return requests.Request("GET", found.end_session, params=back).prepare().url or ""

    def account(self, answer: ProviderAnswer, sealed: str) -> tuple[Account, str]:
        """Return who has signed in, and the page where that leads.

        Raises:
            NotSignedIn: nobody has, or they have nothing to do here.
        """
        pending = self.pending.take(sealed, answer.state)
        published = self._published()
        self._judge(answer, published)
        try:
            return self._permitted(self._exchanged(answer.code, pending, published), pending), pending.to
        except NotAccepted as error:
            LOG.error("a token of the identity provider's own is not accepted: %s", error)
            raise NotSignedIn("rechazado") from None

    def _judge(self, answer: ProviderAnswer, published: Published) -> None:
        """Refuse an answer of somebody else, and one without a code."""
        if answer.issuer != self.oidc.issuer and (answer.issuer or published.states_issuer):
            raise NotSignedIn("rechazado")
        if answer.error == "access_denied":
            raise NotSignedIn("cancelado")
        if answer.error or not answer.code:
            raise NotSignedIn("rechazado")

    def _exchanged(self, code: str, pending: PendingEntry, published: Published) -> Claims:
        """Change a code into tokens; return them as the provider sent them."""
        if not self.places.acquire(blocking=False):
            raise NotSignedIn("proveedor")
        try:
            with self._session() as session:
                return dict(
                    session.fetch_token(
                        published.token,
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=pending.verifier,
                        allow_redirects=False,
                    )
                )
        except (AuthlibBaseError, ValueError, TypeError, AttributeError, requests.RequestException) as error:
            LOG.warning("no tokens came for a code: %s", type(error).__name__)
            is_down = isinstance(error, (requests.ConnectionError, requests.Timeout, requests.HTTPError))
            raise NotSignedIn("proveedor" if is_down else "rechazado") from None
        finally:
            self.places.release()

    def _permitted(self, tokens: Claims, pending: PendingEntry) -> Account:
        """Return who the tokens are about, if they have something to do here."""
        identity = self._identity(str(tokens.get("id_token", "")), pending)
        more = self._access(str(tokens.get("access_token", "")), identity)
        account = claims.account(self.oidc, identity, *more)
        if not account.scopes or not (account.areas or account.scopes == {"audit"}):
            LOG.warning("an account without a role of ours, or without an area, did not come in")
            raise NotSignedIn("sin_rol")
        return account

    def _identity(self, token: str, pending: PendingEntry) -> Claims:
        """Return the claims of an identity token: for this client, and for this sign-in."""
        found = self._verified(token, self.client.client_id)
        audience = claims.words(found["aud"])
        if found.get("azp", self.client.client_id) != self.client.client_id or ("azp" not in found and audience[1:]):
            raise NotAccepted("it was made for another client")
        if not hmac.compare_digest(str(found.get("nonce", "")).encode(errors="replace"), pending.nonce.encode()):
            raise NotAccepted("its nonce is of another sign-in")
        return found

    def _access(self, token: str, identity: Claims) -> list[Claims]:
        """Return the claims of an access token that is for us: Keycloak puts roles there by default."""
        try:
            found = self._verified(token, self.oidc.audience)
        except NotAccepted:
            return []
        return [found] if found["sub"] == identity["sub"] else []

    def _verified(self, token: str, audience: str) -> Claims:
        """Return the claims of a token; where its key is new, the keys are taken anew once."""
        try:
            return claims.verified(token, self._at_hand(), self.oidc, audience)
        except UnknownKey:
            self.provider.note_unknown_key()
            self.provider.refresh()
            return claims.verified(token, self._at_hand(), self.oidc, audience)

    def _at_hand(self) -> jwt.PyJWKSet:
        if (keys := self.keys()) is None:
            raise NotSignedIn("proveedor")
        return keys

    def _published(self) -> Published:
        if (found := self.provider.published) is None:
            raise NotSignedIn("proveedor")
        return found

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.client.client_id,
            self.client.secret,
            scope=SCOPE,
            redirect_uri=self.client.address + BACK,
            code_challenge_method="S256",
            default_timeout=SECONDS,
        )
