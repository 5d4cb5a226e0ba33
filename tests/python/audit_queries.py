"""Runs the saved Athena queries over audit records with DuckDB, and compares their counts with its own.

The table has the columns of infra/audit_data.yaml. The queries are infra/athena/*.sql as they are deployed, except for functions
that have another name in DuckDB. No cell of a result may be a formula or contain an invisible character. The records come from a
folder, from the S3 of a running local stack, or, by default, from the golden records of the tests with forged ones among them.

    .venv/bin/python tests/python/audit_queries.py [--folder DIR | --endpoint URL --bucket NAME] [--prefix audit/]

Exits with 0 if every query runs and counts right, 1 if not, 77 if DuckDB is not installed.
"""

import argparse
import collections
import datetime
import hashlib
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
# Athena's name → DuckDB's. DuckDB's sha256 takes text and returns hexadecimal digits.
RENAMED = {
    "approx_percentile": "approx_quantile",
    "to_hex(": "lower(",
    "to_utf8(": "(",
    "regexp_replace": "athena_regexp_replace",
}
# Athena replaces every match, and refers to groups as `$1`.
MACRO = r"CREATE MACRO athena_regexp_replace(t, p, r) AS regexp_replace(t, p, regexp_replace(r, '\$(\d)', '\\\1', 'g'), 'g')"
# A text that a producer or CXone could choose: a formula, markup, ANSI codes, invisible and reordering characters.
HOSTILE = "=HYPERLINK(\"http://x\",\"a\")<img src=x onerror=alert(1)>\x1b[31m\x9b\u202efdp\u200b\ufeff\u2028"
GLUE_TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}


class Loader(yaml.SafeLoader):
    """Reads a template; each function becomes its argument."""


Loader.add_multi_constructor("!", lambda loader, _, node: getattr(node, "value", None))


def duckdb_type(glue):
    """DuckDB's type for a column type of Glue."""
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


def identity_of(record):
    """The identity of the record's object."""
    known = record["object"]
    return hashlib.sha256("\0".join((known["bucket"], known["key"], known["version_id"])).encode()).hexdigest()


def golden(folder):
    """Writes the golden records of each release, dated today, one for each case of `to_look_at`, and forged ones."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    day = folder / f"date={today}"
    day.mkdir()
    goldens = ROOT / "crates/attachments/tests/golden"
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(goldens.glob("*-audit-*.json"))]
    rejected = json.loads((goldens / "v2-audit-rejected.json").read_text(encoding="utf-8"))
    for stored, quota in [(True, "none"), (True, "settled"), (False, "unsettled"), (None, "none")]:
        records.append(rejected | {"possibly_stored": stored, "quota": quota})
    # Only the key names its interaction.
    records.append(rejected | {"interaction_id": None})
    completed = json.loads((goldens / "v2-audit-completed.json").read_text(encoding="utf-8"))
    for record in (rejected, completed, completed):
        reason = record["error_reason"] and {"code": "job_failed", "text": HOSTILE}
        hostile = {"job_id": HOSTILE, "possibly_stored": True, "interaction_id": "INT-42", "error_reason": reason}
        records.append(record | hostile | {"object": record["object"] | {"key": HOSTILE}})
    for number, record in enumerate(records):
        record["object"] = record["object"] | {"version_id": f"v{number}"}
        write(day, record | stamped(record, today))
    plant(folder, day, today, rejected)


def stamped(record, day):
    """The identity, execution and time that belong to the record's object and day."""
    identity = identity_of(record)
    execution = f"arn:aws:states:us-east-1:123456789012:execution:attachments:INT-42-{identity[:32]}"
    return {"identity": identity, "execution_arn": execution, "timestamp": f"{day}T{record['timestamp'][11:]}"}


def write(day, record, name=None):
    (day / f"{name or record['identity']}.json").write_text(json.dumps(record) + "\n", encoding="utf-8")


def plant(folder, day, today, like):
    """Writes one forged record of each kind among the records; `foreign` has what the query must say of each."""

    def forged(number, **changed):
        record = like | {"object": like["object"] | {"version_id": f"forged-{number}"}}
        return record | stamped(record, today) | changed

    yesterday = folder / f"date={today - datetime.timedelta(days=1)}"
    yesterday.mkdir()
    write(day, forged(1), "a-name-of-its-own")
    write(day, forged(2, identity="%"), "wildcard")
    write(yesterday, forged(3))
    write(day, forged(4, identity="f" * 64))
    write(day, forged(5, execution_arn="arn:aws:states:us-east-1:123456789012:execution:attachments:INT-42-by-hand"))
    write(day, forged(6, execution_arn=None))
    write(day, forged(7, success=True))
    # A record and its copy under the day before, each at a key that fits it.
    twice = forged(8)
    write(day, twice)
    write(yesterday, twice | {"timestamp": f"{yesterday.name.removeprefix('date=')}T09:30:10Z"})
    (day / f"{'0' * 64}.json").write_text("<html>\n", encoding="utf-8")
    (day / f"{'1' * 64}.json").write_text("{}\n", encoding="utf-8")


