"""Checks who may do what in the audit bucket: it fills in the bucket's policy and evaluates it for each request, as AWS does.

The evaluator is ministack's. The local stack itself enforces no policy, and a comparison of statements would not find a
condition that matches the wrong principals. The tests also show that each statement is needed: without it, the policy would
allow a request of these tables.

    .venv/bin/python tests/python/audit_bucket.py
"""

import contextlib
import copy
import io
import unittest

with contextlib.redirect_stdout(io.StringIO()):
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from permissions import MAIN, TEMPLATES, statements, written

ACCOUNT = "210987654321"
BUCKET = "arn:aws:s3:::audit-bucket"
RECORD = f"{BUCKET}/audit/date=2026-11-22/0.json"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
FINALIZE, ADMIN, OTHER = f"{ROLE}/stack-FinalizeRole-1", f"{ROLE}/records/AuditAdmin", f"{ROLE}/Administrator"
# Roles whose names begin or end like that of finalize's role.
NAMESAKES = (f"{ROLE}/stack-FinalizeRole-12", "arn:aws:iam::111122223333:role/stack-FinalizeRole-1", f"{ROLE}/x/stack-FinalizeRole-1")
ROOT_USER = f"arn:aws:iam::{ACCOUNT}:root"
ANONYMOUS = ""
VALUES = {
    "${AuditBucket.Arn}": BUCKET,
    "${AuditBucket.Arn}/*": f"{BUCKET}/*",
    "${AuditBucket.Arn}/${AuditPrefix}*": f"{BUCKET}/audit/*",
    "${FinalizeRole.Arn}": FINALIZE,
    "${AuditAdminRoleArn}": ADMIN,
}

WRITES = ("s3:PutObject", "s3:ReplicateObject")
LIFTS = ("s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete")
CHANGES = (
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:DeleteBucket",
)
CLOUDFORMATION = {"aws:calledvia": ["cloudformation.amazonaws.com"]}


def filled(value, admin):
    """The policy with its functions resolved, as by CloudFormation."""
    if isinstance(value, list):
        return [one for one in (filled(inner, admin) for inner in value) if one is not None]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        condition, one, other = value["Fn::If"]
        assert condition == "HasAuditAdmin", condition
        return filled(one if admin else other, admin)
    if value == {"Ref": "AWS::NoValue"}:
        return None
    if len(value) == 1 and next(iter(value)) in ("Ref", "Fn::Sub", "Fn::GetAtt"):
        return VALUES[written(value)]
    return {key: inner for key, inner in ((key, filled(inner, admin)) for key, inner in value.items()) if inner is not None}


def policy(admin, without=None):
    document = copy.deepcopy(MAIN["Resources"]["AuditBucketPolicy"]["Properties"]["PolicyDocument"])
    document = filled(document, admin)
    document["Statement"] = [one for one in document["Statement"] if one["Sid"] != without]
    return document


def denied(document, who, action, resource, **more):
    context = EvalContext(
        principal_arn=who or None,
        principal_type="AssumedRole",
        principal_account=who.split(":")[4] if who else "",
        action=action,
        resource_arn=resource,
        region="us-east-1",
        secure_transport=more.pop("secure", True),
        service_context=more.pop("context", {}),
    )
    # The evaluator's principal for an anonymous request is `*`.
    context.principal_arn = context.principal_arn or "*"
    return evaluate_resource_policy(document, context).decision == "Deny"


