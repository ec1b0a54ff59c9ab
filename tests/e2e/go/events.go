// The bot's events, written as JSON lines.
package main

import "github.com/bwmarrin/discordgo"

func listen(session *discordgo.Session) {
	isFirst := true
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.Ready) {
		if !isFirst {
			say("identified_anew", fields{})
			return
		}
		isFirst = false
		guilds := []string{}
		for _, guild := range e.Guilds {
			guilds = append(guilds, guild.ID)
		}
		say("ready", fields{"user": e.User.ID, "guilds": guilds, "shard": e.Shard})
	})
	session.AddHandler(func(_ *discordgo.Session, _ *discordgo.Resumed) { say("resumed", fields{}) })
	session.AddHandler(func(_ *discordgo.Session, _ *discordgo.Disconnect) { say("disconnected", fields{}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildCreate) {
		say("guild", fields{"id": e.ID, "name": e.Name, "members": len(e.Members), "channels": len(e.Channels)})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildDelete) { say("guild_gone", fields{"id": e.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildMembersChunk) {
		ids := []string{}
		for _, member := range e.Members {
			ids = append(ids, member.User.ID)
		}
		say("members", fields{"ids": ids, "nonce": e.Nonce, "presences": len(e.Presences)})
	})
	listenToMessages(session)
	listenToPlaces(session)
	listenToMembers(session)
}

func listenToMessages(session *discordgo.Session) {
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageCreate) { say("message", message(e.Message)) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageUpdate) { say("edit", message(e.Message)) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageDelete) { say("delete", fields{"id": e.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageDeleteBulk) {
		say("bulk_delete", fields{"ids": e.Messages})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.TypingStart) { say("typing", fields{"user": e.UserID}) })
}

func message(m *discordgo.Message) fields {
	told := fields{"id": m.ID, "content": m.Content, "channel": m.ChannelID, "guild": m.GuildID}
	if m.Author != nil {
		told["author"] = m.Author.ID
	}
	mentioned := []string{}
	for _, user := range m.Mentions {
		mentioned = append(mentioned, user.ID)
	}
	told["mentioned"] = mentioned
	if m.ReferencedMessage != nil {
		told["replies_to"] = m.ReferencedMessage.ID
	}
	if len(m.Embeds) > 0 {
		told["title"] = m.Embeds[0].Title
	}
	return told
}

func listenToPlaces(session *discordgo.Session) {
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.ChannelCreate) {
		say("channel", fields{"id": e.ID, "name": e.Name})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.ChannelUpdate) {
		say("channel_edit", fields{"id": e.ID, "name": e.Name, "topic": e.Topic, "overwrites": len(e.PermissionOverwrites)})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.ChannelDelete) { say("channel_gone", fields{"id": e.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildRoleCreate) {
		say("role", fields{"id": e.Role.ID, "name": e.Role.Name})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildRoleUpdate) {
		say("role_edit", fields{"id": e.Role.ID, "name": e.Role.Name, "position": e.Role.Position})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildRoleDelete) { say("role_gone", fields{"id": e.RoleID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.InviteCreate) { say("invite", fields{"code": e.Code}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.InviteDelete) { say("invite_gone", fields{"code": e.Code}) })
}

func listenToMembers(session *discordgo.Session) {
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildMemberAdd) { say("join", fields{"id": e.User.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildMemberRemove) {
		say("leave", fields{"id": e.User.ID})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildMemberUpdate) {
		say("member", fields{
			"id": e.User.ID, "nick": e.Nick, "roles": e.Roles, "silenced": e.CommunicationDisabledUntil != nil,
		})
	})
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildBanAdd) { say("ban", fields{"id": e.User.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildBanRemove) { say("unban", fields{"id": e.User.ID}) })
	session.AddHandler(func(_ *discordgo.Session, e *discordgo.PresenceUpdate) {
		told := fields{"id": e.User.ID, "status": string(e.Status)}
		if len(e.Activities) > 0 {
			told["activity"] = e.Activities[0].Name
		}
		say("presence", told)
	})
}
