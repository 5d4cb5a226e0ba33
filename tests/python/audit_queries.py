"""Runs the saved Athena queries over audit records with DuckDB, and compares what they count with a count of its own.

The table is made of the columns in infra/audit_data.yaml, the queries are infra/athena/*.sql as they are deployed, but for two
functions that have another name in DuckDB. No cell of a result may be a formula or hold an invisible character. The records come from a folder, from the S3 of a running local stack, or, with
neither, from the golden records of the tests.

    .venv/bin/python tests/python/audit_queries.py [--folder DIR | --endpoint URL --bucket NAME] [--prefix audit/]

Exits 0 if every query runs and counts right, 1 if not, 77 if DuckDB is not installed.
"""

import argparse
import collections
import datetime
import json
import pathlib
import re
import sys
import tempfile

import yaml

try:
    import duckdb
except ImportError:
    print("DuckDB is not installed: pip install duckdb", file=sys.stderr)
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Athena's name → DuckDB's.
RENAMED = {"approx_percentile": "approx_quantile", "regexp_replace": "athena_regexp_replace"}
# Athena replaces every match, and writes groups as `$1`.
MACRO = r"CREATE MACRO athena_regexp_replace(t, p, r) AS regexp_replace(t, p, regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')"
# What others can choose: a formula, markup, ANSI codes, and characters that hide or reorder what is around them.
HOSTILE = "=HYPERLINK(\"http://x\",\"a\")<img src=x onerror=alert(1)>\x1b[31m\x9b\u202efdp\u200b\ufeff\u2028"
GLUE_TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}


class Loader(yaml.SafeLoader):
    """Reads a template and takes its functions for their arguments."""


Loader.add_multi_constructor("!", lambda loader, _, node: getattr(node, "value", None))


def duckdb_type(glue):
    """A column's type, from Glue's to DuckDB's."""
    if glue in GLUE_TYPES:
        return GLUE_TYPES[glue]
    kind, inner = re.fullmatch(r"(struct|map)<(.*)>", glue).groups()
    if kind == "map":
        key, value = inner.split(",")
        return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
    fields = (field.split(":") for field in inner.split(","))
    return "STRUCT(" + ", ".join(f'"{name}" {duckdb_type(of)}' for name, of in fields) + ")"


def columns():
    table = yaml.load((ROOT / "infra/audit_data.yaml").read_text(encoding="utf-8"), Loader)["Resources"]["AuditTable"]
    found = table["Properties"]["TableInput"]["StorageDescriptor"]["Columns"]
    return {column["Name"]: duckdb_type(column["Type"]) for column in found}


def fetch(endpoint, bucket, prefix, folder):
    """Copies the records of a running local stack."""
    import boto3  # Only here: a folder needs no AWS.

    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            target = folder / entry["Key"].removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, entry["Key"], str(target))


def golden(folder):
    """The tests' golden records of each release, as if they had been written today, and one for each way to be looked at."""
    day = folder / f"date={datetime.datetime.now(datetime.timezone.utc).date()}"
    day.mkdir()
    folder = ROOT / "crates/attachments/tests/golden"
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*-audit-*.json"))]
    rejected = json.loads((folder / "v2-audit-rejected.json").read_text(encoding="utf-8"))
    for number, (stored, quota) in enumerate([(True, "none"), (True, "settled"), (False, "unsettled"), (None, "none")]):
        records.append(rejected | {"possibly_stored": stored, "quota": quota, "execution_arn": f"arn:variant:{number}"})
    # Nothing but the key says whose it was.
    records.append(rejected | {"interaction_id": None, "execution_arn": "arn:variant:key"})
    completed = json.loads((folder / "v2-audit-completed.json").read_text(encoding="utf-8"))
    for record in (rejected, completed, completed):
        reason = record["error_reason"] and {"code": "job_failed", "text": HOSTILE}
        hostile = {"job_id": HOSTILE, "possibly_stored": True, "interaction_id": "INT-42", "error_reason": reason}
        records.append(record | hostile | {"object": record["object"] | {"key": HOSTILE}})
    for number, record in enumerate(records):
        (day / f"{number}.json").write_text(json.dumps(record) + "\n", encoding="utf-8")


def printed(names, rows, width=34):
    """A table for people."""
    cells = [[str("" if cell is None else cell) for cell in row] for row in rows]
    cells = [[cell if len(cell) <= width else cell[: width - 1] + "…" for cell in row] for row in [list(names), *cells]]
    sizes = [max(len(row[at]) for row in cells) for at in range(len(names))]
    for row in cells[:21]:
        print("  " + "  ".join(cell.ljust(size) for cell, size in zip(row, sizes)).rstrip())
    if len(cells) > 21:
        print(f"  … {len(cells) - 21} rows more")


