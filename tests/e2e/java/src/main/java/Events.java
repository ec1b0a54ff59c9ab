import java.util.List;

import net.dv8tion.jda.api.entities.ISnowflake;
import net.dv8tion.jda.api.entities.Member;
import net.dv8tion.jda.api.entities.Message;
import net.dv8tion.jda.api.entities.Role;
import net.dv8tion.jda.api.events.channel.ChannelCreateEvent;
import net.dv8tion.jda.api.events.channel.ChannelDeleteEvent;
import net.dv8tion.jda.api.events.channel.update.ChannelUpdateTopicEvent;
import net.dv8tion.jda.api.events.guild.GuildBanEvent;
import net.dv8tion.jda.api.events.guild.GuildJoinEvent;
import net.dv8tion.jda.api.events.guild.GuildLeaveEvent;
import net.dv8tion.jda.api.events.guild.GuildReadyEvent;
import net.dv8tion.jda.api.events.guild.GuildUnbanEvent;
import net.dv8tion.jda.api.events.guild.invite.GuildInviteCreateEvent;
import net.dv8tion.jda.api.events.guild.invite.GuildInviteDeleteEvent;
import net.dv8tion.jda.api.events.guild.member.GuildMemberJoinEvent;
import net.dv8tion.jda.api.events.guild.member.GuildMemberRemoveEvent;
import net.dv8tion.jda.api.events.guild.member.GuildMemberUpdateEvent;
import net.dv8tion.jda.api.events.guild.override.GenericPermissionOverrideEvent;
import net.dv8tion.jda.api.events.message.MessageBulkDeleteEvent;
import net.dv8tion.jda.api.events.message.MessageDeleteEvent;
import net.dv8tion.jda.api.events.message.MessageReceivedEvent;
import net.dv8tion.jda.api.events.message.MessageUpdateEvent;
import net.dv8tion.jda.api.events.role.RoleCreateEvent;
import net.dv8tion.jda.api.events.role.RoleDeleteEvent;
import net.dv8tion.jda.api.events.role.update.RoleUpdateNameEvent;
import net.dv8tion.jda.api.events.role.update.RoleUpdatePositionEvent;
import net.dv8tion.jda.api.events.session.ReadyEvent;
import net.dv8tion.jda.api.events.session.SessionDisconnectEvent;
import net.dv8tion.jda.api.events.session.SessionRecreateEvent;
import net.dv8tion.jda.api.events.session.SessionResumeEvent;
import net.dv8tion.jda.api.events.user.UserActivityStartEvent;
import net.dv8tion.jda.api.events.user.UserTypingEvent;
import net.dv8tion.jda.api.events.user.update.UserUpdateOnlineStatusEvent;
import net.dv8tion.jda.api.hooks.ListenerAdapter;
import net.dv8tion.jda.api.utils.data.DataArray;
import net.dv8tion.jda.api.utils.data.DataObject;

/** The bot's events, written as JSON lines. */
final class Events extends ListenerAdapter {
    static DataArray ids(List<? extends ISnowflake> entities) {
        return DataArray.fromCollection(entities.stream().map(ISnowflake::getId).toList());
    }

    private static DataObject id(String id) {
        return DataObject.empty().put("id", id);
    }

    private static DataObject message(Message message) {
        DataObject told = id(message.getId())
                .put("content", message.getContentRaw())
                .put("channel", message.getChannel().getId())
                .put("guild", message.isFromGuild() ? message.getGuild().getId() : "")
                .put("author", message.getAuthor().getId())
                .put("mentioned", ids(message.getMentions().getMembers()));
        if (message.getReferencedMessage() != null) {
            told.put("replies_to", message.getReferencedMessage().getId());
        }
        if (!message.getEmbeds().isEmpty()) {
            told.put("title", message.getEmbeds().get(0).getTitle());
        }
        return told;
    }

    @Override
    public void onReady(ReadyEvent event) {
        var shard = event.getJDA().getShardInfo();
        Bot.say("ready", DataObject.empty()
                .put("user", event.getJDA().getSelfUser().getId())
                .put("guilds", ids(event.getJDA().getGuilds()))
                .put("shard", DataArray.empty().add(shard.getShardId()).add(shard.getShardTotal())));
    }

    @Override
    public void onGuildReady(GuildReadyEvent event) {
        var guild = event.getGuild();
        Bot.say("guild", id(guild.getId())
                .put("name", guild.getName())
                .put("members", guild.getMembers().size())
                .put("channels", guild.getChannels().size()));
    }

    @Override
    public void onGuildJoin(GuildJoinEvent event) {
        Bot.say("guild", id(event.getGuild().getId()).put("name", event.getGuild().getName()));
    }

