"""What a session's client last subscribed to, over several subscriptions."""

from gateway.commands.commands import GuildSubscription, LazyGuilds
from gateway.sessions.session_guild import join_subscriptions


def test_a_first_subscription_is_kept_as_it_is() -> None:
    asked = LazyGuilds(guild_id=1, typing=True, members=[5], channels={"7": [[0, 99]]})

    assert join_subscriptions(None, asked) == GuildSubscription(typing=True, members=[5], channels={"7": [[0, 99]]})


def test_a_later_subscription_replaces_only_what_it_names() -> None:
    before = GuildSubscription(typing=True, members=[5], channels={"7": [[0, 99]]})

    joined = join_subscriptions(before, GuildSubscription(members=[]))

    assert joined == GuildSubscription(typing=True, members=[], channels={"7": [[0, 99]]})
