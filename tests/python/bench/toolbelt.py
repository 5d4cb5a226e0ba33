"""An intake in Python: requests with requests-toolbelt's streaming multipart encoder."""

import requests
from requests_toolbelt import MultipartEncoder

import pipeline

session = requests.Session()
session.verify = pipeline.CA


def _post(url, headers, form):
    return session.post(url, headers=headers, data=form, timeout=10).text


def _send(interaction, identity, name, mime, length, body):
    stream = pipeline.Hashing(body, length)
    encoder = MultipartEncoder(
        fields={"file": (name, stream, mime), "metadata": ("", "{}", "application/json"), "autoScan": "true"}
    )
    headers = {
        "Authorization": f"Bearer {pipeline.token(_post)}",
        "Content-Type": encoder.content_type,
        "Idempotency-Key": identity,
    }
    answer = session.post(pipeline.upload_url(interaction), data=encoder, headers=headers, timeout=120)
    answer.raise_for_status()
    return answer.json()["jobId"], stream.hash.hexdigest()


def handle(event, _context):
    return pipeline.work(event, _send)
