"""Holds what protects the data itself: encryption at rest, the customer's key, TLS, public access, and who else may come in.

Each type of resource in the templates has its place here, so that a new one is a decision.

    .venv/bin/python tests/python/protection.py
"""

import fnmatch
import re
import unittest

from permissions import KEY, MAIN, ROOT, TEMPLATES, listed, statements, written

NESTED_KEY = "HasKmsKey ? ${KmsKeyArn} : ${AWS::NoValue}"
CUSTOMERS_KEY = {name: f"HasKmsKey ? {KEY} : ${{AWS::NoValue}}" if nested is MAIN else NESTED_KEY for name, nested in TEMPLATES.items()}

# Where a type of resource that keeps data takes its key.
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
# And what encrypts it without the customer's key. Logs, secrets and Athena's results always are. A topic is not: the key that
# AWS manages for SNS would keep CloudWatch out, and alarms hold no data of customers.
WITHOUT = {
    "AWS::S3::Bucket": ("BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm", "HasKmsKey ? aws:kms : AES256"),
    "AWS::SQS::Queue": ("SqsManagedSseEnabled", "HasKmsKey ? ${AWS::NoValue} : True"),
    "AWS::DynamoDB::Table": ("SSESpecification.SSEEnabled", True),
    "AWS::Athena::WorkGroup": ("WorkGroupConfiguration.ManagedQueryResultsConfiguration.Enabled", True),
}
# These keep nothing, or only what is public to whoever may read the stack. Executions are under a key that AWS owns.
KEEP_NOTHING = {
    "AWS::Athena::NamedQuery",
    "AWS::CloudFormation::Stack",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
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

# The policies on resources: the property that says whose each is, and what is refused without TLS.
POLICIES = {
    "AWS::S3::BucketPolicy": ("Bucket", "s3:*", ["${%s.Arn}", "${%s.Arn}/*"]),
    "AWS::SQS::QueuePolicy": ("Queues", "sqs:*", ["${%s.Arn}"]),
    "AWS::SNS::TopicPolicy": ("Topics", "sns:Publish", ["${%s}"]),
}
TRAIL = "arn:${AWS::Partition}:cloudtrail:${AWS::Region}:${AWS::AccountId}:trail/${%s}-audit"
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
# Who may come in besides roles: resource, service, actions, IAM condition, the template's condition.
GUESTS = [
    (
        "IntakeQueue",
        "s3.amazonaws.com",
        ["sqs:SendMessage"],
        # By pattern: the bucket's notification needs the policy first, and its name is made up when it is created.
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
    def test_each_type_is_known(self):
        types = {resource["Type"] for nested in TEMPLATES.values() for resource in nested["Resources"].values()}
        self.assertEqual(types - set(KEY_AT) - KEEP_NOTHING, set(), "does it keep data? It belongs into KEY_AT or KEEP_NOTHING")

    def test_the_customers_key_reaches_all_that_keeps_data(self):
        seen = set()
        for file, name, resource in resources(*KEY_AT):
            seen.add(resource["Type"])
            key = at(resource["Properties"], KEY_AT[resource["Type"]])
            if resource["Type"] == "AWS::Athena::WorkGroup":
                key = {"Fn::If": [key["Fn::If"][0], key["Fn::If"][1]["KmsKey"], key["Fn::If"][2]]}
            self.assertEqual(written(key) if key else "no key", CUSTOMERS_KEY[file], f"{name} in {file}")
        self.assertEqual(seen, set(KEY_AT))

    def test_all_is_encrypted_without_it(self):
        for _, name, resource in resources(*WITHOUT):
            path, expected = WITHOUT[resource["Type"]]
            self.assertEqual(written(at(resource["Properties"], path)), expected, name)

    def test_nested_stacks_get_the_key(self):
        for _, name, resource in resources("AWS::CloudFormation::Stack"):
            given = resource["Properties"]["Parameters"]["KmsKeyArn"]
            self.assertEqual(written(given), f"HasKmsKey ? {KEY} : ", name)

    def test_the_key_is_the_accounts_and_admits_just_the_services_that_write(self):
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
        # What the principal needs: Athena's guide, *Managed query results*.
        self.assertEqual(results["Principal"], {"Service": "encryption.athena.amazonaws.com"})
        self.assertEqual(results["Action"], ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"])
        workgroups = {name: written(arn) for name, arn in results["Condition"]["ArnLike"].items()}
        self.assertEqual(workgroups, dict.fromkeys(("aws:SourceArn", "kms:EncryptionContext:aws:athena:arn"), WORKGROUP_OF_THE_STACK))
        self.assertEqual(results["Condition"]["StringEquals"], OF_THIS_ACCOUNT["StringEquals"])
        self.assertEqual(trail["Principal"], {"Service": "cloudtrail.amazonaws.com"})
        self.assertEqual(trail["Action"], ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"])
        self.assertEqual(trail["Condition"], {"StringEquals": {"aws:SourceArn": {"Fn::Sub": TRAIL % "AWS::StackName"}}})

    def test_the_key_serves_this_stacks_log_groups_and_not_the_neighbours(self):
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
        self.assertEqual(policies, owners, "each has a policy whenever it is there itself")


class FromOutside(unittest.TestCase):
    maxDiff = None

    def test_buckets_are_closed_to_the_public_and_know_no_acls(self):
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
        self.assertFalse([rule["Id"] for rule in rules if any("xpir" in key for key in rule)], "nothing deletes records")

    def test_the_dead_letter_queue_takes_from_the_intake_queue_alone(self):
        queues = {name: queue["Properties"] for _, name, queue in resources("AWS::SQS::Queue")}
        allowed = queues["IntakeDeadLetterQueue"]["RedriveAllowPolicy"]
        name = written(queues["IntakeQueue"]["QueueName"])
        arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + name
        self.assertEqual(allowed, {"redrivePermission": "byQueue", "sourceQueueArns": [{"Fn::Sub": arn}]})
        self.assertEqual(written(queues["IntakeQueue"]["RedrivePolicy"]["deadLetterTargetArn"]), "${IntakeDeadLetterQueue.Arn}")

    def test_a_file_that_is_too_large_to_be_sent_expires(self):
        rules = MAIN["Resources"]["IngestBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        (rule,) = (rule for rule in rules if rule["Id"] == "oversized-files")
        self.assertEqual(
            rule,
            {
                "Id": "oversized-files",
                "Status": "Enabled",
                "Prefix": {"Ref": "KeyPrefix"},
                # The very limit of intake, so that the rule neither spares a refused file nor deletes one that is still to be sent.
                "ObjectSizeGreaterThan": {"Ref": "MaxFileSizeBytes"},
                # The version that is current, and what the delete marker leaves behind.
                "ExpirationInDays": {"Ref": "OversizedRetentionDays"},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
            },
        )
        limit = MAIN["Resources"]["IntakeFunction"]["Properties"]["Environment"]["Variables"]["MAX_FILE_SIZE_BYTES"]
        self.assertEqual(limit, rule["ObjectSizeGreaterThan"])
        days = MAIN["Parameters"]["OversizedRetentionDays"]
        self.assertGreaterEqual(days["MinValue"], 1)
        # A message that waits its whole time still finds the file that it speaks of, unless that was overwritten.
        waits = MAIN["Resources"]["IntakeQueue"]["Properties"]["MessageRetentionPeriod"] / 86_400
        self.assertGreaterEqual(days["Default"], waits)

    def test_the_local_stack_is_refused_in_an_account_of_aws(self):
        (rule,) = MAIN["Rules"].values()
        self.assertEqual(rule["RuleCondition"], {"Fn::Equals": [{"Ref": "LocalStack"}, "true"]})
        (assertion,) = rule["Assertions"]
        account = re.search(r'const ACCOUNT: &str = "(\d{12})";', (ROOT / "tests/stack/src/ministack.rs").read_text(encoding="utf-8"))[1]
        self.assertEqual(assertion["Assert"], {"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]})

    def test_functions_have_no_address_and_no_events_of_their_own(self):
        for _, name, function in resources("AWS::Serverless::Function"):
            self.assertFalse({"Events", "FunctionUrlConfig"} & set(function["Properties"]), name)

    def test_who_may_come_in_besides_roles(self):
        found = []
        for _, _, policy in resources(*POLICIES):
            for statement, condition in statements(policy["Properties"]["PolicyDocument"]):
                if statement["Effect"] == "Allow":
                    owner = re.match(r"\$\{(\w+)", written(statement["Resource"]))[1]
                    guest = (owner, statement["Principal"].get("Service"), listed(statement["Action"]), statement.get("Condition"), condition)
                    found.append(guest)
        for guest in found:
            self.assertIn(guest, GUESTS, f"{guest[1]} may come to {guest[0]} in a way that GUESTS lacks")
        for guest in GUESTS:
            self.assertIn(guest, found, f"{guest[1]} cannot come to {guest[0]} as GUESTS has it")


if __name__ == "__main__":
    unittest.main()
