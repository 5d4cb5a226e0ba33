"""The built template deployed on the local stack by `sam deploy`, with each stage's section of samconfig.toml."""

import re

from build import STAGES, sam
from commands import ROOT, environment

DEPLOY_SECONDS = 300
_NEEDED = {"WebhookUrl": "https://hooks.invalid/attachments"}
"""What a stage without parameters of its own is given on the command line."""
_NOT_LOCAL = {"AuditWorkGroupName"}
"""Outputs of what the local stack does not know."""
_WITH_A_KEY = {"KmsKeyArn"}
"""Outputs that come with the parameter KmsKey."""


def check(stack, built, architecture, report):
    """Deploys, looks and deletes again, stage by stage."""
    cloudformation = stack.client("cloudformation")
    # Whichever AWS client SAM makes, it goes to the local stack.
    env = environment(AWS_ENDPOINT_URL=stack.endpoint)
    for stage, sections in STAGES.items():
        # Not under the stage's own name: the stack that runs here has that of the first stage.
        name = f"{sections['global']['parameters']['stack_name']}-by-sam"
        parameters = _parameters(sections["deploy"]["parameters"].get("parameter_overrides", []), architecture)
        report.step(f"sam deploy --config-env {stage}, on the local stack")
        told = sam(
            # SAM looks for its settings beside the template otherwise.
            "deploy", "--config-file", ROOT / "samconfig.toml", "--config-env", stage,
            "--template-file", built / "template.yaml", "--stack-name", name,
            # The whole list, since what stands on the command line replaces it.
            "--no-confirm-changeset", "--parameter-overrides", " ".join(f"{key}={value}" for key, value in parameters.items()),
            timeout=DEPLOY_SECONDS, env=env, fails=True,
        )  # fmt: skip
        if not report.check(f"{stage}: deployed", told.returncode == 0, f"{told.stdout[-3000:]}{told.stderr[-3000:]}"):
            continue
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        report.equal(f"{stage}: its state", found["StackStatus"], "CREATE_COMPLETE")
        seen = {each["ParameterKey"]: each["ParameterValue"] for each in found["Parameters"]}
        report.check(f"{stage}: {len(parameters)} parameters as given", parameters.items() <= seen.items(), seen)
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}
        wanted = _outputs() - _NOT_LOCAL - (set() if "KmsKey" in parameters else _WITH_A_KEY)
        filled = {key for key, value in outputs.items() if value}
        report.check(f"{stage}: all its {len(wanted)} outputs and no other", filled == wanted, filled ^ wanted)
        cloudformation.delete_stack(StackName=name)
        _delete_what_is_kept(stack, outputs)


def _parameters(overrides, architecture):
    given = dict(override.split("=", 1) for override in overrides)
    return _NEEDED | given | {"Architecture": architecture, "LocalStack": "true"}


def _outputs():
    """The names of all outputs that template.yaml has."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return set(re.findall(r"^  (\w+):$", text.split("\nOutputs:\n")[1], re.M))


def _delete_what_is_kept(stack, outputs):
    """What deleting a stack leaves, as it should: empty buckets and the table."""
    for bucket in ("IngestBucketName", "AuditBucketName"):
        stack.client("s3").delete_bucket(Bucket=outputs[bucket])
    stack.client("dynamodb").delete_table(TableName=outputs["LedgerTableName"])
