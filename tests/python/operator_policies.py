"""Compares the managed policies for people with the calls of the tool cxone-attachments, both ways.

    .venv/bin/python tests/python/operator_policies.py
"""

import unittest

import permissions
import sdk_calls
from infrastructure import MAIN

# The tool's calls and what AWS asks for them, besides those that the functions make too.
CALLS = permissions.CALLS | {
    "batch_get_item": "dynamodb:BatchGetItem",
    "describe_alarms": "cloudwatch:DescribeAlarms",
    "describe_execution": "states:DescribeExecution",
    "describe_stacks": "cloudformation:DescribeStacks",
    "describe_state_machine": "states:DescribeStateMachine",
    "get_account_settings": "lambda:GetAccountSettings",
    "get_bucket_encryption": "s3:GetEncryptionConfiguration",
    "get_bucket_notification_configuration": "s3:GetBucketNotification",
    "get_execution_history": "states:GetExecutionHistory",
    "get_function_configuration": "lambda:GetFunctionConfiguration",
    "get_object_lock_configuration": "s3:GetBucketObjectLockConfiguration",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "list_event_source_mappings": "lambda:ListEventSourceMappings",
    "list_executions": "states:ListExecutions",
    "list_object_versions": "s3:ListBucketVersions",
    "list_objects_v2": "s3:ListBucket",
    "list_subscriptions_by_topic": "sns:ListSubscriptionsByTopic",
    "query": "dynamodb:Query",
}
# What is needed besides the calls: GetObject tells the lock of a record only to those who may read it; a put with tags.
BESIDES = {"s3:GetObjectRetention": "ReaderPolicy", "s3:PutObjectTagging": "OperatorPolicy"}
# What only send and doctor's checks of secrets need.
OPERATOR = {"s3:PutObject", "s3:PutObjectTagging", "secretsmanager:GetSecretValue"}
# With a customer's key, for what the other actions read and write.
KEY_ACTIONS = {"kms:Decrypt", "kms:GenerateDataKey"}
SENDS = "crates/operator/src/commands/send.rs"


def granted(policy):
    document = MAIN["Resources"][policy]["Properties"]["PolicyDocument"]
    actions = set()
    for statement, _ in permissions.statements(document):
        assert statement["Effect"] == "Allow"
        actions |= set(permissions.listed(statement["Action"]))
    return actions


def tool_functions():
    return [one for one in sdk_calls.Source().functions if one.crate == "operator"]


def calls_of(function):
    return [call for call in sdk_calls.known_calls(function, CALLS) if CALLS[call]]


class Policies(unittest.TestCase):
    def test_both_policies_grant_what_the_tool_calls_and_no_more(self):
        needed = {CALLS[call] for one in tool_functions() for call in calls_of(one)}
        # Through the ledger and the signing secrets, which are crates of their own.
        needed |= {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "secretsmanager:GetSecretValue", *BESIDES}
        self.assertEqual(granted("ReaderPolicy") - KEY_ACTIONS, needed - OPERATOR)
        self.assertEqual(granted("OperatorPolicy") - KEY_ACTIONS, OPERATOR)

    def test_a_missing_record_is_seen_as_missing(self):
        statements = MAIN["Resources"]["ReaderPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        (bucket,) = [one for one in statements if one.get("Sid") == "AuditBucket"]
        self.assertIn("s3:ListBucket", bucket["Action"])

    def test_the_stack_is_read_by_its_name(self):
        statements = MAIN["Resources"]["ReaderPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        (stack,) = [one for one in statements if one.get("Sid") == "Stack"]
        self.assertTrue(stack["Resource"]["Fn::Sub"].endswith(":stack/${AWS::StackName}/*"))

    def test_every_command_but_send_reads_alone(self):
        verbs = ("Get", "List", "Describe", "Query", "BatchGet")
        for one in tool_functions():
            if one.file != SENDS:
                for call in calls_of(one):
                    self.assertTrue(CALLS[call].split(":")[1].startswith(verbs), f"{one.file}: fn {one.name} calls {call}")

    def test_no_policy_deletes_or_names_every_action(self):
        for policy in ("ReaderPolicy", "OperatorPolicy"):
            for action in granted(policy):
                self.assertNotRegex(action, r"\*|Delete|Bypass", policy)


if __name__ == "__main__":
    unittest.main()
