"""Calls the functions by the Invoke API of `sam local start-lambda`, with the local stack's own state machine."""

import json

import alone
import by_hand


def _object_finished(answer):
    return [each["record"] for each in answer["objects"].values()] == ["finished"]


_BY_HAND = {
    "functions/intake/events/s3_put.json": _object_finished,
    "functions/intake/events/eventbridge.json": _object_finished,
    "functions/intake/events/sqs.json": lambda answer: answer == {"batchItemFailures": []},
    "functions/poll/events/unknown_job.json": lambda answer: answer["result"]["reason"]["code"] == "cxone_404",
    "functions/finalize/events/rejected.json": lambda answer: (answer["outcome"], answer["webhook_status"]) == ("REJECTED", 200),
}
"""For each event file, whether the answer to it is right."""


def check(invoke, workload, filled, report):
    """`invoke` calls a function by name; `filled` has the events to try by hand."""
    machine = workload.stack.description["state_machine_arn"]
    report.step("sam local start-lambda: intake with an event of the queue")
    interaction = f"SAM-{workload.run}-3"
    event = workload.sqs_event(workload.s3_event(*workload.put(interaction)))
    report.equal("the answer", invoke("IntakeFunction", event), {"batchItemFailures": []})
    names = workload.executions_for(machine, interaction)
    if report.equal("executions", len(names), 1):
        execution = workload.execution(machine, names[0])
        report.equal("its status", execution["status"], "SUCCEEDED")
        report.equal("attachments that CXone has", len(workload.stack.attachments(interaction)), 1)

        report.step("sam local start-lambda: poll and finalize again")
        polled = invoke("PollFunction", json.loads(execution["input"]))
        report.equal("poll's decision", polled.get("decision"), "completed")
        answer = invoke("FinalizeFunction", {"execution_arn": execution["executionArn"], "attachment": polled})
        alone.check_conclusion(answer, "COMPLETED", workload, report, deliveries=2)

    report.step("sam local start-lambda: a message that is not an event of S3")
    message = workload.sqs_event()
    # Different from the messages of earlier runs on the same stack.
    body = f"{message['Records'][0]['body']} {workload.run}"
    message["Records"][0]["body"] = body
    report.equal("the answer", invoke("IntakeFunction", message), {"batchItemFailures": []})
    reasons = [reason for buried, reason in workload.buried() if buried == body]
    report.check("the message is in the dead-letter queue, with a reason", any(reasons), reasons)
    report.equal("finalize with an empty input: its error", invoke("FinalizeFunction", {}).get("errorType"), "Input.Invalid")

    report.step("sam local start-lambda: the events to try by hand")
    paths = [str(path) for path in by_hand.events()]
    report.equal("each event file has an expected answer", paths, sorted(_BY_HAND))
    for path in paths:
        function = f"{path.split('/')[1].capitalize()}Function"
        answer = invoke(function, json.loads((filled / path).read_text(encoding="utf-8")))
        report.check(path, "errorType" not in answer and _BY_HAND[path](answer), answer)
