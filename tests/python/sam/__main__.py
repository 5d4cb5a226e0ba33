"""Validates, builds and runs template.yaml with AWS SAM: functions in containers, beside the local stack.

    .venv-sam/bin/python tests/python/sam [--help]

Without an argument:
  1. It runs `sam validate --lint` with each stage of samconfig.toml.
  2. It runs `sam build` for x86_64 and, if the compiler has the target, for arm64. It prints the sizes, and checks the C library
     that each binary needs.
  3. It runs the demo with these builds on a local stack: its objects from the bucket to the verified webhook. Foreign binaries
     (arm64 on an x86_64 machine) need an emulator that the kernel knows (qemu-user with binfmt_misc), and their C library.
  4. It deploys the built template on the local stack with each stage's parameters.
  5. It runs all three functions in containers, by `sam local invoke` and `sam local start-lambda`, with events for a bucket of
     the local stack. It checks the answers, executions, ledger, audit records, webhooks and the stand-in's attachments.

It uses the container engine of this machine; if there is none, it installs docker.io (as root, with apt-get) and starts an
engine. It uses the stack of `make up`, or starts one. It writes to target/sam only, and stops everything that it has started.

With `build`, it makes the first two steps only. They need neither a container engine nor a local stack.

With `serve`, it makes the stack of `make up` reachable from containers until it is interrupted. It fills in functions/env.json
and functions/*/events below target/sam/filled, for `sam local` by hand.

Exit codes: 0 all checks passed, 1 a check or a step failed, 2 unknown argument, 3 there is no container engine (all other checks
passed), 130 interrupted.
"""

import os
import platform
import signal
import sys

import botocore.exceptions

import alone
import base_image
import build
import by_hand
import demo
import engine
import forwarding
import invocation
import local_stack
import served
import stages
from commands import ROOT, WORK
from report import Failed, Report, Unusable, complain
from workload import Workload


def main(arguments):
    # On SIGTERM, exit with an exception, so that the `finally` blocks stop what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if arguments in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    if arguments not in ([], ["build"], ["serve"]):
        complain(f"unknown argument: {' '.join(arguments)}; see --help")
        return 2
    WORK.mkdir(parents=True, exist_ok=True)
    report = Report()
    try:
        return serve(report) if arguments == ["serve"] else test(report, only_build=bool(arguments))
    except (Failed, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as failed:
        report.check("all steps ran", False)
        complain(failed)
        return 1
    except Unusable as missing:
        complain(missing)
        complain("no function was run in a container (exit code 3)")
        return 1 if report.failed else 3
    except KeyboardInterrupt:
        return 0 if arguments == ["serve"] else 130
    finally:
        if arguments != ["serve"]:
            report.close()


def test(report, only_build):
    build.validate(report)
    built = {each: build.build(each, report) for each in ("x86_64", "arm64") if build.can_be_built(each, report)}
    if only_build:
        return 1 if report.failed else 0
    demo.check(built, report)
    with local_stack.running(built[here()], report) as stack:
        stages.check(stack, built[here()], here(), report)
        report.step("looks for a container engine")
        with engine.running(report) as client:
            bootstraps = [built[here()] / function / "bootstrap" for function in build.FUNCTIONS]
            address = engine.bridge_address(client)
            with base_image.provided(client, here(), bootstraps, report), forwarding.to_loopback(address, stack.ports()):
                report.note(f"containers reach the local stack at {address}")
                run_functions(built[here()], stack, address, report)
    return 1 if report.failed else 0


def run_functions(built, stack, address, report):
    workload = Workload(stack)
    with workload.idle_machine() as machine:
        settings = by_hand.fill(stack, address, state_machine_arn=machine, bucket=workload.bucket) / by_hand.ENVIRONMENT
        alone.check(invocation.Functions(built, here(), settings), workload, machine, report)
    filled = by_hand.fill(stack, address, bucket=workload.bucket)
    with invocation.Functions(built, here(), filled / by_hand.ENVIRONMENT).served() as invoke:
        served.check(invoke, workload, filled, report)


def serve(report):
    stack = local_stack.find()
    if stack is None:
        raise Failed("no local stack is running; start it: make up")
    bootstraps = sorted(ROOT.glob(".aws-sam/build/*/bootstrap"))
    if not bootstraps:
        raise Failed(f"the functions are not built; run: sam build --parameter-overrides Architecture={here()}")
    with engine.running(report) as client:
        address = engine.bridge_address(client)
        with base_image.provided(client, here(), bootstraps, report), forwarding.to_loopback(address, stack.ports()):
            filled = by_hand.fill(stack, address).relative_to(ROOT)
            report.note(f"containers reach the stack at {address}; settings and events are filled in below {filled}")
            variables = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
            variables |= {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
            print(f"export {' '.join(f'{name}={value}' for name, value in variables.items())}", flush=True)
            report.note("press Ctrl-C to stop")
            signal.pause()


def here():
    """This machine's architecture, as SAM calls it."""
    return "arm64" if platform.machine() == "aarch64" else "x86_64"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