    @Override
    public void onGuildLeave(GuildLeaveEvent event) {
        Bot.say("guild_gone", id(event.getGuild().getId()));
    }

    @Override
    public void onSessionResume(SessionResumeEvent event) {
        Bot.say("resumed", DataObject.empty());
    }

    @Override
    public void onSessionRecreate(SessionRecreateEvent event) {
        Bot.say("identified_anew", DataObject.empty());
    }

    @Override
    public void onSessionDisconnect(SessionDisconnectEvent event) {
        Bot.say("disconnected", DataObject.empty());
    }

    @Override
    public void onMessageReceived(MessageReceivedEvent event) {
        Bot.say("message", message(event.getMessage()));
    }

    @Override
    public void onMessageUpdate(MessageUpdateEvent event) {
        Bot.say("edit", message(event.getMessage()));
    }

    @Override
    public void onMessageDelete(MessageDeleteEvent event) {
        Bot.say("delete", id(event.getMessageId()));
    }

    @Override
    public void onMessageBulkDelete(MessageBulkDeleteEvent event) {
        Bot.say("bulk_delete", DataObject.empty().put("ids", event.getMessageIds()));
    }

    @Override
    public void onUserTyping(UserTypingEvent event) {
        Bot.say("typing", DataObject.empty().put("user", event.getUser().getId()));
    }

    @Override
    public void onChannelCreate(ChannelCreateEvent event) {
        Bot.say("channel", id(event.getChannel().getId()).put("name", event.getChannel().getName()));
    }

    @Override
    public void onChannelUpdateTopic(ChannelUpdateTopicEvent event) {
        Bot.say("channel_edit", id(event.getChannel().getId()).put("topic", event.getNewValue()));
    }

    @Override
    public void onGenericPermissionOverride(GenericPermissionOverrideEvent event) {
        int overwrites = event.getChannel().getPermissionContainer().getPermissionOverrides().size();
        Bot.say("channel_edit", id(event.getChannel().getId()).put("overwrites", overwrites));
    }

    @Override
    public void onChannelDelete(ChannelDeleteEvent event) {
        Bot.say("channel_gone", id(event.getChannel().getId()));
    }

    private static DataObject role(Role role) {
        return id(role.getId()).put("name", role.getName()).put("position", role.getPositionRaw());
    }

    @Override
    public void onRoleCreate(RoleCreateEvent event) {
        Bot.say("role", role(event.getRole()));
    }

    @Override
    public void onRoleUpdateName(RoleUpdateNameEvent event) {
        Bot.say("role_edit", role(event.getRole()));
    }

    @Override
    public void onRoleUpdatePosition(RoleUpdatePositionEvent event) {
        Bot.say("role_edit", role(event.getRole()));
    }

    @Override
    public void onRoleDelete(RoleDeleteEvent event) {
        Bot.say("role_gone", id(event.getRole().getId()));
    }

    @Override
    public void onGuildInviteCreate(GuildInviteCreateEvent event) {
        Bot.say("invite", DataObject.empty().put("code", event.getCode()));
    }

    @Override
    public void onGuildInviteDelete(GuildInviteDeleteEvent event) {
        Bot.say("invite_gone", DataObject.empty().put("code", event.getCode()));
    }

    @Override
    public void onGuildMemberJoin(GuildMemberJoinEvent event) {
        Bot.say("join", id(event.getMember().getId()));
    }

    @Override
    public void onGuildMemberRemove(GuildMemberRemoveEvent event) {
        Bot.say("leave", id(event.getUser().getId()));
    }

    @Override
    public void onGuildMemberUpdate(GuildMemberUpdateEvent event) {
        Member member = event.getMember();
        Bot.say("member", id(member.getId())
                .put("nick", member.getNickname() == null ? "" : member.getNickname())
                .put("roles", ids(member.getRoles()))
                .put("silenced", member.isTimedOut()));
    }

    @Override
    public void onGuildBan(GuildBanEvent event) {
        Bot.say("ban", id(event.getUser().getId()));
    }

    @Override
    public void onGuildUnban(GuildUnbanEvent event) {
        Bot.say("unban", id(event.getUser().getId()));
    }

    @Override
    public void onUserUpdateOnlineStatus(UserUpdateOnlineStatusEvent event) {
        Bot.say("presence", id(event.getUser().getId()).put("status", event.getNewValue().getKey()));
    }

    @Override
    public void onUserActivityStart(UserActivityStartEvent event) {
        Bot.say("presence", id(event.getUser().getId())
                .put("status", event.getMember().getOnlineStatus().getKey())
                .put("activity", event.getNewActivity().getName()));
    }
}
