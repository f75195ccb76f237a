"""`menshen serve`: the server, checked before it listens."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

from menshen.cli.common import err, out, reported
from menshen.errors import MenshenError
from menshen.platform.api_keys import KeyStore
from menshen.platform.logs import configure
from menshen.platform.packs.store import PackStore
from menshen.platform.settings import Settings, settle

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 128
GOODBYE_SECONDS = 10
IDLE_SECONDS = 5


class UnguardedError(MenshenError):
    """The server would answer other machines, and nobody could show a key."""

    code = "serve-unguarded"
    advice = "Make a key first: `menshen keys create NAME`. Or listen on 127.0.0.1."


class ListenError(MenshenError):
    """The address cannot be listened on."""

    code = "serve-cannot-listen"
    advice = "Choose another one with --host and --port, or stop what listens there."


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any.")] = None,
    pack: Annotated[str | None, typer.Option(help="Model pack to use.")] = None,
) -> None:
    """Serve the API, and on this machine the try-it page."""
    with reported():
        settings = settle(host=host, port=port, pack=pack)
    run(settings)


def run(settings: Settings) -> None:
    """Check, listen, say where, and serve until stopped."""
    with reported():
        check(settings)
        listener = listen(settings)
    configure()
    announce(settings, address=address_of(listener, settings.host))
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl+C is how it is meant to end
        _server(settings).run(sockets=[listener])


def check(settings: Settings) -> None:
    """Refuse to start without a usable pack, or unguarded; raises a MenshenError."""
    PackStore(settings.packs_dir).load(settings.pack)
    if not settings.on_loopback and not KeyStore(settings.keys_file).keys():
        raise UnguardedError(f"{settings.host} can be reached from outside, and there is no key")


def listen(settings: Settings) -> socket.socket:
    """Return a listening socket; raises ListenError in plain words."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.host}, port {settings.port}"
        raise ListenError(f"cannot listen on {where}: {error.strerror}") from error
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return the address a browser opens."""
    port: int = listener.getsockname()[1]
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{port}"


def announce(settings: Settings, *, address: str) -> None:
    """Say where the server is and what is open."""
    out.print(f"Menshen listens on [bold]{address}[/bold]", highlight=False)
    if settings.try_it_page:
        out.print(f"Try it in a browser: {address}/", highlight=False)
    if not settings.on_loopback:
        err.print("This is plain HTTP: put a server with TLS in front of it.")
        if settings.try_it_page:
            err.print("The try-it page needs no key: anybody who reaches it can compare.")
    out.print("Stop with Ctrl+C.")


def _server(settings: Settings) -> uvicorn.Server:
    import uvicorn

    from menshen.web.app import create_app

    options: dict[str, Any] = {
        "access_log": False,  # ours says less
        "log_config": None,
        "server_header": False,
        "date_header": True,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": GOODBYE_SECONDS,
        "lifespan": "on",
    }
    return uvicorn.Server(uvicorn.Config(create_app(settings), **options))
