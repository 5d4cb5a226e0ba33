"""Two repairs of an operator that ministack 1.5.33 lacks: Step Functions' RedriveExecution, and SQS's StartMessageMoveTask
with ListMessageMoveTasks.

They do what AWS documents, so that the runbook can be rehearsed on the local stack. Known differences: a redrive follows the
state machine as it is now, without variables of JSONata; and a move is over when its call returns.
"""

import contextvars
import copy
import inspect
import json
import sys
import threading
import time
import types

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid, now_iso
from ministack.services import sqs, stepfunctions

FAILED = ("FAILED", "TIMED_OUT", "ABORTED")
REDRIVABLE_SECONDS = 14 * 86_400
RESUME = "Redrive"
"""A state that is put before the failed one, and passes the failed state's input to it. History does not show it."""

_moves = {}
"""The move tasks by account, region and source ARN, the newest last."""


# Step Functions


def redrive_execution(data):
    arn = data.get("executionArn")
    failed = stepfunctions._executions.get(arn)
    if failed is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'", 400)
    machine = stepfunctions._state_machines.get(failed["stateMachineArn"])
    if (reason := why_not_redrivable(failed, machine)) is not None:
        return error_response_json("ExecutionNotRedrivable", f"Execution '{arn}' {reason}", 400)
    name, state_input = last_entered(failed, machine)
    now = now_iso()
    # A copy: the thread of the failed execution may sleep before a retry. It must not continue because the status is RUNNING again.
    execution = copy.deepcopy(failed)
    execution.update(status="RUNNING", stopDate=None, output=None, redriveDate=now, redriveCount=redrive_count(failed) + 1)
    execution.pop("error", None)
    execution.pop("cause", None)
    stepfunctions._executions[arn] = execution
    details = {"executionRedrivenEventDetails": {"redriveCount": execution["redriveCount"]}}
    stepfunctions._add_event(execution, "ExecutionRedriven", details)
    stepfunctions._emit_execution_status_event(execution)
    run_in_background(resumed(execution, machine, name, state_input), arn)
    return json_response({"redriveDate": now})


def redrive_count(execution):
    return execution.get("redriveCount", 0)


def why_not_redrivable(execution, machine):
    """Why AWS would refuse, in its words where they are known."""
    if execution["status"] not in FAILED:
        return f"is {execution['status']} and cannot be redriven"
    if machine is None:
        return "cannot be redriven: its state machine was deleted"
    ended = stepfunctions._iso_to_epoch_ms(execution["stopDate"]) or 0
    if time.time() - ended / 1000 > REDRIVABLE_SECONDS:
        return "has exceeded the redrivable period of 14 days"
    if last_entered(execution, machine) is None:
        return "cannot be redriven: it entered no state that the state machine has"
    return None


def last_entered(execution, machine):
    """The name and the input of the state that failed. States inside of Map and Parallel are not the state machine's own."""
    own = json.loads(machine["definition"]).get("States", {})
    for event in reversed(execution["events"]):
        entered = event.get("stateEnteredEventDetails")
        if entered and entered["name"] in own:
            return entered["name"], json.loads(entered["input"])
    return None


def resumed(execution, machine, name, state_input):
    """ministack's own function that runs an execution, with other lookups: here the state machine begins at the failed state."""
    definition = json.loads(machine["definition"])
    # A Result is taken as it is, where a path or an expression would be evaluated.
    definition["States"][RESUME] = {"Type": "Pass", "QueryLanguage": "JSONPath", "Result": state_input, "Next": name}
    definition["StartAt"] = RESUME

    def add_event(execution, event_type, details=None):
        shown = (details or {}).get("stateEnteredEventDetails") or (details or {}).get("stateExitedEventDetails") or {}
        if shown.get("name") != RESUME:
            stepfunctions._add_event(execution, event_type, details)

    lookups = vars(stepfunctions) | {
        "_add_event": add_event,
        "_executions": {execution["executionArn"]: execution},
        "_state_machines": {execution["stateMachineArn"]: machine | {"definition": json.dumps(definition)}},
    }
    return types.FunctionType(stepfunctions._run_execution.__code__, lookups)


def run_in_background(walk, arn):
    """As StartExecution does it: the thread needs the caller's account and region."""
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(walk, arn), daemon=True).start()