def requests(admin):
    """(must be denied, who, action, resource, more) of every request to evaluate."""
    everyone = (OTHER, *NAMESAKES, ROOT_USER, ANONYMOUS, ADMIN)
    for action in WRITES:
        yield from ((True, who, action, RECORD, {}) for who in everyone)
        yield False, FINALIZE, action, RECORD, {}
        yield False, OTHER, action, f"{BUCKET}/elsewhere/0.json", {}
    yield from ((who != ADMIN or not admin, who, "s3:PutObjectRetention", RECORD, {}) for who in everyone)
    yield False, FINALIZE, "s3:PutObjectRetention", RECORD, {}
    for action in LIFTS:
        yield from ((who != ADMIN or not admin, who, action, RECORD, {}) for who in (*everyone, FINALIZE))
        yield True, OTHER, action, f"{BUCKET}/elsewhere/0.json", {}
    for action in CHANGES:
        # Without an admin, the policy leaves them to IAM, because otherwise a mistake could not be undone.
        yield from ((admin and who != ADMIN, who, action, BUCKET, {}) for who in (*everyone, FINALIZE))
        yield False, OTHER, action, BUCKET, {"context": CLOUDFORMATION}
        yield admin, OTHER, action, BUCKET, {"context": {"aws:calledvia": ["athena.amazonaws.com"]}}
    # A deployment may change the bucket, but never the records.
    for action in (*WRITES, *LIFTS, "s3:PutObjectRetention"):
        yield True, OTHER, action, RECORD, {"context": CLOUDFORMATION}
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetObjectRetention"):
        yield False, OTHER, action, BUCKET if action == "s3:ListBucket" else RECORD, {}
        yield True, FINALIZE, action, RECORD, {"secure": False}


def wrong(document, admin):
    for deny, who, action, resource, more in requests(admin):
        if denied(document, who, action, resource, **more) != deny:
            yield f"{who or 'an anonymous request'} {'may' if deny else 'may not'} {action} on {resource} ({more or 'directly'})"


class AuditBucket(unittest.TestCase):
    maxDiff = None

    def test_only_finalize_writes_and_only_the_admin_unlocks_deletes_or_hides(self):
        for admin in (True, False):
            self.assertEqual(list(wrong(policy(admin), admin)), [], f"with {'an' if admin else 'no'} admin")

    def test_each_statement_is_needed(self):
        sids = [one["Sid"] for one in policy(admin=True)["Statement"]]
        self.assertEqual(len(sids), 5)
        for sid in sids:
            self.assertTrue(list(wrong(policy(admin=True, without=sid), admin=True)), f"no request of this test needs {sid}")

    def test_policy_has_only_deny_statements_for_everyone(self):
        for statement, _ in statements(MAIN["Resources"]["AuditBucketPolicy"]["Properties"]["PolicyDocument"]):
            self.assertEqual((statement["Effect"], statement["Principal"]), ("Deny", "*"), statement["Sid"])
            for operator in statement.get("Condition", {}):
                # A negated operator such as ArnNotEquals matches a request that lacks the key, so no statement needs IfExists.
                self.assertFalse(operator.endswith("IfExists"), statement["Sid"])

    def test_trail_logs_writes_and_deletions_and_is_off_by_default(self):
        self.assertEqual(MAIN["Parameters"]["AuditTrailBucket"]["Default"], "")
        self.assertEqual(MAIN["Resources"]["AuditTrail"]["Condition"], "HasAuditTrail")
        trail = TEMPLATES["infra/audit_trail.yaml"]["Resources"]["Trail"]["Properties"]
        self.assertTrue(trail["IsLogging"] and trail["EnableLogFileValidation"])
        (selector,) = trail["AdvancedEventSelectors"]
        fields = {field.pop("Field"): field for field in copy.deepcopy(selector["FieldSelectors"])}
        bucket = {"StartsWith": [{"Fn::Sub": "arn:${AWS::Partition}:s3:::${AuditBucketName}/"}]}
        self.assertEqual(
            fields,
            {
                "eventCategory": {"Equals": ["Data"]},
                "resources.type": {"Equals": ["AWS::S3::Object"]},
                "readOnly": {"Equals": ["false"]},
                "resources.ARN": bucket,
            },
        )

    def test_only_the_finalize_function_has_the_role_that_writes(self):
        properties = {name: resource.get("Properties", {}) for name, resource in MAIN["Resources"].items()}
        holders = [name for name, given in properties.items() if given.get("Role") == {"Fn::GetAtt": "FinalizeRole.Arn"}]
        self.assertEqual(holders, ["FinalizeFunction"])


if __name__ == "__main__":
    unittest.main()
