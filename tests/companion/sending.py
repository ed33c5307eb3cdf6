"""A tus client for tests."""

import base64

BODY = "application/offset+octet-stream"


def meta(**fields):
    """Upload-Metadata."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items())


def begin(person, size, **fields):
    """Create an upload; returns the answer."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": meta(**fields)}
    return person.post("/uploads", headers=headers)


def begun(person, data, **fields):
    """Create an upload of these bytes; returns its number."""
    answer = begin(person, len(data), **fields)
    assert answer.status_code == 201, answer.json
    return answer.json["id"]


def more(person, upload, offset, data, **headers):
    """One PATCH; returns the answer."""
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), **headers}
    return person.patch(f"/uploads/{upload}", data=data, content_type=BODY, headers=sent)


def send(person, data, **fields):
    """Upload a file whole; returns what became of it."""
    fields.setdefault("filename", "Deep Water.wav")
    made = begin(person, len(data), **fields)
    if made.status_code != 201:
        return made.json
    answer = more(person, made.json["id"], 0, data)
    assert answer.status_code in (204, 413, 415), answer.data
    return person.get(f"/uploads/{made.json['id']}").json
