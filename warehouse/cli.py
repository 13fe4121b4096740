"""The `qhawaq` command. Each subcommand's module is imported only when it is called, so that help is quick."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path

import click

from ml import parallel
from warehouse import machine
from warehouse.errors import QhawaqError, UsageError

# Name → (module under warehouse.commands, one line for the overview, in the order of the day's work).
COMMANDS = {
    "simulate": ("simulate", "Write a synthetic country's deliveries into a synthetic home."),
    "collect": ("collect", "Collect deliveries from the APIs into the inbox."),
    "check": ("check", "Validate one delivery as landing would, without landing it."),
    "codes": ("codes", "List codes that are on no list; accept, map or reject one."),
    "parameters": ("parameters", "List capacities, costs, holidays, targets, deadlines; state or withdraw one."),
    "run": ("run", "Do the main job: land, build, train if due, score, publish."),
    "land": ("land", "Land what waits in the inbox."),
    "withdraw": ("withdraw", "Take a landed delivery out from now on; the past stays as it was known."),
    "build": ("build", "Build features and outcomes, close the as-of dates."),
    "train": ("train", "Train on matured labels, if there are new ones."),
    "backtest": ("backtest", "Judge candidates, rules and baselines on years they have not seen."),
    "tune": ("tune", "Search hyperparameters on the years before the test year."),
    "drift": ("drift", "Compare what the live model meets with what it learned from."),
    "effects": ("effects", "Compare children who got a service with comparable ones who did not."),
    "deploy": ("deploy", "Make a model live if its gate passed, else the best rule."),
    "score": ("score", "Score the current dates, give reasons, build the marts."),
    "publish": ("publish", "Write, verify and switch the serving files."),
    "rollback": ("publish", "Switch the serving files back to an earlier release."),
    "notify": ("notify", "Tell schools, UGELs and senders what is new for them, once."),
    "report": ("report", "Write the monthly bulletin of the country, a region or a UGEL."),
    "worksheet": ("worksheet", "Write a week's visit sheets of a UGEL as PDF, with names; each child logged."),
    "letter": ("letter", "Write a letter to families: what is kept and for what, a visit, how to object."),
    "check-history": ("check_history", "Test every closed as-of date, and its Parquet against the tables."),
    "diff": ("diff", "Show which rows, marts and lists a change of SQL alters."),
    "query": ("query", "Answer a question: dropout by grade, sex where department = Cusco from 2019."),
    "export-analysts": ("export_analysts", "Write an extract for one analyst; list extracts, end one."),
    "explain": ("child", "Show how a child's score comes about, term by term."),
    "replay": ("replay", "Show a past list beside what was known, done and happened."),
    "audit": ("audit", "Walk a number down to file and line; pack what proves it."),
    "subject": ("subject", "Answer a family: what is held, a correction, an objection, a review."),
    "retain": ("retain", "Delete what has been kept long enough, and prove it."),
    "access-log": ("access_log", "Show who looked at a child; check that the log is as it was written."),
    "reidentify": ("child", "Show who a child is, for a stated reason; logged."),
    "serve": ("serve", "Answer predictions and children's pages over HTTP, on 127.0.0.1."),
    "key": ("key", "Make, list, revoke or rotate a machine's key for the service."),
    "backup": ("backup", "Copy the home, with the hash of every file."),
    "rotate-secret": ("rotate_secret", "Seal the home with another secret; children's keys stay."),
    "restore": ("backup", "Make a home of a backup."),
    "verify": ("verify", "Read the whole home against its hashes; say what is damaged."),
    "status": ("status", "Show the state of the home without opening the warehouse."),
}


# Packages that not every installation has → the extra that brings them.
EXTRAS = {
    "serve": ("fastapi", "httptools", "jinja2", "jwt", "prometheus_client", "python_multipart", "segno", "uvicorn"),
    "report": ("altair", "great_tables", "pandas", "segno", "typst", "vl_convert", "xlsxwriter"),
    "analysis": ("metricflow",),
    "docs": ("markdown_it",),
}

DEBUG = "QHAWAQ_DEBUG"  # set: errors of the machine show their traceback too; it can quote a value of a delivery
_called: list[Path] = []  # the home of the command that runs


class Lazy(click.Group):
    """A group that knows its commands' names and summaries without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the day's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the module of one command."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"warehouse.commands.{COMMANDS[name][0]}")
        return getattr(module, name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the overview from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from warehouse.version import described

        click.echo(f"qhawaq {described()}")
        context.exit()


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="The home of the warehouse (default: $QHAWAQ_HOME, else ./data).")
@click.option("--log", type=click.Choice(["text", "json"]), default="text", help="How progress is written.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option(
    "--version", is_flag=True, callback=_version, is_eager=True, expose_value=False, help="Version and commit."
)
@click.pass_context
def qhawaq(context: click.Context, home: str | None, log: str, quiet: bool) -> None:
    """Qhawaq watches over children's schooling: from raw deliveries to tested marts, scores and reasons."""
    from warehouse.commands.context import Context
    from warehouse.progress import Progress
    from warehouse.settings import Home

    context.obj = Context(Home.find(home), Progress(as_json=log == "json", quiet=quiet))
    _called[:] = [context.obj.home.root]


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exit 0 when done, 1 when something failed, 2 when called wrongly."""
    parallel.one_thread_each()
    os.umask(0o077)  # what a command writes is its user's alone
    try:
        qhawaq.main(args=arguments, prog_name="qhawaq", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        _fail("interrupted: call again, it resumes where it stopped", 1)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except UsageError as error:
        _fail(str(error), 2)
    except QhawaqError as error:
        _fail(str(error), 1)
    except ModuleNotFoundError as error:
        _fail(_lacking(error), 1)
    except Exception as error:  # of the machine or an engine: told by type and number, else it is ours to mend
        _fail(_said(error), 1)


def _said(error: Exception) -> str:
    """Say what an error of the machine means; raise what is none, and every one where the whole story is wanted."""
    said = machine.sentence(error, _home())
    if said is None:
        raise error
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    return said


def _home() -> Path:
    """Return the home that was named, by the context of the command that failed or the environment."""
    from warehouse.settings import Home

    return _called[-1] if _called else Home.find().root


def _lacking(error: ModuleNotFoundError) -> str:
    """Say which extra brings a package; raise what is no extra's."""
    for extra, packages in EXTRAS.items():
        if (error.name or "").startswith(packages):  # a package may bring modules of longer names
            return (
                f"this needs the package {error.name}, which is not installed: in a clone call 'make .venv/.{extra}', "
                f"elsewhere install qhawaq[{extra}]"
            )
    raise error


def _fail(message: str, code: int) -> None:
    click.echo(f"qhawaq: {message}", err=True)
    sys.exit(code)
