import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import net.dv8tion.jda.api.EmbedBuilder;
import net.dv8tion.jda.api.OnlineStatus;
import net.dv8tion.jda.api.Permission;
import net.dv8tion.jda.api.entities.Activity;
import net.dv8tion.jda.api.entities.Guild;
import net.dv8tion.jda.api.entities.Invite;
import net.dv8tion.jda.api.entities.Member;
import net.dv8tion.jda.api.entities.Message;
import net.dv8tion.jda.api.entities.Role;
import net.dv8tion.jda.api.entities.UserSnowflake;
import net.dv8tion.jda.api.entities.channel.concrete.TextChannel;
import net.dv8tion.jda.api.sharding.ShardManager;
import net.dv8tion.jda.api.utils.data.DataArray;
import net.dv8tion.jda.api.utils.data.DataObject;

/** The bot's orders: each calls one method of the library, or a few. */
final class Orders {
    private final ShardManager shards;
    private final Map<String, Function<DataObject, DataObject>> actions = Map.ofEntries(
            Map.entry("send", order -> told(channel(order).sendMessage(order.getString("content")).complete())),
            Map.entry("embed", this::embed),
            Map.entry("reply", this::reply),
            Map.entry("edit", this::edit),
            Map.entry("remove", order -> done(channel(order).deleteMessageById(order.getString("id")).complete())),
            Map.entry("bulk_remove", order -> done(channel(order).deleteMessagesByIds(texts(order, "ids")).complete())),
            Map.entry("history", this::history),
            Map.entry("type", order -> done(channel(order).sendTyping().complete())),
            Map.entry("dm", this::dm),
            Map.entry("make_channel", this::makeChannel),
            Map.entry("edit_channel", this::editChannel),
            Map.entry("order_channels", this::orderChannels),
            Map.entry("remove_channel", order -> done(channel(order).delete().complete())),
            Map.entry("overwrite", this::overwrite),
            Map.entry("remove_overwrite", order -> done(channel(order).getPermissionOverride(role(order)).delete().complete())),
            Map.entry("make_role", this::makeRole),
            Map.entry("edit_role", order -> done(role(order).getManager().setName(order.getString("name")).complete())),
            Map.entry("order_roles", this::orderRoles),
            Map.entry("give_role", order -> done(guild(order).addRoleToMember(user(order), role(order)).complete())),
            Map.entry("take_role", order -> done(guild(order).removeRoleFromMember(user(order), role(order)).complete())),
            Map.entry("remove_role", order -> done(role(order).delete().complete())),
            Map.entry("nick", order -> done(member(order).modifyNickname(order.getString("name")).complete())),
            Map.entry("timeout", this::timeout),
            Map.entry("kick", order -> done(guild(order).kick(user(order)).reason(order.getString("reason")).complete())),
            Map.entry("ban", this::ban),
            Map.entry("bans", this::bans),
            Map.entry("unban", order -> done(guild(order).unban(user(order)).complete())),
            Map.entry("prune_count", order -> DataObject.empty()
                    .put("count", guild(order).retrievePrunableMemberCount(order.getInt("number")).complete())),
            Map.entry("invite", this::invite),
            Map.entry("invites", this::invites),
            Map.entry("remove_invite", this::removeInvite),
            Map.entry("members", order -> members(guild(order).loadMembers().get())),
            Map.entry("some_members", order -> members(
                    guild(order).retrieveMembersByIds(texts(order, "ids").toArray(String[]::new)).get())),
            Map.entry("presence", this::presence),
            Map.entry("rename", this::rename),
            Map.entry("cached", this::cached),
            Map.entry("cut", order -> {
                Bot.cut();
                return DataObject.empty();
            }));

    Orders(ShardManager shards) {
        this.shards = shards;
    }

    DataObject follow(DataObject order) {
        return actions.get(order.getString("order")).apply(order);
    }

    private static DataObject done(Object ignored) {
        return DataObject.empty();
    }

    private static DataObject told(Message message) {
        return DataObject.empty().put("id", message.getId()).put("content", message.getContentRaw());
    }

    private static List<String> texts(DataObject order, String name) {
        List<String> texts = new ArrayList<>();
        DataArray given = order.getArray(name);
        for (int index = 0; index < given.length(); index++) {
            texts.add(given.getString(index));
        }
        return texts;
    }

    private Guild guild(DataObject order) {
        return shards.getGuildById(order.getString("guild"));
    }

    private TextChannel channel(DataObject order) {
        return shards.getTextChannelById(order.getString("channel"));
    }

    private Role role(DataObject order) {
        return shards.getRoleById(order.getString("role"));
    }

    private static UserSnowflake user(DataObject order) {
        return UserSnowflake.fromId(order.getString("user"));
    }

    private Member member(DataObject order) {
        return guild(order).getMember(user(order));
    }

    private DataObject embed(DataObject order) {
        var embed = new EmbedBuilder()
                .setTitle(order.getString("content"))
                .setDescription("A description")
                .setColor(0x336699)
                .addField("name", "value", true)
                .setFooter("footer")
                .build();
        return told(channel(order).sendMessageEmbeds(embed).complete());
    }

