"""moto's S3 server on this machine, which asks for credentials as S3 does."""

import contextlib
import secrets
from collections.abc import Iterator

from moto.server import ThreadedMotoServer


class S3Server:
    """A server on a free port, and the bucket that was made last."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.bucket = ""
        """The one that was made last."""

    def environment(self) -> dict[str, str]:
        """What a process needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }  # fmt: skip

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        import s3fs

        self.bucket = f"bucket-{secrets.token_hex(4)}"  # servers of a process share buckets
        s3fs.S3FileSystem().mkdir(self.bucket)
        return self.bucket


@contextlib.contextmanager
def serving() -> Iterator[S3Server]:
    """Yield a server that ends with the block."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        _, port = server.get_host_and_port()
        yield S3Server(port)
    finally:
        server.stop()
