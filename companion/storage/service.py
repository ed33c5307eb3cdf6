"""Files by key: `put` a stream, `read` a range, `delete`. Keys are made by us, never by a user."""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from companion.config import Settings
from companion.errors import NotFound, Unavailable

CHUNK = 256 * 1024
DAY = 24 * 3600.0
ASK_SECONDS = 10.0  # how often a bucket is asked whether it is there
_KEY = re.compile(r"[a-z]+(/[a-z0-9._-]+)+")


class Storage(Protocol):
    """A place for files. Keys look like `originals/01m7…/file`."""

    def put(self, key: str, source: BinaryIO) -> int:
        """Store all of a stream, whole or not at all; returns its size in bytes."""

    def adopt(self, key: str, path: Path) -> None:
        """Take over a local file, which is gone afterwards."""

    def size(self, key: str) -> int:
        """Bytes. NotFound without such a file."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of a range, piece by piece. NotFound without such a file."""

    def local(self, key: str, scratch: Path) -> Path:
        """A path to read the file at: its own, or a copy below `scratch`."""

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is fine."""

    def tidy(self, at: float = 0) -> None:
        """Drop what was begun a day ago and never became a file, as its process died. at: now, seconds since 1970."""

    def reachable(self) -> bool:
        """Whether files can be stored now."""


def _sync_folder(folder: Path) -> None:
    """A name is lasting only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"{key!r} is no key")
    return key


class DiskStorage:
    """Files below one folder, spread by their key."""

    def __init__(self, folder: Path):
        self._folder, self._begun = folder, folder / "begun"
        self._begun.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / _checked(key)

    def put(self, key: str, source: BinaryIO) -> int:
        path, fresh = self._path(key), self._begun / f"{secrets.token_hex(8)}.new"
        try:
            with fresh.open("wb") as file:
                shutil.copyfileobj(source, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            self._place(fresh, path)
        except OSError as exc:
            raise Unavailable(f"the file could not be stored: {exc.strerror}") from exc
        finally:
            fresh.unlink(missing_ok=True)
        return size

    @staticmethod
    def _place(source: Path, path: Path) -> None:
        """Give a file that is on disk for certain its name, for certain too."""
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(path.parent.parent)
        source.replace(path)
        _sync_folder(path.parent)

    def adopt(self, key: str, path: Path) -> None:
        try:
            self._place(path, self._path(key))
        except FileNotFoundError:
            raise
        except OSError:  # on another file system
            with path.open("rb") as file:
                self.put(key, file)
            path.unlink()

    def size(self, key: str) -> int:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            raise NotFound("the file is not there") from None

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound("the file is not there") from None
        return self._pieces(file, start, length)

    @staticmethod
    def _pieces(file: BinaryIO, start: int, length: int | None) -> Iterator[bytes]:
        with file:
            file.seek(start)
            left = length if length is not None else 1 << 62
            while left > 0 and (piece := file.read(min(CHUNK, left))):
                left -= len(piece)
                yield piece

    def local(self, key: str, scratch: Path) -> Path:  # noqa: ARG002 - nothing to copy
        self.size(key)
        return self._path(key)

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        if path.parent.parent != self._folder:
            with suppress(OSError):  # it holds more
                path.parent.rmdir()

    def tidy(self, at: float = 0) -> None:
        for path in self._begun.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < (at or time.time()) - DAY:
                    path.unlink()

    def reachable(self) -> bool:
        return os.access(self._folder, os.W_OK)


class BucketStorage:
    """Files in an S3 bucket, below a prefix. Unavailable when the server refuses or does not answer."""

    def __init__(self, settings: Settings):
        import boto3  # only who asks for it has it
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        address = urlsplit(settings.storage_url)
        self._bucket, self._prefix = address.netloc, address.path.strip("/")
        self._errors = (ClientError, BotoCoreError, OSError)
        self._reached = (-ASK_SECONDS, False)  # when it was asked, and what it said
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint or None,
            region_name=settings.s3_region,
            config=Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3}),
        )

    def _name(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}/{_checked(key)}".lstrip("/")}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Let what the server says become our errors."""
        try:
            yield
        except self._errors as exc:
            code = getattr(exc, "response", {}).get("Error", {}).get("Code", "")
            if code in ("404", "NoSuchKey", "NotFound"):
                raise NotFound("the file is not there") from None
            raise Unavailable(f"the store for files does not answer: {exc}") from exc

    def put(self, key: str, source: BinaryIO) -> int:
        name = self._name(key)
        with self._asking():
            self._client.upload_fileobj(source, name["Bucket"], name["Key"])
        return self.size(key)

    def adopt(self, key: str, path: Path) -> None:
        with path.open("rb") as file:
            self.put(key, file)
        path.unlink()

    def size(self, key: str) -> int:
        with self._asking():
            return int(self._client.head_object(**self._name(key))["ContentLength"])

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if length == 0:
            self.size(key)
            return iter(())
        end = "" if length is None else str(start + length - 1)
        options = {} if start == 0 and length is None else {"Range": f"bytes={start}-{end}"}
        with self._asking():
            body = self._client.get_object(**self._name(key), **options)["Body"]
        return self._pieces(body)

    def _pieces(self, body: Any) -> Iterator[bytes]:
        with closing(body), self._asking():
            yield from body.iter_chunks(CHUNK)

    def local(self, key: str, scratch: Path) -> Path:
        path = scratch / key.replace("/", "_")
        with path.open("wb") as file:
            for piece in self.read(key):
                file.write(piece)
        return path

    def delete(self, key: str) -> None:
        with self._asking():
            self._client.delete_object(**self._name(key))

    def tidy(self, at: float = 0) -> None:
        with self._asking():
            begun = self._client.get_paginator("list_multipart_uploads")
            for page in begun.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Uploads", ()):
                    if one["Initiated"].timestamp() < (at or time.time()) - DAY:
                        names = {"Bucket": self._bucket, "Key": one["Key"], "UploadId": one["UploadId"]}
                        self._client.abort_multipart_upload(**names)

    def reachable(self) -> bool:
        at, said = self._reached
        if time.monotonic() - at >= ASK_SECONDS:
            try:
                self._client.head_bucket(Bucket=self._bucket)
                said = True
            except self._errors:
                said = False
            self._reached = time.monotonic(), said
        return said


def open_storage(settings: Settings) -> Storage:
    """The storage of these settings."""
    return BucketStorage(settings) if settings.storage_url else DiskStorage(settings.folder / "files")
