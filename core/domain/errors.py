"""The errors of requests, as one tree.

A leaf carries Discord's JSON error code and the text for people. Domain errors know no HTTP and no WebSocket:
`api/http/errors.py` maps the five branches to statuses. `Unavailable` stands beside them for a backend that is away:
the request may be repeated.
"""

from typing import ClassVar


class DomainError(Exception):
    """The root of the tree. `code` is Discord's JSON error code, `message` the text that a client shows."""

    code: ClassVar[int] = 0
    message: ClassVar[str] = "General error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    @property
    def text(self) -> str:
        """The text for people."""
        return str(self.args[0])


class Unauthorized(DomainError):
    """The token is missing or wrong."""

    message = "401: Unauthorized"


class NotFound(DomainError):
    """The thing is not there, or the caller may not know that it is."""

    message = "404: Not Found"


class Forbidden(DomainError):
    """The caller may not do this."""

    code = 50013
    message = "Missing Permissions"


class Conflict(DomainError):
    """The request does not fit the present state."""


class Unavailable(DomainError):
    """A backend is away; nothing was changed, the request may be repeated after `retry_after_s`."""

    message = "Service unavailable"

    def __init__(self, message: str | None = None, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(Unavailable):
    """A backend went away in the middle of a write, which may have been done or not, or may still be done."""


class StaleRights(Exception):
    """Rights have changed since they were checked. The check is repeated, so no client hears of it."""


class FieldError(Exception):
    """One wrong field: `path` like ("embeds", 0, "title"), a form code like BASE_TYPE_REQUIRED, a text."""

    def __init__(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.code = code
        self.message = message


class NotBuilt(DomainError):
    """A documented feature that this server does not have yet. Fields name the parts of the request that ask for it."""

    message = "This server does not support this yet"

    def __init__(self, message: str | None = None, *fields: FieldError) -> None:
        super().__init__(message)
        self.fields = fields


class RateLimited(DomainError):
    """The caller asks too often. `scope` is user, global or shared; seconds may be a fraction."""

    message = "You are being rate limited."

    def __init__(self, retry_after_s: float, *, scope: str = "user", bucket: str = "") -> None:
        super().__init__()
        self.retry_after_s = retry_after_s
        self.scope = scope
        self.bucket = bucket


class DirectsOpenedTooFast(RateLimited):
    """The caller opens new direct channels too often."""

    code = 40003
    message = "You are opening direct messages too fast"


class Invalid(DomainError):
    """The input is wrong. With fields it is a form error (50035) that names each of them."""

    code = 50035
    message = "Invalid Form Body"

    def __init__(self, *fields: FieldError, message: str | None = None) -> None:
        super().__init__(message)
        self.fields = fields


def unbuilt_field(path: tuple[str | int, ...], what: str) -> NotBuilt:
    """The refusal of a field; `what` goes on with "This server does not support"."""
    message = f"This server does not support {what} yet"
    return NotBuilt(message, FieldError(path, "NOT_BUILT", message))


def invalid_field(path: str | tuple[str | int, ...], code: str, message: str) -> Invalid:
    """A form error with one field."""
    return Invalid(FieldError((path,) if isinstance(path, str) else path, code, message))


class UnknownChannel(NotFound):
    code = 10003
    message = "Unknown Channel"


class UnknownGuild(NotFound):
    code = 10004
    message = "Unknown Guild"


class UnknownApplication(NotFound):
    code = 10002
    message = "Unknown Application"


class UnknownIntegration(NotFound):
    code = 10005
    message = "Unknown Integration"


class UnknownInvite(NotFound):
    code = 10006
    message = "Unknown Invite"


class UnknownMember(NotFound):
    code = 10007
    message = "Unknown Member"


class UnknownMessage(NotFound):
    code = 10008
    message = "Unknown Message"


class UnknownOverwrite(NotFound):
    code = 10009
    message = "Unknown Overwrite"


class UnknownRole(NotFound):
    code = 10011
    message = "Unknown Role"


class UnknownUser(NotFound):
    code = 10013
    message = "Unknown User"


class UnknownBan(NotFound):
    code = 10026
    message = "Unknown Ban"


class UnknownStageInstance(NotFound):
    code = 10067
    message = "Unknown Stage Instance"


class UnknownVoiceState(NotFound):
    code = 10065
    message = "Unknown Voice State"


class UnknownPeerRound(NotFound):
    """The round of a call from client to client is over, or one of the two is not in it. Discord has no such calls."""

    message = "Unknown Round"


class UnknownWebhook(NotFound):
    code = 10015
    message = "Unknown Webhook"


class UnknownWelcomeScreen(NotFound):
    code = 10069
    message = "Unknown Guild Welcome Screen"


class UnknownSession(NotFound):
    code = 10020
    message = "Unknown Session"


class UnknownStaffMember(NotFound):
    message = "Unknown member of staff"


class UnknownStaffToken(NotFound):
    message = "Unknown token of staff"


class UnknownReport(NotFound):
    message = "Unknown report"


class StaffAlone(Forbidden):
    """The role of the member of staff does not suffice."""

    message = "Your role of instance staff does not allow this"


class OwnsGuilds(Conflict):
    code = 40011
    message = "You must transfer ownership of any owned guilds before deleting your account"


class AccountSuspended(Forbidden):
    """Staff has suspended the account."""

    message = "This account is suspended"


class MissingAccess(Forbidden):
    code = 50001
    message = "Missing Access"


class WrongAccountKind(Forbidden):
    """The route is only for bots, or only for people."""

    code = 20001
    message = "Bots cannot use this endpoint"


class OnlyBots(Forbidden):
    code = 20002
    message = "Only bots can use this endpoint"


class NotVerified(Forbidden):
    """The guild lets newcomers read for a while before they may write."""

    code = 50009
    message = "Channel verification level is too high for you to gain access"


class NotTheAuthor(Forbidden):
    code = 50005
    message = "Cannot edit a message authored by another user"


class ReplyWithoutHistory(Forbidden):
    code = 160_002
    message = "Cannot reply without permission to read message history"


class ForwardWithoutHistory(Forbidden):
    code = 160_009
    message = "Cannot reference a message without permission to read message history"


class ForwardAgeRestricted(Forbidden):
    """The message is in an age-restricted channel, and would be shown in another one of a guild."""

    code = 160_010
    message = "NSFW channel message reference not allowed"


class EmptyMessage(Invalid):
    code = 50006
    message = "Cannot send an empty message"


class UnknownEmoji(Invalid):
    """What somebody reacts with is no emoji. Discord answers this one 400, unlike what else is unknown."""

    code = 10014
    message = "Unknown Emoji"


class VoiceMessageContent(Invalid):
    code = 50159
    message = "Voice messages do not support additional content."


class VoiceMessageFiles(Invalid):
    code = 50160
    message = "Voice messages must have a single audio attachment."


class VoiceMessageFacts(Invalid):
    code = 50161
    message = "Voice messages must have supporting metadata."


class VoiceMessageForbidden(Forbidden):
    """The author may not SEND_VOICE_MESSAGES here."""

    code = 50173
    message = "You cannot send voice messages in this channel"


class VoiceMessageEdit(Forbidden):
    code = 50162
    message = "Voice messages cannot be edited."


class PollEdit(Invalid):
    code = 520003
    message = "Cannot edit a poll message"


class CannotSendToUser(Forbidden):
    code = 50007
    message = "Cannot send messages to this user"


class PeersOff(Forbidden):
    """The operator, or the person's own setting, does not allow calls from client to client."""

    code = 0
    message = "Calls from client to client are switched off"


class OthersInCall(Conflict):
    """Those in the call are not those to whom the caller agrees to show its address. Discord has no such calls."""

    message = "Others are in the call"


class WrongChannelType(Invalid):
    code = 50024
    message = "Cannot execute action on this channel type"


class NotATextChannel(Invalid):
    code = 50008
    message = "Cannot send messages in a non-text channel"


class ForumMessage(Invalid):
    code = 40058
    message = "Cannot send a message in a forum channel"


class DirectChannelAction(Forbidden):
    code = 50003
    message = "Cannot execute action on a DM channel"


class SystemMessageAction(Forbidden):
    code = 50021
    message = "Cannot execute action on a system message"


class InvalidRecipients(Invalid):
    code = 50033
    message = "Invalid Recipient(s)"


class BulkDeleteCount(Invalid):
    code = 50016
    message = "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages"


class BulkDeleteTooOld(Invalid):
    code = 50034
    message = "You can only bulk delete messages that are under 14 days old."


class InvalidJson(Invalid):
    code = 50109
    message = "The request body contains invalid JSON."


class TooLarge(Invalid):
    code = 40005
    message = "Request entity too large"


class SlowMode(RateLimited):
    code = 20016
    message = "This action cannot be performed due to slowmode rate limit"


class LimitReached(Conflict):
    """The greatest number of a thing is reached; the code differs by thing."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.limit_code = code


class ReactionBlocked(Forbidden):
    """The author of the message blocks who reacts."""

    code = 90001
    message = "Reaction was blocked"


class TooManyReactions(Forbidden):
    """A message has as many different emojis as it may have. Unlike other limits, Discord answers this one with 403."""

    code = 30010
    message = "Maximum number of reactions reached (20)"


class AlreadyCrossposted(Conflict):
    code = 40033
    message = "This message has already been crossposted"


class TooManyPins(LimitReached):
    """A channel has as many pins as it may have."""

    def __init__(self) -> None:
        super().__init__(30003, "Maximum number of pins reached for the channel (250)")


class TooManyWebhooks(LimitReached):
    """A channel has as many webhooks as it may have."""

    def __init__(self) -> None:
        super().__init__(30007, "Maximum number of webhooks reached (15)")


class TooManyWebhooksOfGuild(LimitReached):
    """A guild has as many webhooks as it may have."""

    def __init__(self) -> None:
        super().__init__(30058, "Maximum number of webhooks per guild reached (1000)")


class BannedFromGuild(Forbidden):
    code = 40007
    message = "The user is banned from this guild."


class StageIsOpen(Conflict):
    code = 150006
    message = "The Stage is already open"


class NotInVoice(Conflict):
    code = 40032
    message = "Target user is not connected to voice."


class FriendRequestsFull(Conflict):
    """The other one has too many requests that wait for an answer."""

    code = 80000
    message = "This user is not accepting friend requests right now"


class FriendRequestsClosed(Conflict):
    """The other one takes no requests from whom it shares neither friends nor guilds with, or from nobody."""

    code = 80000
    message = "Incoming friend requests disabled."


class FriendRequestBlocked(Conflict):
    """One of the two blocks the other."""

    code = 80001
    message = "Friend request blocked"


class BotsHaveNoFriends(Conflict):
    code = 80002
    message = "Bots cannot have friends"


class NotOneself(Conflict):
    code = 80003
    message = "Cannot send friend request to self"


class NobodyOfThatName(Conflict):
    code = 80004
    message = "No users with that name exist"


class AlreadyFriends(Conflict):
    code = 80007
    message = "You are already friends with that user."


class InvalidRole(Invalid):
    """The role cannot be used this way: @everyone, or one that an integration manages."""

    code = 50028
    message = "Invalid role"


class InvalidGuild(Conflict):
    code = 50055
    message = "Invalid Guild"


class OwnerIsBot(Invalid):
    code = 50132
    message = "Ownership cannot be moved to a bot user"


class SeveralParents(Conflict):
    code = 40009
    message = "Only one channel can have a parent_id modified at a time"


class CommunityChannel(Conflict):
    """The channel holds the guild's rules or its updates."""

    code = 50074
    message = "Cannot delete a channel required for Community guilds"


class CommunityChannelType(Conflict):
    """The channel that holds the guild's rules or its updates would be none of text."""

    code = 50086
    message = "Community server channels must be text channels"


class InvalidInviteCode(Conflict):
    code = 50020
    message = "Invite code was either invalid or taken"


class InvitesPaused(Forbidden):
    code = 0
    message = "Invites are currently paused for this server. Please try again later."


class BanFailed(Conflict):
    """None of several users could be banned."""

    code = 500_000
    message = "Failed to ban users"
