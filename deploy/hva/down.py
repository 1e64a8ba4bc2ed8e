"""`hva down`: stops exactly what runs in a folder."""

import typer

from deploy.embedded.ending import end_leftovers, end_supervisor
from deploy.embedded.places import Places, run_dir
from deploy.embedded.runfile import is_live
from deploy.hva.context import Dir, shown
from deploy.hva.output import print_text


def register(app: typer.Typer) -> None:
    @app.command()
    def down(dir: Dir = None) -> None:
        """Stop what `hva up` started in this folder."""
        print_text(stop_run(Places(run_dir(dir))))


def stop_run(places: Places) -> str:
    """Stops the run and says what was done."""
    where = shown(places.dir)
    if end_supervisor(places):
        return f"Stopped what ran in {where}."
    left = [] if is_live(places) else end_leftovers(places)
    if left:
        return f"Ended what a crashed run left in {where}: {', '.join(left)}."
    return f"Nothing runs in {where}."
