"""Compares the roles in template.yaml with the calls in the Rust source: each role allows exactly what its function needs.

sdk_calls.py finds the calls of a function in its source. The template has what the function may do. The tables here connect
them: the action that AWS requires for each call, the resource of each call, and the rights that no call shows, with the reason.

    .venv/bin/python tests/python/permissions.py
"""

import json
import re
import unittest

import sdk_calls
from infrastructure import MAIN, ROOT, template

SOURCE = sdk_calls.Source()
TEMPLATES = {"template.yaml": MAIN} | {f"infra/{file.name}": template(f"infra/{file.name}") for file in ROOT.glob("infra/*.yaml")}

# The SDK's calls and the actions that AWS requires for them. A transaction requires the actions of its writes.
CALLS = {
    "get_object": "s3:GetObject",
    "get_object_tagging": "s3:GetObjectTagging",
    "get_bucket_versioning": "s3:GetBucketVersioning",
    "put_object": "s3:PutObject",
    "get_item": "dynamodb:GetItem",
    "update_item": "dynamodb:UpdateItem",
    "transact_write_items": None,
    "change_message_visibility": "sqs:ChangeMessageVisibility",
    "get_queue_url": "sqs:GetQueueUrl",
    "send_message": "sqs:SendMessage",
    "start_execution": "states:StartExecution",
    "get_secret_value": "secretsmanager:GetSecretValue",
}
# Required as well for a call that names a version.
OF_A_VERSION = {"get_object": "s3:GetObjectVersion", "get_object_tagging": "s3:GetObjectVersionTagging"}
IN_A_TRANSACTION = {
    "update": "dynamodb:UpdateItem",
    "put": "dynamodb:PutItem",
    "delete": "dynamodb:DeleteItem",
    "condition_check": "dynamodb:ConditionCheckItem",
}

# Resources in the form of the template's functions; see `written`.
BUCKET = "MakesBucket ? ${IngestBucket.Arn} : arn:${AWS::Partition}:s3:::${ExistingBucket}"
FILES = "MakesBucket ? ${IngestBucket.Arn}/${KeyPrefix}* : arn:${AWS::Partition}:s3:::${ExistingBucket}/${KeyPrefix}*"
QUEUE, DEAD_LETTERS = "${IntakeQueue.Arn}", "${IntakeDeadLetterQueue.Arn}"
LEDGER, MACHINE = "${LedgerTable.Arn}", "${AttachmentStateMachine}"
RECORDS = "${AuditBucket.Arn}/${AuditPrefix}*"
CXONE_SECRET, WEBHOOK_SECRET = "${CxoneSecret.Id}", "${WebhookSecret.Id}"

# The resource of each function's calls, and the setting that names it. A resource that the event names has no setting.
USES = {
    "intake": {
        "get_object": (FILES, None),
        "get_object_tagging": (FILES, None),
        "get_bucket_versioning": (BUCKET, "INGEST_BUCKET"),
        "get_item": (LEDGER, "LEDGER_TABLE"),
        "update_item": (LEDGER, "LEDGER_TABLE"),
        "transact_write_items": (LEDGER, "LEDGER_TABLE"),
        "change_message_visibility": (QUEUE, None),
        "get_queue_url": (QUEUE, None),
        "send_message": (DEAD_LETTERS, "INTAKE_DLQ_URL"),
        "start_execution": (MACHINE, "STATE_MACHINE_ARN"),
        "get_secret_value": (CXONE_SECRET, "CXONE_SECRET_ID"),
    },
    "poll": {"get_secret_value": (CXONE_SECRET, "CXONE_SECRET_ID")},
    "finalize": {
        "get_item": (LEDGER, "LEDGER_TABLE"),
        "update_item": (LEDGER, "LEDGER_TABLE"),
        "transact_write_items": (LEDGER, "LEDGER_TABLE"),
        "put_object": (RECORDS, "AUDIT_BUCKET"),
        "get_object": (RECORDS, "AUDIT_BUCKET"),
        "get_secret_value": (WEBHOOK_SECRET, "WEBHOOK_SECRET_ID"),
    },
}

MACHINES_OF_THIS_ACCOUNT = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:*"

TRACES = {("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*")}


def logs(group):
    # The ARN of a log group ends in `:*`, which means its streams.
    return {(action, f"${{{group}.Arn}}") for action in ("logs:CreateLogStream", "logs:PutLogEvents")}


