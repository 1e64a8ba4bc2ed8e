"""`hva down`: stops exactly what runs in a folder."""

import typer

from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import is_live
from deploy.embedded.shutdown import end_leftovers, end_supervisor
from deploy.hva.context import Dir, shown
from deploy.hva.output import print_text


def register(app: typer.Typer) -> None:
    @app.command()
    def down(dir: Dir = None) -> None:
        """Stop what `hva up` started in this folder."""
        print_text(stop_run(RunPaths(run_dir(dir))))


def stop_run(paths: RunPaths) -> str:
    """Stops the run and says what was done."""
    where = shown(paths.dir)
    if end_supervisor(paths):
        return f"Stopped what ran in {where}."
    left = [] if is_live(paths) else end_leftovers(paths)
    if left:
        return f"Ended what a crashed run left in {where}: {', '.join(left)}."
    return f"Nothing runs in {where}."
