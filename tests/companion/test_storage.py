"""Files on disk and in an S3 bucket, asked the same and answering the same."""

import contextlib
import io
import os
import threading

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from companion import config
from companion.errors import NotFound, SettingError, Unavailable
from companion.storage.service import CHUNK, DiskStorage, open_storage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket():
    """The address of an S3 server of our own, with a bucket called `music`."""
    moto = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    patch = pytest.MonkeyPatch()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, "test")
    for name in ("AWS_PROFILE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        patch.delenv(name, raising=False)
    server = moto.ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    boto3.client("s3", endpoint_url=address, region_name="us-east-1").create_bucket(Bucket="music")
    yield address
    server.stop()
    patch.undo()


@pytest.fixture(params=["disk", "bucket"])
def storage(request, tmp_path):
    if request.param == "disk":
        yield DiskStorage(tmp_path / "files")
        return
    address = request.getfixturevalue("bucket")
    made = config.load({}, folder=tmp_path, storage_url=f"s3://music/{tmp_path.name}", s3_endpoint=address)
    opened = open_storage(made)
    yield opened
    opened._client.close()


def read(storage, *arguments):
    return b"".join(storage.read(*arguments))


def test_what_was_put_is_read_whole_and_in_ranges(storage):
    data = os.urandom(3 * CHUNK + 77)
    assert storage.put("originals/one", io.BytesIO(data)) == len(data)
    assert storage.size("originals/one") == len(data)
    assert read(storage, "originals/one") == data
    for start, length in ((0, 1), (5, 100), (CHUNK - 1, 2), (len(data) - 3, 3), (CHUNK, None), (7, 0)):
        end = None if length is None else start + length
        assert read(storage, "originals/one", start, length) == data[start:end]


def test_what_is_not_there_is_not_found(storage):
    for ask in (storage.size, storage.read):
        with pytest.raises(NotFound):
            ask("originals/none")
    storage.delete("originals/none")


def test_a_file_is_replaced_whole_and_deleted(storage):
    storage.put("a/b", io.BytesIO(b"old and long"))
    storage.put("a/b", io.BytesIO(b"new"))
    assert read(storage, "a/b") == b"new"
    storage.delete("a/b")
    with pytest.raises(NotFound):
        storage.size("a/b")


def test_a_file_is_taken_over_and_found_again(storage, tmp_path):
    path = tmp_path / "upload.part"
    path.write_bytes(b"x" * 1000)
    storage.adopt("originals/two", path)
    assert not path.exists()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert storage.local("originals/two", scratch).read_bytes() == b"x" * 1000


def test_a_source_that_breaks_leaves_the_old_file(storage):
    class Broken(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError(5, "Input/output error")

    storage.put("a/b", io.BytesIO(b"good"))
    with pytest.raises((Unavailable, OSError)):
        storage.put("a/b", Broken())
    assert read(storage, "a/b") == b"good"


@pytest.mark.parametrize(
    "key", ["../x", "a/../../x", "/etc/passwd", "a", "", "a//b", "A/b", "a/b\n", "a/\0", "a/b/../c", "a/..b"]
)
def test_what_is_no_key_is_a_mistake_of_ours(storage, key):
    for ask in (storage.size, storage.delete, storage.read, lambda key: storage.put(key, io.BytesIO(b""))):
        with pytest.raises(ValueError, match="is no key"):
            ask(key)


@given(st.text(max_size=60))
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_key_leaves_the_folder(tmp_path_factory, key):
    folder = tmp_path_factory.getbasetemp() / "kept"
    with contextlib.suppress(ValueError):
        assert DiskStorage(folder)._path(key).resolve().is_relative_to(folder.resolve())


def test_many_that_put_the_same_key_leave_one_of_their_files(tmp_path):
    storage = DiskStorage(tmp_path / "files")
    contents = [bytes([number]) * 300_000 for number in range(8)]
    threads = [threading.Thread(target=storage.put, args=("a/b", io.BytesIO(data))) for data in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read(storage, "a/b") in contents
    assert [path.name for path in (tmp_path / "files" / "a").iterdir()] == ["b"]


def test_what_a_killed_process_was_writing_goes_after_a_day_and_nothing_else(storage):
    storage.put("a/b", io.BytesIO(b"kept"))
    if isinstance(storage, DiskStorage):
        stale, fresh = storage._begun / "1.new", storage._begun / "2.new"
        for path in (stale, fresh):
            path.touch()
        os.utime(stale, (0, 0))
        storage.tidy()
        assert (stale.exists(), fresh.exists()) == (False, True)
    else:
        names = storage._name("a/c")
        storage._client.create_multipart_upload(**names)  # moto says that it was begun in 2010
        storage.tidy()
        assert "Uploads" not in storage._client.list_multipart_uploads(Bucket=names["Bucket"])
    assert read(storage, "a/b") == b"kept"


def test_deleting_the_last_file_of_a_folder_leaves_no_empty_one(tmp_path):
    storage = DiskStorage(tmp_path / "files")
    for name in ("waveform", "measures"):
        storage.put(f"derived/one/{name}", io.BytesIO(b"x"))
    storage.delete("derived/one/waveform")
    assert read(storage, "derived/one/measures") == b"x"
    storage.delete("derived/one/measures")
    assert not (tmp_path / "files" / "derived" / "one").exists()


def test_a_bucket_that_does_not_answer_is_told_apart_from_a_missing_file(bucket, tmp_path):
    def opened(url, endpoint):
        return open_storage(config.load({}, folder=tmp_path, storage_url=url, s3_endpoint=endpoint))

    assert opened("s3://music", bucket).reachable()
    asked = []
    often = opened("s3://music", bucket)
    often._client.meta.events.register("before-send.s3.HeadBucket", lambda **_options: asked.append(1))
    assert all(often.reachable() for _ in range(5))
    assert asked == [1], "probes come every second; the bucket is asked at most once in some seconds"
    other = opened("s3://no-such-bucket/x", bucket)
    assert not other.reachable()
    with pytest.raises(Unavailable):
        other.put("a/b", io.BytesIO(b"x"))
    with pytest.raises(SettingError, match="s3://"):
        opened("http://music", bucket)
