"""What is measured, and how? `./manage.py bench NAME [--people 10000,100000]` prints one JSON object.

`./manage.py bench import --agencies 2`: beside one agency's figures, how long each of two waits that send a list at once.
"""

import cProfile
import io
import json
import os
import pstats
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.bench import access, desk, documents, duplicates, imports, search
from refugeecm.demonstration.scratch import NotHere, ground

SIZES = {
    "import": "10000,100000",
    "access": "100000,1000000",
    "search": "100000",
    "desk": "0",
    "documents": "100,500",
    "duplicates": "0",
}


class Command(BaseCommand):
    """Measure, on databases made for it; the user's own is not touched. Large registers are kept and used again."""

    help = f"Measure. Names: {', '.join(SIZES)}."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("name", choices=list(SIZES))
        parser.add_argument(
            "--people",
            default="",
            help="sizes, separated by commas (import 10000,100000; access 100000,1000000)",
        )
        parser.add_argument(
            "--agencies", type=int, default=1, help="import: how many agencies send a list at once (1)"
        )
        parser.add_argument(
            "--folder",
            type=Path,
            action="append",
            default=[],
            help="search, desk, duplicates: a directory that make_population.py has written; duplicates: any number",
        )
        parser.add_argument(
            "--peers",
            type=Path,
            help="duplicates: a Python with the peers' packages (default: made in the cache)",
        )
        parser.add_argument("--only", default="", help="access: only the questions whose name holds this")
        parser.add_argument(
            "--profile", action="store_true", help="show where one worker's time goes, for the first size"
        )

    def handle(self, **options: Any) -> None:
        """Measure and print."""
        name, folders = options["name"], options["folder"]
        folder: Any = folders[-1] if folders else None
        if name == "desk" and folder is None:
            raise CommandError(
                "Who is registered already, and who is not, the generator must say: write a directory with"
                " make_population.py --register N --imports M --out DIR, and give it with --folder DIR."
            )
        try:
            if name == "duplicates":
                said = duplicates.measure(folders=folders, python=options["peers"], say=self.stderr.write)
                self._print(name, said)
                return
            sizes = [int(size) for size in (options["people"] or SIZES[name]).split(",")]
            now = timezone.now()
            with ground(now=now) as place:
                if name == "access":
                    figures = access.measure(
                        place, people=sizes, now=now, say=self.stderr.write, only=options["only"]
                    )
                elif name == "search":
                    figures = search.measure(
                        place, sizes=sizes, folder=folder, now=now, say=self.stderr.write
                    )
                elif name == "documents":
                    figures = documents.measure(place, sizes=sizes, now=now, say=self.stderr.write)
                elif name == "desk":
                    figures = desk.measure(place, folder=folder, now=now, say=self.stderr.write)
                elif options["profile"]:
                    self._profile(place, sizes[0])
                    return
                else:
                    figures = imports.measure(
                        place,
                        people=sizes,
                        agencies=options["agencies"],
                        now=timezone.now,
                        say=self.stderr.write,
                    )
        except (NotHere, ValueError, RuntimeError) as error:
            raise CommandError(str(error)) from error
        self._print(name, figures)

    def _print(self, name: str, figures: dict[str, Any]) -> None:
        self.stdout.write(json.dumps({"bench": name, "cores": os.cpu_count(), **figures}, indent=1))

    def _profile(self, place: Any, people: int) -> None:
        profile = cProfile.Profile()
        with tempfile.TemporaryDirectory() as directory, place.using(place.database("profile")):
            path = Path(directory) / "arrivals.csv"
            arrivals_file.write(path, rows=people, seed=people)
            profile.enable()
            call_command("import", str(path), "--agency", "BORDER", "--event", "bench", "--accept")
            profile.disable()
        text = io.StringIO()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(45)
        self.stdout.write(text.getvalue())