# Rights that a function needs and that its calls do not show.
BESIDES = {
    "intake": {
        # S3 answers 404 for a missing key only if the caller may list the bucket, and otherwise 403, which looks like a fault.
        ("s3:ListBucket", BUCKET),
        # Lambda polls the queue with the function's role.
        *{(f"sqs:{action}", QUEUE) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")},
        # Lambda writes the log and the traces with the function's role. Actions for traces have no resources.
        *logs("IntakeLogGroup"),
        *TRACES,
    },
    "poll": {*logs("PollLogGroup"), *TRACES},
    # A put with a retention requires both actions.
    "finalize": {("s3:PutObjectRetention", RECORDS), *logs("FinalizeLogGroup"), *TRACES},
}
# What the state machine needs for logs in CloudWatch and for traces. These actions have no resources.
MACHINE_SERVICE = {
    *{(f"logs:{verb}LogDelivery", "*") for verb in ("Create", "Get", "Update", "Delete")},
    *{(f"logs:{action}", "*") for action in ("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups")},
    *TRACES,
    ("xray:GetSamplingRules", "*"),
    ("xray:GetSamplingTargets", "*"),
}

# With a customer's key: the KMS actions for which a service uses the caller's rights.
KEY = "MakesKmsKey ? ${Key.Arn} : ${KmsKey}"
TABLE_KEY = {"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}
WITH_A_KEY = {
    "dynamodb:GetItem": TABLE_KEY,
    "dynamodb:UpdateItem": TABLE_KEY,
    "s3:GetObject": {"kms:Decrypt"},
    "s3:GetObjectVersion": {"kms:Decrypt"},
    "s3:PutObject": {"kms:GenerateDataKey*"},
    "sqs:ReceiveMessage": {"kms:Decrypt"},
    "sqs:SendMessage": {"kms:GenerateDataKey*", "kms:Decrypt"},
    "secretsmanager:GetSecretValue": {"kms:Decrypt"},
}


def written(value):
    """A resource as text: references as in Fn::Sub, and Fn::If as `condition ? one : other`."""
    if not isinstance(value, dict):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::If":
        condition, one, other = argument
        return f"{condition} ? {written(one)} : {written(other)}"
    return argument if function == "Fn::Sub" else f"${{{argument}}}"


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(document):
    """(statement, the template's condition for it)."""
    for statement in document["Statement"]:
        condition, statement, other = statement.get("Fn::If", ("always", statement, {"Ref": "AWS::NoValue"}))
        assert other == {"Ref": "AWS::NoValue"}, "Fn::If chooses between two statements"
        yield statement, condition


def roles():
    return [name for name, resource in MAIN["Resources"].items() if resource["Type"] == "AWS::IAM::Role"]


def grants(role):
    """(action, resource, the template's condition) of everything that a role may do."""
    documents = [(policy["PolicyDocument"], "always") for policy in MAIN["Resources"][role]["Properties"].get("Policies", [])]
    for resource in MAIN["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]:
            documents.append((resource["Properties"]["PolicyDocument"], resource.get("Condition", "always")))
    for document, outer in documents:
        for statement, inner in statements(document):
            assert set(statement) == {"Sid", "Effect", "Action", "Resource"}, f"{role}: {statement.get('Sid')} has a condition or other parts"
            assert statement["Effect"] == "Allow" and "always" in (inner, outer)
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield action, written(resource), inner if outer == "always" else outer


def needs(function):
    """(action, resource, condition) of everything that a function needs."""
    bodies = [one.body for one in SOURCE.reached_by(function)]
    versioned = any(".version_id(" in body for body in bodies)
    members = [member for body in bodies for member in re.findall(r"TransactWriteItem::builder\(\)\s*\.(\w+)\(", body)]
    assert len(members) == sum(body.count("TransactWriteItem::builder()") for body in bodies), "call the write right after TransactWriteItem::builder()"
    plain = set(BESIDES[function])
    for call, (resource, _) in USES[function].items():
        actions = {IN_A_TRANSACTION[member] for member in members} if call == "transact_write_items" else {CALLS[call]}
        if versioned and call in OF_A_VERSION:
            actions.add(OF_A_VERSION[call])
        plain |= {(action, resource) for action in actions}
    needed = {(action, resource, "always") for action, resource in plain}
    for action, resource in plain:
        needed |= {(kms, KEY, "HasKmsKey") for kms in WITH_A_KEY.get(action, ())}
        if resource == FILES:
            needed |= {(kms, "${ExistingBucketKeyArn}", "HasExistingBucketKey") for kms in WITH_A_KEY.get(action, ())}
    return needed


class Roles(unittest.TestCase):
    def check_role(self, role, needed):
        may = list(grants(role))
        self.assertEqual(len(may), len(set(may)), f"{role} allows something twice")
        lines = [f"allows what nothing needs: {action} on {place}, {when}" for action, place, when in sorted(set(may) - needed)]
        lines += [f"does not allow what is needed: {action} on {place}, {when}" for action, place, when in sorted(needed - set(may))]
        if lines:
            self.fail("\n".join([role, *lines]))

    def test_each_call_in_the_source_is_known(self):
        # The tool for people has policies of its own: operator_policies.py.
        from operator_policies import CALLS as TOOL_CALLS

        if unknown := list(SOURCE.unknown(TOOL_CALLS)):
            self.fail("\n".join(unknown))

    def test_each_function_makes_the_calls_of_its_table(self):
        for function in sdk_calls.FUNCTIONS:
            found = SOURCE.calls_of(function, CALLS)
            for call in set(found) - set(USES[function]):
                self.fail(f"{function} calls {call} ({', '.join(sorted(found[call]))}); add it to USES")
            for call in set(USES[function]) - set(found):
                self.fail(f"{function} does not call {call}; remove it from USES")

    def test_each_resource_comes_from_its_setting(self):
        for function in sdk_calls.FUNCTIONS:
            settings = MAIN["Resources"][f"{function.title()}Function"]["Properties"]["Environment"]["Variables"]
            files = {ROOT / one.file for one in SOURCE.reached_by(function)}
            source = "".join(file.read_text(encoding="utf-8") for file in files)
            for call, (resource, setting) in USES[function].items():
                if setting:
                    named = re.search(r"\$\{(\w+)", resource)[1]
                    self.assertIn(named, re.split(r"\W", written(settings[setting])), f"{function}: {setting} is not {named}")
                    self.assertIn(f'"{setting}"', source, f"{function} does not read {setting}")

    def test_each_role_allows_exactly_the_calls_of_its_function(self):
        for function in sdk_calls.FUNCTIONS:
            role = f"{function.title()}Role"
            properties = MAIN["Resources"][f"{function.title()}Function"]["Properties"]
            self.assertEqual(properties["Role"], {"Fn::GetAtt": f"{role}.Arn"})
            self.assertNotIn("Policies", properties)
            self.check_role(role, needs(function))

    def test_state_machines_role_allows_exactly_what_it_invokes(self):
        definition = json.loads((ROOT / "infra/state_machine.asl.json").read_text(encoding="utf-8"))
        tasks = [state for state in definition["States"].values() if state["Type"] == "Task"]
        self.assertEqual({task["Resource"] for task in tasks}, {"arn:aws:states:::lambda:invoke"}, "a task that is not lambda:invoke")
        substitutions = MAIN["Resources"]["AttachmentStateMachine"]["Properties"]["DefinitionSubstitutions"]
        invoked = {substitutions[re.fullmatch(r"\$\{(\w+)\}", task["Parameters"]["FunctionName"])[1]]["Fn::If"][2]["Fn::GetAtt"] for task in tasks}
        # An execution keeps the names that it began with, so the role allows both function and alias.
        needed = {("lambda:InvokeFunction", f"${{{arn}}}{alias}") for arn in invoked for alias in ("", ":live")} | MACHINE_SERVICE
        self.check_role("AttachmentStateMachineRole", {(action, resource, "always") for action, resource in needed})

    def test_only_these_roles_exist_and_only_their_service_assumes_them(self):
        functions = [f"{function.title()}Role" for function in sdk_calls.FUNCTIONS]
        self.assertEqual(sorted(roles()), sorted([*functions, "AttachmentStateMachineRole"]))
        for role in roles():
            properties = MAIN["Resources"][role]["Properties"]
            self.assertEqual(set(properties), {"AssumeRolePolicyDocument", "Policies"}, f"{role} has other properties, such as managed policies")
            (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
            service = "lambda" if role in functions else "states"
            self.assertEqual(statement["Principal"], {"Service": f"{service}.amazonaws.com"}, role)
            self.assertEqual(statement["Action"], "sts:AssumeRole", role)
            # Otherwise another account could make the service use the role (confused deputy).
            of_this_account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
            of_a_machine = {"ArnLike": {"aws:SourceArn": {"Fn::Sub": MACHINES_OF_THIS_ACCOUNT}}} if service == "states" else {}
            self.assertEqual(statement["Condition"], of_this_account | of_a_machine, role)
        for name, nested in TEMPLATES.items():
            iam = [key for key, resource in nested["Resources"].items() if resource["Type"].startswith("AWS::IAM::")]
            known = [*roles(), "KeyUse", "KeyUseOfPoll", "OperatorPolicy", "ReaderPolicy"] if nested is MAIN else []
            self.assertEqual(sorted(iam), sorted(known), f"{name}: add the new resource to the tables of this file")


if __name__ == "__main__":
    unittest.main()
