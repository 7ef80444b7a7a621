"""`python -m tests.fuzz --seconds 600 --jobs 2`: mutates, runs, saves what goes wrong; then the exit code is 1."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz.campaign import Campaign, Report
from tests.fuzz.cases import ACTIONS, CORPUS, kept
from tests.fuzz.running import prepare, run


def main() -> int:
    """Runs the campaign that the command line asks for."""
    options = _options()
    prepare()
    if options.replay:
        return _replay(options.json)
    reports = _in_jobs(options) if options.jobs > 1 else [_campaign(options, 0)]
    total = sum(reports[1:], start=reports[0])
    print(total.text(), flush=True)
    if options.report:
        options.report.write_text(json.dumps(total.data(), indent=2) + "\n", encoding="utf-8")
    return 1 if total.faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on (60)")
    parser.add_argument("--inputs", type=int, default=0, help="stop after so many inputs in each job")
    parser.add_argument("--seed", default=str(int(time.time())), help="the same seed gives the same inputs")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--actions", nargs="*", metavar="ACTION", help=f"only these of {', '.join(ACTIONS)}")
    parser.add_argument(
        "--traced", type=float, default=0.2, help="the share of inputs whose new lines are looked at (0.2)"
    )
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"), help="where failing inputs are saved")
    parser.add_argument("--report", type=Path, help="write the figures here as JSON, too")
    parser.add_argument("--replay", action="store_true", help="only run the kept corpus")
    parser.add_argument("--json", action="store_true", help="with --replay: what came of each case, as JSON")
    return parser.parse_args()


def _replay(as_json: bool) -> int:
    outcomes = {}
    for name, case in kept(CORPUS):
        outcome = outcomes[name] = run(case)
        if not as_json:
            print(f"{outcome.cpu_seconds:6.2f} s {outcome.resident >> 20:5} MiB  {name}  {outcome.fault}", flush=True)
    if as_json:
        print(json.dumps({name: {"fault": each.fault, "said": each.said} for name, each in outcomes.items()}))
    return int(any(outcome.fault for outcome in outcomes.values()))


def _campaign(options: argparse.Namespace, job: int) -> Report:
    campaign = Campaign(f"{options.seed}/{job}", options.found, options.traced, tuple(options.actions or ACTIONS))
    return campaign.go_on(options.seconds, options.inputs)


def _in_jobs(options: argparse.Namespace) -> list[Report]:
    """One process a job; each writes its report into a pipe."""
    ends: list[tuple[int, int]] = []
    for job in range(options.jobs):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            with os.fdopen(write, "w", encoding="utf-8") as pipe:
                json.dump(_campaign(options, job).data(), pipe)
            os._exit(0)
        os.close(write)
        ends.append((child, read))
    return [_of(child, read) for child, read in ends]


def _of(child: int, read: int) -> Report:
    with os.fdopen(read, encoding="utf-8") as pipe:
        data: dict[str, Any] = json.load(pipe)
    os.waitpid(child, 0)
    return Report.of(data)


if __name__ == "__main__":
    sys.exit(main())