def to_look_at(record):
    """Whether CXone may hold the file; a record of release 0.1.0 has no `possibly_stored`."""
    unsure = record["event"] in ("ATTACHMENT_TIMED_OUT", "ATTACHMENT_TRACKING_FAILED")
    return unsure or record["quota"] == "unsettled" or bool(record.get("possibly_stored"))


def expectations(records):
    """What each query must count, from the records themselves: query → list of (columns, counter)."""
    done = [record for record in records if record["success"]]
    pairs = collections.Counter((r["interaction_id"], r["object"]["sha256"]) for r in done)
    return {
        "outcomes_by_day": (("date", "event", "files"), collections.Counter((r["day"], r["event"]) for r in records)),
        "reasons": (
            ("event", "code", "files"),
            collections.Counter((r["event"], r["error_reason"]["code"]) for r in records if not r["success"]),
        ),
        "interaction": (
            ("version_id", 1),
            collections.Counter(
                (r["object"]["version_id"],)
                for r in records
                if (r["interaction_id"] or r.get("key_interaction")) == "INT-42"
            ),
        ),
        "latency_by_day": (
            ("date", "files"),
            collections.Counter((r["day"],) for r in records if r["latency_seconds"] is not None),
        ),
        "media_types": (("mime_type", "files"), collections.Counter((r["object"]["mime_type"],) for r in records)),
        "to_look_at": (
            ("execution_arn", 1),
            collections.Counter((r["execution_arn"],) for r in records if to_look_at(r)),
        ),
        "sent_twice": (
            ("interaction_id", "sha256", "attachments"),
            collections.Counter({pair: times for pair, times in pairs.items() if times > 1}),
        ),
    }


def counted(names, rows, wanted):
    """The same counter, from a query's rows; the last of `wanted` is the column that counts, or 1 a row."""
    *keys, number = wanted
    places = [names.index(key) for key in keys]
    counter = collections.Counter()
    for row in rows:
        counter[tuple(row[place] for place in places)] += number if isinstance(number, int) else row[names.index(number)]
    return counter


def run(folder):
    files = sorted(folder.glob("date=*/*.json"))
    if not files:
        sys.exit(f"there are no records date=*/*.json below {folder}")
    records = []
    for path in files:
        records.append(json.loads(path.read_text(encoding="utf-8")) | {"day": path.parent.name.removeprefix("date=")})
    expected = expectations(records)
    connection = duckdb.connect()
    connection.execute(MACRO)
    shape = "{" + ", ".join(f"'{name}': '{of}'" for name, of in columns().items()) + "}"
    connection.execute(
        f"CREATE TABLE audit AS SELECT * FROM read_json('{folder}/date=*/*.json', format='newline_delimited', columns={shape}, "
        "hive_partitioning=true, hive_types={'date': VARCHAR})"
    )
    wrong = []
    queries = sorted((ROOT / "infra/athena").glob("*.sql"))
    if [query.stem for query in queries] != sorted(expected):
        sys.exit(f"queries and expectations differ: {[query.stem for query in queries]} and {sorted(expected)}")
    for query in queries:
        sql = query.read_text(encoding="utf-8")
        for theirs, ours in RENAMED.items():
            sql = sql.replace(theirs, ours)
        found = connection.execute(sql)
        names, rows = [column[0] for column in found.description], found.fetchall()
        print(f"{query.stem}: {sql.splitlines()[0].lstrip('- ')}")
        printed(names, rows)
        cells = [cell for row in rows for cell in row if isinstance(cell, str)]
        if raw := [cell for cell in cells if re.match("[=+@]", cell) or not cell.isprintable()]:
            wrong.append(query.stem)
            print(f"  RAW: {raw!r}")
        wanted, should = expected[query.stem]
        if counted(names, rows, wanted) != should:
            wrong.append(query.stem)
            print(f"  WRONG: the records say {dict(should)}")
    if wrong:
        sys.exit(f"these queries count wrong or show raw text: {', '.join(wrong)}")
    print(f"{len(queries)} queries over {len(records)} records count right")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, help="has folders date=YYYY-MM-DD with records")
    parser.add_argument("--endpoint", help="the S3 endpoint of a running local stack")
    parser.add_argument("--bucket", help="the audit bucket there")
    parser.add_argument("--prefix", default="audit/")
    given = parser.parse_args()
    if given.folder:
        return run(given.folder)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        if given.endpoint:
            fetch(given.endpoint, given.bucket, given.prefix, folder)
        else:
            golden(folder)
        return run(folder)


if __name__ == "__main__":
    main()
