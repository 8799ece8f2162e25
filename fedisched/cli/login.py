"""`fedisched login`: let fedisched publish for an account."""

from __future__ import annotations

import click

from fedisched.cli.account_named import account_named
from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.key import tell_of_new_key
from fedisched.cli.verb import verb
from fedisched.cli.words import doubtful, faint, good, strong
from fedisched.model.errors import FedischedError
from fedisched.model.outcome import NotSent
from fedisched.model.settings import Account
from fedisched.publisher.admission import Admission, Admitted


def _only_dash(ctx: click.Context, param: click.Parameter, value: str | None) -> bool:
    """A secret on the command line is seen by everybody on the machine, and stays in the shell's history."""
    if value not in (None, "-"):
        words = (
            f"{param.opts[0]} takes no secret on the command line, where others can see it and the shell keeps it: "
            f"write `{param.opts[0]} -`, and paste it when you are asked, or send it to standard input. What you have "
            "just typed may have been seen already: make another one."
        )
        raise click.UsageError(words, ctx)
    return value is not None


@verb
@click.argument("name", metavar="NAME")
@click.option("--paste", is_flag=True, help="Mastodon: you paste a code; for when the browser is on another machine.")
@click.option("--token", "by_token", metavar="-", callback=_only_dash, help="Mastodon: an access token of your own.")
@click.option("--password", "by_password", metavar="-", callback=_only_dash, help="Bluesky: read the app password.")
def login(here: Here, name: str, paste: bool, by_token: bool, by_password: bool) -> Exit:
    """Let fedisched publish for an account.

    NAME is an account in fedisched.toml. For Mastodon your browser opens, you agree, and that is all; for Bluesky you
    are asked for an app password. What fedisched gets is tried at once, and kept encrypted on this machine. Log in
    again at any time: the new login takes the place of the one before.

    --token - and --password - ask for a secret without showing it, or read it from standard input.

    Examples:
    fedisched login mastodon
    fedisched login mastodon --paste
    fedisched login bluesky
    pass show mastodon-token | fedisched login mastodon --token -
    """
    account = account_named(here, name)
    _refuse_misplaced(account, paste=paste, by_token=by_token, by_password=by_password)
    admission = Admission(here.settings, here.state, here.environ, here.clock, here.voice.complain)
    made = admission.make_ready()
    before = admission.kept(name)
    if made is not None:
        tell_of_new_key(here, made)
    if before is not None and before.server != account.server:
        words = f"{name} was on {before.server} before; {here.settings.source.name} says {account.server} now."
        here.voice.remark(doubtful("note: "), words)
    if account.network == "bluesky":
        from fedisched.cli.login_bluesky import log_in_on_bluesky

        admitted = log_in_on_bluesky(here, account, admission)
    else:
        from fedisched.cli.login_mastodon import log_in_on_mastodon

        admitted = log_in_on_mastodon(here, account, admission, paste=paste, by_token=by_token)
    _welcome(here, account, admitted)
    _wake(here)
    return Exit.DONE


def _refuse_misplaced(account: Account, *, paste: bool, by_token: bool, by_password: bool) -> None:
    if account.network == "bluesky" and (paste or by_token):
        raise click.UsageError(
            f"{account.name} is on Bluesky, which needs an app password: neither --paste nor --token."
        )
    if account.network == "mastodon" and by_password:
        raise click.UsageError(f"{account.name} is on Mastodon, which takes no password: leave --password out.")
    if paste and by_token:
        raise click.UsageError("--paste gets a token, --token has one: say one of the two.")


def _welcome(here: Here, account: Account, admitted: Admitted) -> None:
    """Whose account it is, what it may do, and what a newcomer needs next."""
    say, identity = here.voice, admitted.identity
    say.result(good("✓ "), strong(account.name), f" is {shown(account, identity.handle)}")
    if admitted.is_another:
        earlier = admitted.before.handle if admitted.before else ""
        who = f" ({shown(account, earlier)})" if earlier and earlier != identity.handle else ""
        words = f"this is another account than the one that {account.name} was before{who}. What that one has "
        say.result(doubtful("note: "), words, "published stays there; what is scheduled goes to this one.")
    limits = identity.limits
    told = "" if limits.source == "server" or account.network == "bluesky" else "  (the usual; the server does not say)"
    say.remark(f"  a post has up to {limits.characters} characters and {limits.media} pictures", faint(told))
    for remark in admitted.remarks:
        say.result(doubtful("note: "), remark)
    post = here.typed("new", "Hello!", "--to", account.name, "--at", "tomorrow 09:00")
    say.remark()
    say.remark("Next:")
    check, run = here.typed("check"), here.typed("run")
    for command, does in ((post, "write a post"), (check, "see that it is right"), (run, "publish")):
        say.remark(f"  {command:<{len(post)}}  ", faint(does))
    others = _without_credentials(here, account.name)
    if others:
        say.remark(f"Not logged in yet: {', '.join(others)} ({here.typed('login', others[0])}).")


def _without_credentials(here: Here, but: str) -> list[str]:
    from fedisched.vault import credential

    kept = here.vault.names()
    accounts = here.settings.accounts.items()
    return [name for name, one in accounts if name != but and name not in kept and not credential(one, here.environ)]


def _wake(here: Here) -> None:
    """A daemon that runs may have posts that waited for this."""
    from fedisched.daemon.wake import wake

    wake(here.state)


def shown(account: Account, handle: str) -> str:
    """A handle as people write it, and its server where that is not a part of it."""
    return f"@{handle}" if "@" in handle else f"@{handle} on {account.server}"


def failed(answer: NotSent | FedischedError) -> FedischedError:
    """Why a server that was not reached keeps a person from logging in."""
    if isinstance(answer, FedischedError):
        return answer
    return FedischedError(answer.reason, "Nothing was changed. Try again when it answers.")
