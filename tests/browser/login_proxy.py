"""A proxy as small as can be: asks for a login, says who came, passes everything else on."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

USER, PASSWORD = "ada", "correct horse"
_WANTED = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def login_proxy(target: int) -> Iterator[int]:
    """Serve the port ``target`` of this machine behind a login; yields the proxy's port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, target), daemon=True).start()
        yield int(server.getsockname()[1])


def _accept(server: socket.socket, target: int) -> None:
    with suppress(OSError):  # closed
        while True:
            client, _ = server.accept()
            threading.Thread(target=_serve, args=(client, target), daemon=True).start()


def _serve(client: socket.socket, target: int) -> None:
    with client, suppress(OSError):
        head = b""
        while b"\r\n\r\n" not in head:
            read = client.recv(65536)
            if not read:
                return
            head += read
        top, _, body = head.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = [line.split(": ", 1) for line in lines]
        if not any(name.lower() == "authorization" and value == f"Basic {_WANTED}"
                   for name, value in headers):  # fmt: skip
            client.sendall(
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        socketed = any(name.lower() == "upgrade" for name, _ in headers)
        dropped = {"authorization", "x-forwarded-user", *([] if socketed else ["connection"])}
        kept = [f"{name}: {value}" for name, value in headers if name.lower() not in dropped]
        kept += [f"X-Forwarded-User: {USER}", *([] if socketed else ["Connection: close"])]
        with socket.create_connection(("127.0.0.1", target)) as inside:
            inside.sendall("\r\n".join([first, *kept, "", ""]).encode("latin-1") + body)
            back = threading.Thread(target=_pipe, args=(inside, client), daemon=True)
            back.start()
            _pipe(client, inside)
            back.join()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
