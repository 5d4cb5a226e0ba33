"""Checks what protects the data: encryption at rest, the customer's key, TLS, no public access, and the resource policies.

Each type of resource in the templates is listed here, so that a change with a new type must say how its data is protected.

    .venv/bin/python tests/python/protection.py
"""

import fnmatch
import re
import unittest

from permissions import KEY, MAIN, ROOT, TEMPLATES, listed, statements, written

NESTED_KEY = "HasKmsKey ? ${KmsKeyArn} : ${AWS::NoValue}"
CUSTOMERS_KEY = {name: f"HasKmsKey ? {KEY} : ${{AWS::NoValue}}" if nested is MAIN else NESTED_KEY for name, nested in TEMPLATES.items()}

# The property with the customer's key, for each type of resource that keeps data.
KEY_AT = {
    "AWS::S3::Bucket": "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.KMSMasterKeyID",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::DynamoDB::Table": "SSESpecification.KMSMasterKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SNS::Topic": "KmsMasterKeyId",
    "AWS::Athena::WorkGroup": "WorkGroupConfiguration.ManagedQueryResultsConfiguration.EncryptionConfiguration",
    "AWS::CloudTrail::Trail": "KMSKeyId",
}
# The property that encrypts the data without the customer's key. AWS always encrypts logs and secrets. A topic is not encrypted:
# CloudWatch cannot use the key that AWS manages for SNS, and alarms contain no data of customers.
WITHOUT = {
    "AWS::S3::Bucket": ("BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm", "HasKmsKey ? aws:kms : AES256"),
    "AWS::SQS::Queue": ("SqsManagedSseEnabled", "HasKmsKey ? ${AWS::NoValue} : True"),
    "AWS::DynamoDB::Table": ("SSESpecification.SSEEnabled", True),
    "AWS::Athena::WorkGroup": ("WorkGroupConfiguration.ManagedQueryResultsConfiguration.Enabled", True),
}
# These keep no data, or only data that everyone who may read the stack can see. AWS encrypts executions with a key of its own.
KEEP_NOTHING = {
    "AWS::Athena::NamedQuery",
    "AWS::CloudFormation::Stack",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Logs::MetricFilter",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Function",
    "AWS::Serverless::StateMachine",
}

# The types of resource policies: the property that names the owner, and the actions and resources that need TLS.
POLICIES = {
    "AWS::S3::BucketPolicy": ("Bucket", "s3:*", ["${%s.Arn}", "${%s.Arn}/*"]),
    "AWS::SQS::QueuePolicy": ("Queues", "sqs:*", ["${%s.Arn}"]),
    "AWS::SNS::TopicPolicy": ("Topics", "sns:Publish", ["${%s}"]),
}
TRAIL = "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/${%s}-audit"
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
# What the resource policies allow: resource, service, actions, IAM condition, the template's condition.
GUESTS = [
    (
        "IntakeQueue",
        "s3.amazonaws.com",
        ["sqs:SendMessage"],
        # A pattern, because the bucket's notification needs the policy before the bucket has its generated name.
        OF_THIS_ACCOUNT | {"ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:s3:::*-ingestbucket-*"}}},
        "always",
    ),
    (
        "IntakeQueue",
        "events.amazonaws.com",
        ["sqs:SendMessage"],
        {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": "ExistingBucketRule.Arn"}}},
        "TakesExistingBucket",
    ),
    ("AlarmTopic", "cloudwatch.amazonaws.com", ["sns:Publish"], OF_THIS_ACCOUNT, "always"),
    ("TrailBucket", "cloudtrail.amazonaws.com", ["s3:GetBucketAcl"], {"StringEquals": {"aws:SourceArn": {"Fn::Sub": TRAIL % "System"}}}, "always"),
    ("TrailBucket", "cloudtrail.amazonaws.com", ["s3:PutObject"], {"StringEquals": {"aws:SourceArn": {"Fn::Sub": TRAIL % "System"}}}, "always"),
]
LOG_GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
WORKGROUP_OF_THE_STACK = "arn:${AWS::Partition}:athena:${AWS::Region}:${AWS::AccountId}:workgroup/${AWS::StackName}"


def resources(*types):
    """(template, name, resource) of these types."""
    for file, nested in TEMPLATES.items():
        for name, resource in nested["Resources"].items():
            if resource["Type"] in types:
                yield file, name, resource


def at(properties, path):
    for step in path.split("."):
        properties = properties[int(step)] if isinstance(properties, list) else properties.get(step, {})
    return properties


