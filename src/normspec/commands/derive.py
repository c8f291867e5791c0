"""`normspec derive`: the derivations, step by step."""

import click

from normspec.commands.errors import as_wrong_call


@click.command()
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown", "latex")),
    default="text",
    show_default=True,
    help="How the mathematics is written.",
)
def command(name: str | None, form: str) -> None:
    """Print the derivation NAME step by step; without NAME, list every claim that is derived.

    Each step is proved by machine, for every group size m, when normspec's own tests run.
    """
    from normspec.derivations.catalogue import claim
    from normspec.derivations.rendering import render_catalogue, render_claim

    with as_wrong_call(ValueError):
        text = render_catalogue(form) if name is None else render_claim(claim(name), form)
    click.echo(text)
