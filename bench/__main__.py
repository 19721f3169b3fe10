"""make bench: the service against the bare loop and against what people would otherwise use.

Ratios within one run, A-B-A-B, because machines are noisy. Random weights, for speed does not depend on them.
Results are kept row by row: run again after an interruption, it goes on where it was.
"""

import argparse
import shlex
import sys
from contextlib import ExitStack

from tqdm import tqdm

from bench import report
from bench.fleet import Fleet
from bench.kept import Kept, commit
from bench.pictures import USUAL
from bench.places import CACHE, RESULTS
from bench.plot import plot
from bench.preparation import prepare
from bench.probe import Bench
from bench.row import Row
from bench.rows import more_rows, rows, selected
from bench.session import measure, missing
from cores import usable_cores


def main() -> None:
    """Prepare, measure what is missing, print the table and keep it."""
    given = _options()
    todo = rows(usable_cores()) + (more_rows(usable_cores()) if given.full else [])
    wanted = selected(todo, given.rows)
    prepare({subject for row in wanted for subject in row.subjects})
    now = commit()
    options = {"pairs": given.pairs, "seconds": given.seconds, "overload_s": given.overload_seconds}
    kept = Kept(CACHE / "rows" / now, options)
    failures = _measure(missing(wanted, kept, fresh=given.fresh), kept, given)
    results = [result for row in wanted if (result := kept.get(row.slug))]
    print(report.table(results, report.machine(), given.pairs))
    command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    target = report.write(report.facts(results, now, command, options), given.out)
    plot(results, f"{report.machine()}, {now}", target.with_suffix(".png"))
    print(f"kept in {target} and {target.with_suffix('.png').name}")
    if failures:
        raise SystemExit("\n".join(["not measured:", *failures]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of each run, after a second of ramp")
    parser.add_argument("--overload-seconds", type=float, default=60)
    parser.add_argument("--rows", default="", help="slugs, comma-separated")
    parser.add_argument("--full", action="store_true", help="the rows of make bench-full too")
    parser.add_argument("--fresh", action="store_true", help="measure again what this commit has already")
    parser.add_argument("--out", type=type(RESULTS), default=RESULTS, help="folder for the results")
    return parser.parse_args()


def _measure(todo: list[Row], kept: Kept, given: argparse.Namespace) -> list[str]:
    failures: list[str] = []
    with ExitStack() as stack:
        # A step is told before its run: the bar shows those that are done, hence one less.
        bar = stack.enter_context(tqdm(total=sum(row.runs(given.pairs) for row in todo), initial=-1, unit="run"))

        def step(what: str) -> None:
            bar.set_description(what)
            bar.update()

        fleet = stack.enter_context(Fleet(USUAL.path, bar.set_description))
        bench = Bench(fleet, given.pairs, given.seconds, given.overload_seconds, step)
        measure(todo, bench, fleet, kept, failures.append)
        bar.update()
    return failures


if __name__ == "__main__":
    main()
