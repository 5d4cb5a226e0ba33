"""The built template deployed on the local stack by `sam deploy`, with each stage's section of samconfig.toml."""

import re

from build import STAGES, sam
from commands import ROOT, environment

DEPLOY_SECONDS = 300
_NEEDED = {"WebhookUrl": "https://hooks.invalid/attachments"}
"""The parameters for a stage that does not set them."""
_NOT_LOCAL = {"AuditWorkGroupName"}
"""Outputs of resources that the local stack does not have."""
_WITH_A_KEY = {"KmsKeyArn"}
"""Outputs that exist only with the parameter KmsKey."""


def check(stack, built, architecture, report):
    """Deploys each stage, checks the stack and deletes it."""
    cloudformation = stack.client("cloudformation")
    # All of SAM's AWS clients use the local stack.
    env = environment(AWS_ENDPOINT_URL=stack.endpoint)
    for stage, sections in STAGES.items():
        # Not under the stage's own name, because the local stack has the name of the first stage.
        name = f"{sections['global']['parameters']['stack_name']}-by-sam"
        parameters = _parameters(sections["deploy"]["parameters"].get("parameter_overrides", []), architecture)
        report.step(f"sam deploy --config-env {stage}, on the local stack")
        deployed = sam(
            # Otherwise SAM looks for samconfig.toml beside the template.
            "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", stage,
            "--template-file", built / "template.yaml", "--stack-name", name,
            # All parameters, because those of the command line replace those of samconfig.toml.
            "--no-confirm-changeset", "--parameter-overrides", " ".join(f"{key}={value}" for key, value in parameters.items()),
            timeout=DEPLOY_SECONDS, env=env, fails=True,
        )  # fmt: skip
        if not report.check(f"{stage}: deployed", deployed.returncode == 0, f"{deployed.stdout[-3000:]}{deployed.stderr[-3000:]}"):
            continue
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        report.equal(f"{stage}: its status", found["StackStatus"], "CREATE_COMPLETE")
        seen = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
        report.check(f"{stage}: {len(parameters)} parameters as given", parameters.items() <= seen.items(), seen)
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        expected = _outputs() - _NOT_LOCAL - (set() if "KmsKey" in parameters else _WITH_A_KEY)
        filled = {key for key, value in outputs.items() if value}
        report.check(f"{stage}: exactly the {len(expected)} expected outputs", filled == expected, filled ^ expected)
        cloudformation.delete_stack(StackName=name)
        _delete_retained(stack, outputs)


def _parameters(overrides, architecture):
    given = dict(override.split("=", 1) for override in overrides)
    return _NEEDED | given | {"Architecture": architecture, "LocalStack": "true"}


def _outputs():
    """The names of all outputs that template.yaml has."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"^  (\w+):$", text.split("\nOutputs:\n")[1], re.M))


def _delete_retained(stack, outputs):
    """Deletes the buckets and the table, which CloudFormation retains when it deletes the stack."""
    for bucket in ("IngestBucketName", "AuditBucketName"):
        stack.client("s3").delete_bucket(Bucket=outputs[bucket])
    stack.client("dynamodb").delete_table(TableName=outputs["LedgerTableName"])