    private DataObject reply(DataObject order) {
        return told(channel(order)
                .sendMessage(order.getString("content"))
                .setMessageReference(order.getString("id"))
                .complete());
    }

    private DataObject edit(DataObject order) {
        return told(channel(order).editMessageById(order.getString("id"), order.getString("content")).complete());
    }

    private DataObject history(DataObject order) {
        List<Message> page = channel(order).getHistory().retrievePast(order.getInt("number")).complete();
        var contents = page.stream().map(Message::getContentRaw).toList();
        return DataObject.empty().put("contents", DataArray.fromCollection(contents));
    }

    private DataObject dm(DataObject order) {
        var user = shards.retrieveUserById(order.getString("user")).complete();
        return told(user.openPrivateChannel().complete().sendMessage(order.getString("content")).complete());
    }

    private DataObject makeChannel(DataObject order) {
        TextChannel made = guild(order).createTextChannel(order.getString("name")).setTopic("made by JDA").complete();
        return DataObject.empty().put("id", made.getId()).put("name", made.getName());
    }

    private DataObject editChannel(DataObject order) {
        TextChannel channel = channel(order);
        return done(channel.getManager().setTopic(order.getString("content")).setSlowmode(order.getInt("number")).complete());
    }

    private DataObject orderChannels(DataObject order) {
        List<String> ids = texts(order, "ids");
        var action = guild(order).modifyTextChannelPositions();
        action.sortOrder((one, other) -> Integer.compare(ids.indexOf(one.getId()), ids.indexOf(other.getId())));
        return done(action.complete());
    }

    private DataObject orderRoles(DataObject order) {
        List<String> ids = texts(order, "ids");
        var action = guild(order).modifyRolePositions(true);
        for (int place = 0; place < ids.size(); place++) {
            action.selectPosition(guild(order).getRoleById(ids.get(place))).moveTo(place);
        }
        return done(action.complete());
    }

    private DataObject overwrite(DataObject order) {
        long allow = order.getLong("allow");
        long deny = order.getLong("deny");
        var holder = order.hasKey("user") ? member(order) : role(order);
        return done(channel(order).upsertPermissionOverride(holder).setPermissions(allow, deny).complete());
    }

    private DataObject makeRole(DataObject order) {
        Role made = guild(order).createRole()
                .setName(order.getString("name"))
                .setColor(0x00aa00)
                .setHoisted(true)
                .setPermissions(order.getLong("allow"))
                .setMentionable(true)
                .complete();
        return DataObject.empty()
                .put("id", made.getId())
                .put("name", made.getName())
                .put("permissions", String.valueOf(made.getPermissionsRaw()))
                .put("color", made.getColorRaw());
    }

    private DataObject timeout(DataObject order) {
        int seconds = order.getInt("number");
        if (seconds == 0) {
            return done(guild(order).removeTimeout(user(order)).complete());
        }
        return done(guild(order).timeoutFor(user(order), Duration.ofSeconds(seconds))
                .reason(order.getString("reason")).complete());
    }

    private DataObject ban(DataObject order) {
        return done(guild(order).ban(user(order), order.getInt("number"), TimeUnit.DAYS)
                .reason(order.getString("reason")).complete());
    }

    private DataObject bans(DataObject order) {
        DataObject reasons = DataObject.empty();
        for (Guild.Ban ban : guild(order).retrieveBanList().complete()) {
            reasons.put(ban.getUser().getId(), ban.getReason());
        }
        return DataObject.empty().put("reasons", reasons);
    }

    private DataObject invite(DataObject order) {
        Invite made = channel(order).createInvite()
                .setMaxAge(3600)
                .setMaxUses(order.getInt("number"))
                .setUnique(true)
                .complete();
        return DataObject.empty().put("code", made.getCode()).put("uses", made.getMaxUses());
    }

    private DataObject invites(DataObject order) {
        var codes = guild(order).retrieveInvites().complete().stream().map(Invite::getCode).toList();
        return DataObject.empty().put("codes", DataArray.fromCollection(codes));
    }

    private DataObject removeInvite(DataObject order) {
        var jda = shards.getShards().get(0);
        return done(Invite.resolve(jda, order.getString("name")).complete().delete().complete());
    }

    private static DataObject members(List<Member> members) {
        Bot.say("members", DataObject.empty().put("ids", Events.ids(members)));
        return DataObject.empty();
    }

    private DataObject presence(DataObject order) {
        shards.setPresence(OnlineStatus.fromKey(order.getString("status")), Activity.playing(order.getString("name")));
        return DataObject.empty();
    }

    private DataObject rename(DataObject order) {
        var self = shards.getShards().get(0).getSelfUser();
        return done(self.getManager().setName(order.getString("name")).complete());
    }

    private DataObject cached(DataObject order) {
        Guild guild = guild(order);
        return DataObject.empty()
                .put("name", guild.getName())
                .put("owner", guild.getOwnerId())
                .put("roles", guild.getRoles().size())
                .put("channels", guild.getChannels().size())
                .put("members", guild.getMemberCount())
                .put("is_admin", guild.getSelfMember().hasPermission(Permission.ADMINISTRATOR));
    }
}
