"""What the test files share: where the exchanges listen and the demo keys they wrote.

`./run` starts Binance Spot alone and sets EXCHANGE_URL and EXCHANGE_LEDGER, and all four venues
over one world and sets EXCHANGE_WORLD_URL and EXCHANGE_WORLD_LEDGER. Without them nothing is
skipped: the session stops with the reason.
"""

import asyncio
import dataclasses
import itertools
import json
import os
import pathlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

# How long any one answer or event may take before the test fails instead of hanging.
PATIENCE_S = 10


@dataclasses.dataclass(frozen=True)
class Key:
    """One API key: its public name and the secret that signs (HMAC text or Ed25519 PEM)."""

    name: str
    secret: str

    def with_wrong_secret(self):
        """The same key signed for by somebody else."""
        secret = self.secret[::-1]
        if "PRIVATE KEY" in self.secret:
            secret = Ed25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
        return dataclasses.replace(self, secret=secret)


def pytest_configure(config):
    for name in ("EXCHANGE_URL", "EXCHANGE_LEDGER", "EXCHANGE_WORLD_URL",
                 "EXCHANGE_WORLD_LEDGER"):
        if not os.environ.get(name):
            pytest.exit(f"{name} is not set: start these tests with tools/exchange/foreign/run", 2)


def read_keys(ledger):
    """The demo keys that the exchange leaves beside its ledger, as {'hmac': …, 'ed25519': …}."""
    keys = {}
    for path in sorted(pathlib.Path(ledger).glob("demo-*")):
        try:
            fields = json.loads(path.read_text())
        except ValueError:
            continue
        name = first(fields, "apiKey", "api_key", "key")
        secret = first(fields, "secret", "secretKey", "secret_key", "api_secret")
        pem = first(fields, "privateKey", "private_key", "pem", "private_key_pem")
        if name and secret and "PRIVATE KEY" not in secret:
            keys["hmac"] = Key(name, secret)
        elif name and (pem or secret):
            keys["ed25519"] = Key(name, (pem or secret).strip())
    for kind in ("hmac", "ed25519"):
        assert kind in keys, f"no demo {kind} key in {ledger}: {sorted(os.listdir(ledger))}"
    return keys


def first(fields, *names):
    """The first of `names` that `fields` has, or None."""
    return next((fields[name] for name in names if fields.get(name)), None)


@pytest.fixture(scope="session")
def url():
    return os.environ["EXCHANGE_URL"].rstrip("/")


@pytest.fixture(scope="session")
def socket_url(url):
    return "ws" + url.removeprefix("http")


@pytest.fixture(scope="session")
def keys():
    return read_keys(os.environ["EXCHANGE_LEDGER"])


@pytest.fixture(scope="session")
def world_url():
    """Where all four venues listen."""
    return os.environ["EXCHANGE_WORLD_URL"].rstrip("/")


@pytest.fixture(scope="session")
def world_ledger():
    """The folder that holds each venue's ledger and demo keys, by the venue's name."""
    return pathlib.Path(os.environ["EXCHANGE_WORLD_LEDGER"])


@pytest.fixture(params=["hmac", "ed25519"])
def kind(request):
    return request.param


@pytest.fixture(scope="session")
def client_id():
    """Names orders, each once in a session."""
    count = itertools.count(1)
    return lambda what: f"foreign-{what}-{os.getpid()}-{next(count)}"


@pytest.fixture
def within():
    """Awaits something for PATIENCE_S at the longest."""
    return lambda awaitable: asyncio.wait_for(awaitable, PATIENCE_S)
