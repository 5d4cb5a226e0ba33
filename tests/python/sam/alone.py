"""Processes one file with the functions in containers, each by `sam local invoke`. The test does the state machine's part."""

import json
import secrets

from workload import LETTER, sha256


def check(functions, workload, machine, report):
    """`functions` start their executions in `machine`, which calls no function."""
    report.step("sam local invoke: an event as SAM generates it")
    interaction = f"SAM-{workload.run}-1"
    key, head = workload.put(interaction)
    # SAM's event has no version id. In a versioned bucket, S3 always sends one.
    refused = functions.invoke("IntakeFunction", workload.s3_event(key))
    report.equal("an event without version id: its error", refused.get("errorType"), "Input.Invalid")
    report.check("the error names the cause", "no version id" in refused.get("errorMessage", ""), refused)
    report.equal("no execution", workload.executions_for(machine, interaction), [])
    gone_name, gone = _run_intake(functions, workload, machine, workload.s3_event(key, head | {"VersionId": secrets.token_hex(16)}), report)
    report.equal("a version that does not exist: its outcome", _path(gone, "result", "outcome"), "REJECTED")
    report.equal("its reason", _path(gone, "result", "reason", "code"), "object_gone")
    report.equal("nothing was sent to CXone", workload.stack.attachments(interaction), [])

    report.step("sam local invoke: the same event with eTag and versionId of head-object")
    interaction = f"SAM-{workload.run}-2"
    event = workload.s3_event(*workload.put(interaction))
    name, uploaded = _run_intake(functions, workload, machine, event, report)
    stored = workload.stack.attachments(interaction)
    if not report.equal("attachments that CXone has", len(stored), 1):
        return
    report.equal("its bytes", (stored[0]["size"], stored[0]["sha256"]), (len(LETTER), sha256(LETTER)))
    report.equal("the decision and the job", (_path(uploaded, "decision"), _path(uploaded, "job_id")), ("poll", stored[0]["job_id"]))
    row = workload.row(uploaded["identity"])
    report.equal("the ledger's row", (row.get("state"), row.get("execution_name")), ("decided", name))
    again, _ = _run_intake(functions, workload, machine, event, report)
    report.equal("the same event again starts the same execution", again, name)
    requests = [request for attachment in workload.stack.attachments(interaction) for request in attachment["requests"]]
    report.equal("and sends nothing: number of uploads", len(requests), 1)

    report.step("sam local invoke: poll, with the execution's input")
    polled = functions.invoke("PollFunction", uploaded)
    report.equal("its decision", polled.get("decision"), "completed")
    report.equal("the job's last status", _path(polled, "job", "status"), "COMPLETED")
    report.equal("an empty input: its error", functions.invoke("PollFunction", {}).get("errorType"), "Input.Invalid")

    report.step("sam local invoke: finalize, with poll's answer and with the rejected object")
    execution = machine.replace(":stateMachine:", ":execution:")
    by_hand = functions.invoke("FinalizeFunction", {"execution_arn": f"{execution}:by-hand", "attachment": polled})
    report.equal("the name of another execution: its error", by_hand.get("errorType"), "Input.Foreign")
    for of, attachment, outcome in ((name, polled, "COMPLETED"), (gone_name, gone, "REJECTED")):
        answer = functions.invoke("FinalizeFunction", {"execution_arn": f"{execution}:{of}", "attachment": attachment})
        check_conclusion(answer, outcome, workload, report)


def check_conclusion(answer, outcome, workload, report, deliveries=1):
    """Compares finalize's answer with the ledger, the audit bucket and the webhook receiver."""
    if not report.equal("the outcome", answer.get("outcome"), outcome):
        report.note(f"finalize answered {answer}")
        return
    row = workload.row(answer["identity"])
    report.equal("the ledger's row", (row.get("state"), row.get("outcome")), ("done", outcome))
    record = workload.record(answer["audit_key"])
    fields = json.loads(record)
    report.equal("the audit record", (fields["identity"], fields["success"]), (answer["identity"], outcome == "COMPLETED"))
    report.equal("versions of the record", workload.versions_of_record(answer["audit_key"]), 1)
    sent = workload.stack.deliveries(answer["identity"])
    report.equal("webhooks", len(sent), deliveries)
    wrong = [each["fault"] for each in sent if not (each["verified"] and each["body_sha256"] == sha256(record))]
    report.equal("webhooks with a wrong signature or other bytes than the record", wrong, [])
    report.equal("the receiver's answer", answer.get("webhook_status"), 200)


def finished(answer):
    """The name of the one execution that intake's answer to a bare event names; None if it names none."""
    objects = list(answer.get("objects", {}).values())
    return objects[0].get("execution_name") if len(objects) == 1 and objects[0].get("record") == "finished" else None


def _run_intake(functions, workload, machine, event, report):
    """Runs intake. Returns the execution's name and input."""
    answer = functions.invoke("IntakeFunction", event)
    name = finished(answer)
    if not report.check("intake's answer names an execution", name is not None, answer):
        return None, {}
    return name, json.loads(workload.execution(machine, name)["input"])


def _path(value, *names):
    """A field of a field; None if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