def foreign(record, records):
    """The reason why finalize cannot have written the record; None if it can have."""
    if any(record.get(name) is None for name in ("identity", "event", "timestamp", "execution_arn")):
        return "no audit record"
    if record["file"] != f"{record['identity']}.json":
        return "key of another object or day"
    if record["timestamp"][:10] != record["day"]:
        return "time of another day"
    if record["object"]["version_id"] is not None and record["identity"] != identity_of(record):
        return "identity of another object"
    if not record["execution_arn"].endswith(f"-{record['identity'][:32]}"):
        return "execution of another object"
    if record["success"] != (record["event"] == "ATTACHMENT_UPLOAD_COMPLETED"):
        return "success and event disagree"
    return "more than one record" if [each.get("identity") for each in records].count(record["identity"]) > 1 else None


def print_table(names, rows, width=34):
    """Prints a table."""
    cells = [[str("" if cell is None else cell) for cell in row] for row in rows]
    cells = [[cell if len(cell) <= width else cell[: width - 1] + "…" for cell in row] for row in [list(names), *cells]]
    sizes = [max(len(row[at]) for row in cells) for at in range(len(names))]
    for row in cells[:21]:
        print("  " + "  ".join(cell.ljust(size) for cell, size in zip(row, sizes)).rstrip())
    if len(cells) > 21:
        print(f"  … {len(cells) - 21} rows more")


def to_look_at(record):
    """Whether CXone may hold the file; a record of release 0.1.0 has no `possibly_stored`."""
    unsure = record.get("event") in ("ATTACHMENT_TIMED_OUT", "ATTACHMENT_TRACKING_FAILED")
    return unsure or record.get("quota") == "unsettled" or bool(record.get("possibly_stored"))


def expectations(records):
    """What each query must count, from the records themselves: query → list of (columns, counter)."""
    done = [record for record in records if record["success"]]
    pairs = collections.Counter((r["interaction_id"], r["object"]["sha256"]) for r in done)
    return {
        "outcomes_by_day": (("date", "event", "files"), collections.Counter((r["day"], r["event"]) for r in records)),
        "reasons": (
            ("event", "code", "files"),
            collections.Counter((r["event"], r["error_reason"]["code"]) for r in records if r["success"] is False),
        ),
        "foreign_records": (
            ("file", "reason", 1),
            collections.Counter((r["file"], why) for r in records if (why := foreign(r, records)) is not None),
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


def counted(names, rows, key_columns):
    """The counter of a query's rows. The last of `key_columns` is the column with the number to add, or 1 for each row."""
    *keys, number = key_columns
    if "file" in keys:
        names, rows = [*names, "file"], [(*row, pathlib.Path(row[names.index("path")]).name) for row in rows]
    places = [names.index(key) for key in keys]
    counter = collections.Counter()
    for row in rows:
        counter[tuple(row[place] for place in places)] += number if isinstance(number, int) else row[names.index(number)]
    return counter


def read(path):
    """A record with its day and file; all nulls if the file is not a record."""
    nothing = dict.fromkeys(columns()) | {"object": collections.defaultdict(lambda: None)}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        record = {}
    return nothing | record | {"day": path.parent.name.removeprefix("date="), "file": path.name}


def run(folder, only_own=False):
    files = sorted(folder.glob("date=*/*.json"))
    if not files:
        sys.exit(f"{folder} has no records date=*/*.json")
    records = [read(path) for path in files]
    expected = expectations(records)
    connection = duckdb.connect()
    connection.execute(MACRO)
    shape = "{" + ", ".join(f"'{name}': '{of}'" for name, of in columns().items()) + "}"
    connection.execute(
        f"CREATE TABLE audit AS SELECT *, filename AS \"$path\" FROM read_json('{folder}/date=*/*.json', "
        f"format='newline_delimited', columns={shape}, hive_partitioning=true, hive_types={{'date': VARCHAR}}, filename=true, "
        # As with the table's `ignore.malformed.json`: a row of nulls.
        "ignore_errors=true)"
    )
    wrong = []
    queries = sorted((ROOT / "infra/athena").glob("*.sql"))
    if [query.stem for query in queries] != sorted(expected):
        sys.exit(f"each query needs an entry in expectations(): {[query.stem for query in queries]} and {sorted(expected)}")
    for query in queries:
        sql = query.read_text(encoding="utf-8")
        for theirs, ours in RENAMED.items():
            sql = sql.replace(theirs, ours)
        found = connection.execute(sql)
        names, rows = [column[0] for column in found.description], found.fetchall()
        print(f"{query.stem}: {sql.splitlines()[0].lstrip('- ')}")
        print_table(names, rows)
        cells = [cell for row in rows for cell in row if isinstance(cell, str)]
        if raw := [cell for cell in cells if re.match("[=+@]", cell) or not cell.isprintable()]:
            wrong.append(query.stem)
            print(f"  UNESCAPED: {raw!r}")
        key_columns, counts = expected[query.stem]
        if counted(names, rows, key_columns) != counts:
            wrong.append(query.stem)
            print(f"  WRONG: the counts must be {dict(counts)}")
    if wrong:
        sys.exit(f"these queries count wrong or show unescaped text: {', '.join(wrong)}")
    if only_own and expected["foreign_records"][1]:
        sys.exit(f"there are foreign records: {dict(expected['foreign_records'][1])}")
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
        return run(folder, only_own=bool(given.endpoint))


if __name__ == "__main__":
    main()