def describe_execution(data, described):
    """ministack's description with the redrives."""
    status, headers, body = described
    execution = stepfunctions._executions.get(data.get("executionArn"))
    if status != 200 or execution is None:
        return described
    reason = why_not_redrivable(execution, stepfunctions._state_machines.get(execution["stateMachineArn"]))
    more = {"redriveCount": redrive_count(execution), "redriveStatus": "NOT_REDRIVABLE" if reason else "REDRIVABLE"}
    if reason:
        more["redriveStatusReason"] = f"Execution {reason}"
    if "redriveDate" in execution:
        more["redriveDate"] = execution["redriveDate"]
    return json_response(json.loads(body) | more)


# SQS


def start_message_move_task(data, _url):
    source = move_source(data)
    named = data.get("DestinationArn")
    destination = None if named is None else queue(named, "destination")
    handle = new_uuid()
    task = {"TaskHandle": handle, "SourceArn": data["SourceArn"], "StartedTimestamp": int(time.time() * 1000)}
    if named is not None:
        task["DestinationArn"] = named
    if data.get("MaxNumberOfMessagesPerSecond") is not None:
        task["MaxNumberOfMessagesPerSecond"] = int(data["MaxNumberOfMessagesPerSecond"])
    with sqs._queues_lock:
        visible = [message for message in source["messages"] if message["visible_at"] <= time.time()]
        moved, reason = move(source, visible, destination)
    task |= {"ApproximateNumberOfMessagesMoved": moved, "ApproximateNumberOfMessagesToMove": len(visible)}
    task |= {"Status": "FAILED", "FailureReason": reason} if reason else {"Status": "COMPLETED"}
    _moves.setdefault(place(data["SourceArn"]), []).append(task)
    sqs.esm_wake.set()
    return {"TaskHandle": handle}


def list_message_move_tasks(data, _url):
    move_source(data)
    limit = int(data.get("MaxResults") or 1)
    # AWS returns the handle of running tasks only. Here a task has ended when its call returns.
    known = [{name: task[name] for name in task if name != "TaskHandle"} for task in _moves.get(place(data["SourceArn"]), [])]
    return {"Results": known[::-1][: min(limit, 10)]}


def move(source, messages, destination):
    """Moves messages until one cannot be moved: how many were moved, and why it ended early."""
    for count, message in enumerate(messages):
        target = destination or sqs._queue_by_arn(message["sys"].get("DeadLetterQueueSourceArn", ""))
        if target is None:
            return count, "CouldNotDetermineMessageSource"
        source["messages"].remove(message)
        target["messages"].append(as_new(message, target))
    return len(messages), None


def as_new(message, target):
    """A moved message has a new id and a new time, and counts as not yet received."""
    now = time.time()
    system = {name: value for name, value in message["sys"].items() if name != "DeadLetterQueueSourceArn"}
    return message | {
        "id": new_uuid(),
        "sent_at": now,
        "enqueued_at": now,
        "visible_at": now + sqs.queue_delay(target),
        "receive_count": 0,
        "first_receive_at": None,
        "receipt_handle": None,
        "sys": system | {"SentTimestamp": str(int(now * 1000))},
    }


def move_source(data):
    source = queue(data.get("SourceArn"), "source")
    arn = source["attributes"]["QueueArn"]
    if not any(arn in known["attributes"].get("RedrivePolicy", "") for known in sqs._queues.values()):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    return source


def queue(arn, role):
    found = sqs._queue_by_arn(arn or "")
    if found is None:
        raise sqs._Err("ResourceNotFoundException", f"The resource that you specified for the {role} doesn't exist: {arn}")
    return found


def place(arn):
    return get_account_id(), get_region(), arn


# Installing them


def install():
    """ministack has no setting for this, so this replaces private functions. It exits if ministack has changed them."""
    if "RedriveExecution" in inspect.getsource(stepfunctions.handle_request) or "StartMessageMoveTask" in sqs._HANDLERS:
        sys.exit("ministack itself now has RedriveExecution or StartMessageMoveTask: remove them from ministack_repairs.py")
    if "_state_machines" not in stepfunctions._run_execution.__code__.co_names:
        sys.exit("ministack has changed: stepfunctions._run_execution does not look up _state_machines any more")
    original = stepfunctions.handle_request

    async def handle_request(method, path, headers, body, query_params):
        action = headers.get("x-amz-target", "").split(".")[-1]
        if action == "RedriveExecution":
            return stepfunctions._finalize_response(redrive_execution(json.loads(body or b"{}")))
        answer = await original(method, path, headers, body, query_params)
        if action == "DescribeExecution":
            return stepfunctions._finalize_response(describe_execution(json.loads(body or b"{}"), answer))
        return answer

    stepfunctions.handle_request = handle_request
    sqs._HANDLERS.update(StartMessageMoveTask=start_message_move_task, ListMessageMoveTasks=list_message_move_tasks)
