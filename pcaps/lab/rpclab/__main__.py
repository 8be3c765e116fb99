"""The command line of the lab; `record` and `check` start it."""

from __future__ import annotations

import argparse
import fnmatch
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import manifest, settings, wireshark
from .recorder import Recorder, Recording, dcerpc_client
from .scenario import Scenario


def main() -> int:
    arguments = _arguments()
    # Imported here, so that a wrong option is told before the scenarios are read.
    from .scenarios import ALL

    chosen = _chosen(ALL, arguments.names)
    if arguments.list:
        for scenario in chosen:
            print(f"{scenario.name:34} {scenario.shows}")
        return 0
    if arguments.reread:
        _reread()
        return 0
    # Whatever ends this program, what it started is ended and what it made is removed.
    signal.signal(signal.SIGTERM, _interrupted)
    signal.signal(signal.SIGHUP, _interrupted)
    folder = Path(tempfile.mkdtemp(prefix="rpcscope-lab-"))
    try:
        recordings = _record(chosen, folder, arguments.tools)
        failures = sum(bool(recording.failure) for recording in recordings)
        if arguments.check:
            failures += _compare(recordings)
        if arguments.keep or arguments.replace:
            _keep(recordings, folder, replace=arguments.replace)
    except KeyboardInterrupt:
        print("interrupted; everything that was started has been ended", file=sys.stderr)
        return 130
    finally:
        if arguments.scratch:
            shutil.copytree(
                folder, arguments.scratch, dirs_exist_ok=True, ignore=shutil.ignore_patterns("dc", "scratch")
            )
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="record", description="Records captures of our own servers and clients.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios, with * and ?; all when there is none")
    parser.add_argument("--list", action="store_true", help="say which scenarios there are, and record nothing")
    parser.add_argument("--keep", action="store_true", help="add captures to pcaps/ that are not there")
    parser.add_argument("--replace", action="store_true", help="put captures into pcaps/, also in place of older ones")
    parser.add_argument("--check", action="store_true", help="compare what is seen with what the manifest claims")
    parser.add_argument("--reread", action="store_true", help="read the claims of all captures in pcaps/ again")
    parser.add_argument("--scratch", type=Path, metavar="FOLDER", help="leave captures and logs in this folder")
    parser.add_argument("--tools", type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(scenarios: tuple[Scenario, ...], patterns: list[str]) -> list[Scenario]:
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(scenario.name, pattern) for scenario in scenarios):
            sys.exit(f"no scenario is called `{pattern}`\n  hint: list them with `record --list`")
    return [one for one in scenarios if not patterns or any(fnmatch.fnmatchcase(one.name, each) for each in patterns)]


def _record(scenarios: list[Scenario], folder: Path, tools: Path) -> list[Recording]:
    started = time.monotonic()
    recordings = []
    with Recorder(folder, tools) as recorder:
        for scenario in scenarios:
            if scenario.uses_dcerpc_client() and not dcerpc_client(tools).exists():
                print(f"   skipped  {scenario.name:34} cargo, which builds its client, is missing")
                continue
            recording = recorder.record(scenario)
            recordings.append(recording)
            state = f"FAILED: {recording.failure}" if recording.failure else "ok"
            print(f"{recording.seconds:6.1f} s  {scenario.name:34} {state}", flush=True)
    good = sum(not recording.failure for recording in recordings)
    print(f"{good} of {len(recordings)} scenarios recorded in {time.monotonic() - started:.0f} s")
    return recordings


def _compare(recordings: list[Recording]) -> int:
    """Says where a recording shows something else than its capture in pcaps/; returns how many do."""
    entries, different = manifest.read(), 0
    for recording in recordings:
        known = entries.get(recording.scenario.file)
        if recording.entry is None or known is None:
            continue
        # How often something is called depends on timing, and on what else the domain has learned by then.
        then, now = known.claims.titles(), recording.entry.claims.titles()
        if then != now:
            different += 1
            print(f"{recording.scenario.name}: no longer seen {sorted(then - now)}, new {sorted(now - then)}")
    print(f"{different} captures of the manifest show something else when they are recorded again")
    return different


def _reread():
    """Brings digests and claims of the manifest up to date with the captures."""
    entries = manifest.read()
    for entry in entries.values():
        capture = settings.CAPTURES / entry.file
        entry.sha256, entry.claims = manifest.digest(capture), wireshark.read_claims(capture)
    manifest.write(entries)


def _keep(recordings: list[Recording], folder: Path, *, replace: bool):
    """Puts good recordings into pcaps/ and their entries into the manifest."""
    entries = manifest.read()
    for recording in recordings:
        file = recording.scenario.file
        if recording.failure or not recording.scenario.kept or (file in entries and not replace):
            continue
        shutil.copyfile(folder / file, settings.CAPTURES / file)
        entries[file] = recording.entry
        print(f"kept {file}")
    manifest.write(entries)


def _interrupted(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
