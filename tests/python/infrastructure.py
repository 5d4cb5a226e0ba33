"""Compares infra/, docs/runbook.md and the templates with each other.

- Every alarm has its chapter in docs/runbook.md, its description names that chapter, and the dashboard shows it. Every chapter
  and every alarm of the dashboard belongs to an alarm.
- The alarms that roll back deployments exist. Parameters, columns and embedded files agree.

    .venv/bin/python tests/python/infrastructure.py
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Loader(yaml.SafeLoader):
    """Reads a template; `!Ref x` becomes {"Ref": "x"}, any other function {"Fn::Name": …}."""


def function(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", function)


def template(name):
    return yaml.load((ROOT / name).read_text(encoding="utf-8"), Loader)


MAIN, MONITORING, AUDIT_DATA, AUDIT_TRAIL = (
    template(name) for name in ("template.yaml", "infra/monitoring.yaml", "infra/audit_data.yaml", "infra/audit_trail.yaml")
)
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "infra/dashboard.json").read_text(encoding="utf-8"))
ALARMS = {
    resource["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${System}-"): resource["Properties"]
    for resource in MONITORING["Resources"].values()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}


class Alarms(unittest.TestCase):
    def test_each_alarm_has_a_chapter_and_each_chapter_has_an_alarm(self):
        chapters = re.findall(r"^### (.+)$", RUNBOOK, re.M)
        self.assertEqual(sorted(chapters), sorted(ALARMS))
        rows = re.findall(r"^\| \[([^]]+)\]\(#([^)]+)\) \|", RUNBOOK, re.M)
        self.assertEqual([name for name, _ in rows], chapters, "the table and the chapters have different orders")
        for name, anchor in rows:
            self.assertEqual(anchor, name.lower().replace(".", ""))

    def test_each_chapter_has_means_look_and_do(self):
        for chapter in re.split(r"^##+ ", RUNBOOK.split("\n## Alarms\n")[1], flags=re.M)[1 : len(ALARMS) + 1]:
            for part in ("**Means.**", "**Look.**", "**Do.**"):
                self.assertIn(part, chapter, chapter.splitlines()[0])

    def test_each_description_names_its_chapter(self):
        for name, properties in ALARMS.items():
            anchor = name.lower().replace(".", "")
            self.assertTrue(properties["AlarmDescription"].endswith(f"Runbook: docs/runbook.md#{anchor}"), name)
            self.assertGreater(len(properties["AlarmDescription"]), 90, f"the description of {name} is too short to say what the alarm means")

    def test_each_alarm_notifies_the_topic_and_handles_missing_data(self):
        for name, properties in ALARMS.items():
            self.assertEqual(properties["AlarmActions"], [{"Ref": "AlarmTopic"}], name)
            self.assertEqual(properties["TreatMissingData"], "ignore" if name == "quota" else "notBreaching", name)

    def test_dashboard_shows_each_alarm(self):
        (widget,) = (widget for widget in DASHBOARD["widgets"] if widget["type"] == "alarm")
        shown = [arn.rsplit("${System}-", 1)[1] for arn in widget["properties"]["alarms"]]
        self.assertEqual(shown, list(ALARMS))

    def test_rollback_alarms_exist(self):
        alarms = MAIN["Globals"]["Function"]["DeploymentPreference"]["Alarms"]
        self.assertGreater(len(alarms), 3)
        for alarm in alarms:
            self.assertIn(alarm["Fn::Sub"].removeprefix("${AWS::StackName}-"), ALARMS)


class Templates(unittest.TestCase):
    def test_lambda_drops_no_log_line(self):
        # A line of metrics has no level. Lambda would treat it as INFO and drop it if the parameter LogLevel is WARN.
        functions = {name: r for name, r in MAIN["Resources"].items() if r["Type"] == "AWS::Serverless::Function"}
        self.assertEqual(len(functions), 3)
        for name, resource in functions.items():
            self.assertEqual(resource["Properties"]["LoggingConfig"]["ApplicationLogLevel"], "TRACE", name)
        self.assertEqual(MAIN["Globals"]["Function"]["Environment"]["Variables"]["LOG_LEVEL"], {"Ref": "LogLevel"})

    def test_embedded_files_and_pictures_are_up_to_date(self):
        run = subprocess.run([sys.executable, ROOT / "infra/render.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_every_parameter_is_grouped_and_described(self):
        groups = MAIN["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(MAIN["Parameters"]))
        for name, parameter in MAIN["Parameters"].items():
            self.assertGreater(len(parameter.get("Description", "")), 20, name)
            bounds = {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter)
            self.assertTrue(bounds, f"{name} accepts any value: add a pattern, values or a minimum")
            self.assertTrue("AllowedPattern" not in parameter or "ConstraintDescription" in parameter, name)

    def test_nested_stacks_get_exactly_their_parameters(self):
        for resource, nested in (("Monitoring", MONITORING), ("AuditData", AUDIT_DATA), ("AuditTrail", AUDIT_TRAIL)):
            given = MAIN["Resources"][resource]["Properties"]["Parameters"]
            self.assertEqual(sorted(given), sorted(nested["Parameters"]))

    def test_resources_with_customer_data_are_retained(self):
        for name in ("IngestBucket", "AuditBucket", "AuditBucketPolicy", "LedgerTable", "Key"):
            resource = MAIN["Resources"][name]
            self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("Retain", "Retain"), name)

    def test_samconfig_names_parameters_that_exist(self):
        text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
        stages = re.findall(r"^\[(\w+)\.deploy\.parameters\]$", text, re.M)
        self.assertEqual(stages, ["default", "dev", "staging", "prod"])
        overrides = re.findall(r'^  "(\w+)=([^"]*)",$', text, re.M)
        self.assertGreater(len(overrides), 20)
        for name, value in overrides:
            parameter = MAIN["Parameters"].get(name)
            self.assertIsNotNone(parameter, f"template.yaml has no parameter {name}")
            if "AllowedPattern" in parameter:
                self.assertTrue(re.fullmatch(parameter["AllowedPattern"], value), f"{name}={value}")
            if "AllowedValues" in parameter:
                self.assertIn(value, [str(allowed) for allowed in parameter["AllowedValues"]], name)
            self.assertLessEqual(float(parameter.get("MinValue", "-inf")), float(value) if "MinValue" in parameter else 0, name)

    def test_audit_table_has_the_fields_of_the_records(self):
        columns = AUDIT_DATA["Resources"]["AuditTable"]["Properties"]["TableInput"]["StorageDescriptor"]["Columns"]
        names = [column["Name"] for column in columns]
        for golden in sorted((ROOT / "crates/attachments/tests/golden").glob("v*-audit-*.json")):
            record = json.loads(golden.read_text(encoding="utf-8"))
            if golden.name.startswith("v1-"):
                # A later release adds its columns at the end.
                self.assertEqual(list(record), names[: len(record)], golden.name)
            else:
                self.assertEqual(sorted(record), sorted(names), golden.name)
            for column in columns:
                if column["Name"] not in record:
                    continue
                fields = re.findall(r"(\w+):", column["Type"])
                if column["Type"].startswith("struct<") and record[column["Name"]] is not None:
                    self.assertEqual(list(record[column["Name"]]), fields, f"{golden.name}: {column['Name']}")


if __name__ == "__main__":
    unittest.main()
