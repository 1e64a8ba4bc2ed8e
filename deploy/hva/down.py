"""`hva down`: stops the embedded run of a folder and nothing else."""

import typer

from deploy.embedded.run_paths import RunPaths, run_dir
from deploy.embedded.runfile import is_live
from deploy.embedded.shutdown import end_leftovers, end_supervisor
from deploy.hva.context import Dir, display_path
from deploy.hva.output import print_text


def register(app: typer.Typer) -> None:
    @app.command()
    def down(dir: Dir = None) -> None:
        """Stop what `hva up` started in this folder."""
        print_text(stop_run(RunPaths(run_dir(dir))))


def stop_run(paths: RunPaths) -> str:
    """Stop the run and return a sentence about what was done."""
    where = display_path(paths.dir)
    if end_supervisor(paths):
        return f"Stopped the run in {where}."
    left = [] if is_live(paths) else end_leftovers(paths)
    if left:
        return f"Stopped what a crashed run left in {where}: {', '.join(left)}."
    return f"Nothing runs in {where}."
