"""An intake in Python: httpx with a body in pieces of 1 MiB, chunked like intake's own."""

import hashlib
import secrets
import ssl

import httpx

import pipeline

PIECE = 1024 * 1024

verify = True if pipeline.CA is True else ssl.create_default_context(cafile=pipeline.CA)
client = httpx.Client(verify=verify, timeout=120)


def _post(url, headers, form):
    return client.post(url, headers=headers, data=form).text


def _send(interaction, identity, name, mime, _length, body):
    boundary = secrets.token_hex(16)
    digest = hashlib.sha256()

    def pieces():
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {mime}\r\n\r\n"
        ).encode()
        for piece in body.iter_chunks(PIECE):
            digest.update(piece)
            yield piece
        yield (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n'
            f"Content-Type: application/json\r\n\r\n{{}}"
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="autoScan"\r\n\r\ntrue\r\n--{boundary}--\r\n'
        ).encode()

    answer = client.post(
        pipeline.upload_url(interaction),
        content=pieces(),
        headers={
            "Authorization": f"Bearer {pipeline.token(_post)}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": identity,
        },
    )
    answer.raise_for_status()
    return answer.json()["jobId"], digest.hexdigest()


def handle(event, _context):
    return pipeline.work(event, _send)