class AtRest(unittest.TestCase):
    def test_each_resource_type_is_known(self):
        types = {resource["Type"] for nested in TEMPLATES.values() for resource in nested["Resources"].values()}
        self.assertEqual(types - set(KEY_AT) - KEEP_NOTHING, set(), "new types: add each to KEY_AT if it keeps data, else to KEEP_NOTHING")

    def test_customers_key_encrypts_all_resources_that_keep_data(self):
        seen = set()
        for file, name, resource in resources(*KEY_AT):
            seen.add(resource["Type"])
            key = at(resource["Properties"], KEY_AT[resource["Type"]])
            if resource["Type"] == "AWS::Athena::WorkGroup":
                key = {"Fn::If": [key["Fn::If"][0], key["Fn::If"][1]["KmsKey"], key["Fn::If"][2]]}
            self.assertEqual(written(key) if key else "no key", CUSTOMERS_KEY[file], f"{name} in {file}")
        self.assertEqual(seen, set(KEY_AT))

    def test_all_data_is_encrypted_without_a_customers_key(self):
        for _, name, resource in resources(*WITHOUT):
            path, expected = WITHOUT[resource["Type"]]
            self.assertEqual(written(at(resource["Properties"], path)), expected, name)

    def test_nested_stacks_get_the_key(self):
        for _, name, resource in resources("AWS::CloudFormation::Stack"):
            given = resource["Properties"]["Parameters"]["KmsKeyArn"]
            self.assertEqual(written(given), f"HasKmsKey ? {KEY} : ", name)

    def test_key_policy_allows_only_the_account_and_the_services_that_write(self):
        ((_, _, key),) = resources("AWS::KMS::Key")
        key_statements = dict((statement["Sid"], (statement, when)) for statement, when in statements(key["Properties"]["KeyPolicy"]))
        self.assertEqual(
            {sid: when for sid, (_, when) in key_statements.items()},
            dict.fromkeys(("IamOfThisAccountDecides", "EventsAndAlarms", "LogsOfThisStack", "QueryResultsOfThisStack"), "always")
            | {"TrailOfThisStack": "HasAuditTrail"},
        )
        account, events, logs, results, trail = (statement for statement, _ in key_statements.values())
        self.assertTrue(key["Properties"]["EnableKeyRotation"])
        self.assertEqual(written(account["Principal"]["AWS"]), "arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
        # S3 and EventBridge write into the queue, CloudWatch into the topic.
        self.assertEqual(events["Principal"], {"Service": [f"{name}.amazonaws.com" for name in ("s3", "events", "cloudwatch")]})
        self.assertEqual((events["Action"], events["Condition"]), (["kms:Decrypt", "kms:GenerateDataKey*"], OF_THIS_ACCOUNT))
        self.assertEqual(written(logs["Principal"]["Service"]), "logs.${AWS::Region}.${AWS::URLSuffix}")
        self.assertEqual(list(logs["Condition"]), ["ArnLike"])
        # These actions are required by Athena's user guide, *Managed query results*.
        self.assertEqual(results["Principal"], {"Service": "encryption.athena.amazonaws.com"})
        self.assertEqual(results["Action"], ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"])
        workgroups = {name: written(arn) for name, arn in results["Condition"]["ArnLike"].items()}
        self.assertEqual(workgroups, dict.fromkeys(("aws:SourceArn", "kms:EncryptionContext:aws:athena:arn"), WORKGROUP_OF_THE_STACK))
        self.assertEqual(results["Condition"]["StringEquals"], OF_THIS_ACCOUNT["StringEquals"])
        self.assertEqual(trail["Principal"], {"Service": "cloudtrail.amazonaws.com"})
        self.assertEqual(trail["Action"], ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"])
        self.assertEqual(trail["Condition"], {"StringEquals": {"aws:SourceArn": {"Fn::Sub": TRAIL % "AWS::StackName"}}})

    def test_key_encrypts_log_groups_of_this_stack_only(self):
        ((_, _, key),) = resources("AWS::KMS::Key")
        (logs,) = (one for one, _ in statements(key["Properties"]["KeyPolicy"]) if one["Sid"] == "LogsOfThisStack")
        patterns = [written(one) for one in listed(logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"])]
        groups = [written(group["Properties"]["LogGroupName"]) for _, _, group in resources("AWS::Logs::LogGroup")]
        self.assertGreater(len(groups), 3)

        def served(group, stack):
            arn = (LOG_GROUP + group).replace("${AWS::StackName}", stack)
            return any(fnmatch.fnmatchcase(arn, pattern.replace("${AWS::StackName}", "prod")) for pattern in patterns)

        for group in groups:
            self.assertTrue(served(group, "prod"), f"{group} cannot be encrypted")
            for neighbour in ("prod-2", "prod2", "other", "other-prod", "nonprod"):
                self.assertFalse(served(group, neighbour), f"{group} of the stack {neighbour} may use the key of prod")


class InTransit(unittest.TestCase):
    def test_each_bucket_queue_and_topic_refuses_plain_http(self):
        policies = {}
        for _, _, policy in resources(*POLICIES):
            belongs, action, parts = POLICIES[policy["Type"]]
            (owner,) = (written(one)[2:-1] for one in listed(policy["Properties"][belongs]))
            (deny,) = (one for one, _ in statements(policy["Properties"]["PolicyDocument"]) if one["Sid"] == "OnlyOverTls")
            self.assertEqual(deny["Effect"], "Deny", owner)
            self.assertEqual(deny["Principal"], "*", owner)
            self.assertEqual(deny["Action"], action, owner)
            self.assertEqual([written(one) for one in listed(deny["Resource"])], [part % owner for part in parts], owner)
            self.assertEqual(deny["Condition"], {"Bool": {"aws:SecureTransport": "false"}}, owner)
            policies[owner] = policy.get("Condition")
        owners = {name: owner.get("Condition") for _, name, owner in resources("AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic")}
        self.assertEqual(policies, owners, "each bucket, queue and topic needs a policy with its own condition")


class FromOutside(unittest.TestCase):
    maxDiff = None

    def test_buckets_block_public_access_and_acls(self):
        for _, name, bucket in resources("AWS::S3::Bucket"):
            blocked = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
            self.assertEqual(bucket["Properties"]["PublicAccessBlockConfiguration"], blocked, name)
            self.assertEqual(bucket["Properties"]["OwnershipControls"], {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, name)
            self.assertNotIn("AccessControl", bucket["Properties"], name)

    def test_records_are_locked(self):
        ((_, _, bucket),) = ((file, name, bucket) for file, name, bucket in resources("AWS::S3::Bucket") if name == "AuditBucket")
        retention = {"Mode": {"Ref": "AuditLockMode"}, "Days": {"Ref": "AuditRetentionDays"}}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
        self.assertEqual((bucket["Properties"]["ObjectLockEnabled"], bucket["Properties"]["ObjectLockConfiguration"]), (True, lock))
        rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
        self.assertFalse([rule["Id"] for rule in rules if any("xpir" in key for key in rule)], "a lifecycle rule deletes records")

    def test_dead_letter_queue_accepts_only_the_intake_queue(self):
        queues = {name: queue["Properties"] for _, name, queue in resources("AWS::SQS::Queue")}
        allowed = queues["IntakeDeadLetterQueue"]["RedriveAllowPolicy"]
        name = written(queues["IntakeQueue"]["QueueName"])
        arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + name
        self.assertEqual(allowed, {"redrivePermission": "byQueue", "sourceQueueArns": [{"Fn::Sub": arn}]})
        self.assertEqual(written(queues["IntakeQueue"]["RedrivePolicy"]["deadLetterTargetArn"]), "${IntakeDeadLetterQueue.Arn}")

    def test_oversized_file_expires(self):
        rules = MAIN["Resources"]["IngestBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        (rule,) = (rule for rule in rules if rule["Id"] == "oversized-files")
        self.assertEqual(
            rule,
            {
                "Id": "oversized-files",
                "Status": "Enabled",
                "Prefix": {"Ref": "KeyPrefix"},
                # Exactly intake's limit, so that the rule deletes the refused files and no others.
                "ObjectSizeGreaterThan": {"Ref": "MaxFileSizeBytes"},
                # The current version, and then the noncurrent one under the delete marker.
                "ExpirationInDays": {"Ref": "OversizedRetentionDays"},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            },
        )
        limit = MAIN["Resources"]["IntakeFunction"]["Properties"]["Environment"]["Variables"]["MAX_FILE_SIZE_BYTES"]
        self.assertEqual(limit, rule["ObjectSizeGreaterThan"])
        days = MAIN["Parameters"]["OversizedRetentionDays"]
        self.assertGreaterEqual(days["MinValue"], 1)
        # The file is kept as long as a message may wait, unless it is overwritten.
        waits = MAIN["Resources"]["IntakeQueue"]["Properties"]["MessageRetentionPeriod"] / 86_400
        self.assertGreaterEqual(days["Default"], waits)

    def test_local_stack_parameter_is_refused_in_an_aws_account(self):
        (rule,) = MAIN["Rules"].values()
        self.assertEqual(rule["RuleCondition"], {"Fn::Equals": [{"Ref": "LocalStack"}, "true"]})
        (assertion,) = rule["Assertions"]
        account = re.search(r'const ACCOUNT: &str = "(\d{12})";', (ROOT / "tests/stack/src/ministack.rs").read_text(encoding="utf-8"))[1]
        self.assertEqual(assertion["Assert"], {"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]})

    def test_functions_have_no_url_and_no_events(self):
        for _, name, function in resources("AWS::Serverless::Function"):
            self.assertFalse({"Events", "FunctionUrlConfig"} & set(function["Properties"]), name)

    def test_resource_policies_allow_only_known_services(self):
        found = []
        for _, _, policy in resources(*POLICIES):
            for statement, condition in statements(policy["Properties"]["PolicyDocument"]):
                if statement["Effect"] == "Allow":
                    owner = re.match(r"\$\{(\w+)", written(statement["Resource"]))[1]
                    guest = (owner, statement["Principal"].get("Service"), listed(statement["Action"]), statement.get("Condition"), condition)
                    found.append(guest)
        for guest in found:
            self.assertIn(guest, GUESTS, f"the policy of {guest[0]} allows {guest[1]} something that is not in GUESTS")
        for guest in GUESTS:
            self.assertIn(guest, found, f"the policy of {guest[0]} does not allow {guest[1]} what GUESTS has")


if __name__ == "__main__":
    unittest.main()
