// The bot's orders: each calls one function of the library, or a few.
package main

import (
	"time"

	"github.com/bwmarrin/discordgo"
)

type action func(*discordgo.Session, order) (fields, error)

var orders = map[string]action{
	"send": func(s *discordgo.Session, o order) (fields, error) {
		sent, err := s.ChannelMessageSend(o.Channel, o.Content)
		return idOf(sent, err)
	},
	"embed": func(s *discordgo.Session, o order) (fields, error) {
		sent, err := s.ChannelMessageSendEmbed(o.Channel, &discordgo.MessageEmbed{
			Title: o.Content, Description: "A description", Color: 0x336699,
			Fields: []*discordgo.MessageEmbedField{{Name: "name", Value: "value", Inline: true}},
			Footer: &discordgo.MessageEmbedFooter{Text: "footer"},
		})
		return idOf(sent, err)
	},
	"reply": func(s *discordgo.Session, o order) (fields, error) {
		sent, err := s.ChannelMessageSendReply(o.Channel, o.Content, &discordgo.MessageReference{
			MessageID: o.ID, ChannelID: o.Channel, GuildID: o.Guild,
		})
		return idOf(sent, err)
	},
	"edit": func(s *discordgo.Session, o order) (fields, error) {
		return idOf(s.ChannelMessageEdit(o.Channel, o.ID, o.Content))
	},
	"remove": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.ChannelMessageDelete(o.Channel, o.ID)
	},
	"bulk_remove": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.ChannelMessagesBulkDelete(o.Channel, o.IDs)
	},
	"history": func(s *discordgo.Session, o order) (fields, error) {
		page, err := s.ChannelMessages(o.Channel, o.Number, "", "", "")
		contents := []string{}
		for _, each := range page {
			contents = append(contents, each.Content)
		}
		return fields{"contents": contents}, err
	},
	"type": func(s *discordgo.Session, o order) (fields, error) { return nil, s.ChannelTyping(o.Channel) },
	"dm": func(s *discordgo.Session, o order) (fields, error) {
		channel, err := s.UserChannelCreate(o.User)
		if err != nil {
			return nil, err
		}
		return idOf(s.ChannelMessageSend(channel.ID, o.Content))
	},
	"make_channel": func(s *discordgo.Session, o order) (fields, error) {
		made, err := s.GuildChannelCreateComplex(o.Guild, discordgo.GuildChannelCreateData{
			Name: o.Name, Type: discordgo.ChannelTypeGuildText, Topic: "made by discordgo",
		})
		if err != nil {
			return nil, err
		}
		return fields{"id": made.ID, "name": made.Name}, nil
	},
	"edit_channel": func(s *discordgo.Session, o order) (fields, error) {
		edited, err := s.ChannelEdit(o.Channel, &discordgo.ChannelEdit{
			Topic: o.Content, RateLimitPerUser: &o.Number,
		})
		if err != nil {
			return nil, err
		}
		return fields{"topic": edited.Topic, "slow": edited.RateLimitPerUser}, nil
	},
	"order_channels": func(s *discordgo.Session, o order) (fields, error) {
		channels := []*discordgo.Channel{}
		for position, id := range o.IDs {
			channels = append(channels, &discordgo.Channel{ID: id, Position: position})
		}
		return nil, s.GuildChannelsReorder(o.Guild, channels)
	},
	"remove_channel": func(s *discordgo.Session, o order) (fields, error) {
		_, err := s.ChannelDelete(o.Channel)
		return nil, err
	},
	"overwrite": func(s *discordgo.Session, o order) (fields, error) {
		kind, target := discordgo.PermissionOverwriteTypeRole, o.Role
		if o.User != "" {
			kind, target = discordgo.PermissionOverwriteTypeMember, o.User
		}
		return nil, s.ChannelPermissionSet(o.Channel, target, kind, o.Allow, o.Deny)
	},
	"remove_overwrite": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.ChannelPermissionDelete(o.Channel, o.Role)
	},
	"make_role": func(s *discordgo.Session, o order) (fields, error) {
		color, yes := 0x00aa00, true
		made, err := s.GuildRoleCreate(o.Guild, &discordgo.RoleParams{
			Name: o.Name, Color: &color, Hoist: &yes, Permissions: &o.Allow, Mentionable: &yes,
		})
		if err != nil {
			return nil, err
		}
		return fields{"id": made.ID, "name": made.Name, "permissions": made.Permissions, "color": made.Color}, nil
	},
	"edit_role": func(s *discordgo.Session, o order) (fields, error) {
		edited, err := s.GuildRoleEdit(o.Guild, o.Role, &discordgo.RoleParams{Name: o.Name})
		if err != nil {
			return nil, err
		}
		return fields{"name": edited.Name, "hoist": edited.Hoist}, nil
	},
	"order_roles": func(s *discordgo.Session, o order) (fields, error) {
		roles, err := s.GuildRoles(o.Guild)
		if err != nil {
			return nil, err
		}
		moved := []*discordgo.Role{}
		for position, id := range o.IDs {
			for _, role := range roles {
				if role.ID == id {
					role.Position = position + 1
					moved = append(moved, role)
				}
			}
		}
		_, err = s.GuildRoleReorder(o.Guild, moved)
		return nil, err
	},
	"give_role": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.GuildMemberRoleAdd(o.Guild, o.User, o.Role)
	},
	"take_role": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.GuildMemberRoleRemove(o.Guild, o.User, o.Role)
	},
	"remove_role": func(s *discordgo.Session, o order) (fields, error) { return nil, s.GuildRoleDelete(o.Guild, o.Role) },
	"nick": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.GuildMemberNickname(o.Guild, o.User, o.Name)
	},
	"timeout": func(s *discordgo.Session, o order) (fields, error) {
		if o.Number == 0 {
			return nil, s.GuildMemberTimeout(o.Guild, o.User, nil)
		}
		until := time.Now().Add(time.Duration(o.Number) * time.Second)
		return nil, s.GuildMemberTimeout(o.Guild, o.User, &until, discordgo.WithAuditLogReason(o.Reason))
	},
	"kick": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.GuildMemberDeleteWithReason(o.Guild, o.User, o.Reason)
	},
	"ban": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.GuildBanCreateWithReason(o.Guild, o.User, o.Reason, o.Number)
	},
	"bans": func(s *discordgo.Session, o order) (fields, error) {
		bans, err := s.GuildBans(o.Guild, 100, "", "")
		reasons := map[string]string{}
		for _, each := range bans {
			reasons[each.User.ID] = each.Reason
		}
		return fields{"reasons": reasons}, err
	},
	"unban": func(s *discordgo.Session, o order) (fields, error) { return nil, s.GuildBanDelete(o.Guild, o.User) },
	"prune_count": func(s *discordgo.Session, o order) (fields, error) {
		count, err := s.GuildPruneCount(o.Guild, uint32(o.Number))
		return fields{"count": count}, err
	},
	"invite": func(s *discordgo.Session, o order) (fields, error) {
		made, err := s.ChannelInviteCreate(o.Channel, discordgo.Invite{MaxAge: 3600, MaxUses: o.Number, Unique: true})
		if err != nil {
			return nil, err
		}
		return fields{"code": made.Code, "uses": made.MaxUses}, nil
	},
	"invites": func(s *discordgo.Session, o order) (fields, error) {
		invites, err := s.GuildInvites(o.Guild)
		codes := []string{}
		for _, each := range invites {
			codes = append(codes, each.Code)
		}
		return fields{"codes": codes}, err
	},
	"remove_invite": func(s *discordgo.Session, o order) (fields, error) {
		_, err := s.InviteDelete(o.Name)
		return nil, err
	},
	"members": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.RequestGuildMembers(o.Guild, "", 0, "everybody", true)
	},
	"some_members": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.RequestGuildMembersList(o.Guild, o.IDs, 0, "some", false)
	},
	"presence": func(s *discordgo.Session, o order) (fields, error) {
		return nil, s.UpdateStatusComplex(discordgo.UpdateStatusData{
			Status: o.Status, Activities: []*discordgo.Activity{{Name: o.Name, Type: discordgo.ActivityTypeGame}},
		})
	},
	"rename": func(s *discordgo.Session, o order) (fields, error) {
		_, err := s.UserUpdate(o.Name, "", "")
		return nil, err
	},
	"cached": func(s *discordgo.Session, o order) (fields, error) {
		guild, err := s.State.Guild(o.Guild)
		if err != nil {
			return nil, err
		}
		allowed, err := s.State.UserChannelPermissions(s.State.User.ID, o.Channel)
		return fields{
			"name": guild.Name, "owner": guild.OwnerID, "roles": len(guild.Roles), "channels": len(guild.Channels),
			"members": guild.MemberCount, "is_admin": allowed&discordgo.PermissionAdministrator != 0,
		}, err
	},
	"cut": func(_ *discordgo.Session, _ order) (fields, error) { return nil, connection.Close() },
}

func idOf(sent *discordgo.Message, err error) (fields, error) {
	if err != nil {
		return nil, err
	}
	return fields{"id": sent.ID, "content": sent.Content}, nil
}
