-- A small database of schema 0005, as `sqlite3 … .dump` shows it. test_upgrades.py brings it up to date.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0005');
CREATE TABLE applications (
	id INTEGER NOT NULL, 
	owner_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	description TEXT NOT NULL, 
	icon TEXT, 
	bot_id BIGINT, 
	bot_public BOOLEAN NOT NULL, 
	bot_require_code_grant BOOLEAN NOT NULL, 
	verify_key TEXT NOT NULL, 
	flags BIGINT NOT NULL, 
	tags TEXT NOT NULL, 
	interactions_endpoint_url TEXT, 
	role_connections_verification_url TEXT, 
	CONSTRAINT pk_applications PRIMARY KEY (id), 
	CONSTRAINT fk_applications_bot_id FOREIGN KEY(bot_id) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT fk_applications_owner_id FOREIGN KEY(owner_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_applications_bot_id UNIQUE (bot_id)
);
INSERT INTO "applications" VALUES(1576264001048805376,1576264000373522432,'Echo','',NULL,1576264001048805376,1,0,'34b982197ee56abe39e2ab905f194f27660228edad7696cc9e3991a0d657c9d9',565248,'[]',NULL,NULL);
CREATE TABLE auth_sessions (
	id INTEGER NOT NULL, 
	user_id BIGINT NOT NULL, 
	token_hash BLOB NOT NULL, 
	created_ms BIGINT NOT NULL, 
	last_used_ms BIGINT NOT NULL, 
	user_agent TEXT NOT NULL, 
	address TEXT NOT NULL, 
	CONSTRAINT pk_auth_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_auth_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_auth_sessions_token_hash UNIQUE (token_hash)
);
INSERT INTO "auth_sessions" VALUES(1576264000386105344,1576264000373522432,X'57B8818FF0104055FB61EE9736F680B579BCBE4A57FD5F13FEA4F2C6138001B0',1795881023261,1795881027211,'','127.0.0.1');
INSERT INTO "auth_sessions" VALUES(1576264000600014848,1576264000591626240,X'B61C0F59687E332E631B41B9EC35BABA4B756127241D54F03D7C0AFD3BA1C71C',1795881023312,1795881027211,'','127.0.0.1');
INSERT INTO "auth_sessions" VALUES(1576264000721649664,1576264000717455360,X'D387941EB42A7F80413305430D0AD8E0EE53991304214E7288EA4D0FA7ED999C',1795881023341,1795881027211,'','127.0.0.1');
INSERT INTO "auth_sessions" VALUES(1576264000809730048,1576264000805535744,X'F8A80C2EEBDEEC655B1E54628C000645C294097B69964E6586FE226B59F53097',1795881023362,1795881027211,'','127.0.0.1');
INSERT INTO "auth_sessions" VALUES(1576264001111719936,1576264001048805376,X'C3754FC0195C5C0E223824EBC021D915C0EC990D49ED1E3E3728C5ABFF4C0B86',1795881023434,1795881023434,'','');
CREATE TABLE bans (
	guild_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	reason TEXT, 
	CONSTRAINT pk_bans PRIMARY KEY (guild_id, user_id), 
	CONSTRAINT fk_bans_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE, 
	CONSTRAINT fk_bans_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE channels (
	id INTEGER NOT NULL, 
	type SMALLINT NOT NULL, 
	guild_id BIGINT, 
	name TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	parent_id BIGINT, 
	topic TEXT, 
	nsfw BOOLEAN NOT NULL, 
	rate_limit_per_user INTEGER NOT NULL, 
	bitrate INTEGER NOT NULL, 
	user_limit INTEGER NOT NULL, 
	rtc_region TEXT, 
	video_quality_mode SMALLINT NOT NULL, 
	default_auto_archive_duration INTEGER, 
	default_thread_rate_limit_per_user INTEGER NOT NULL, 
	default_sort_order SMALLINT, 
	default_forum_layout SMALLINT NOT NULL, 
	flags BIGINT NOT NULL, 
	overwrites TEXT NOT NULL, 
	recipient_ids TEXT NOT NULL, 
	owner_id BIGINT, 
	direct_key TEXT, 
	CONSTRAINT pk_channels PRIMARY KEY (id), 
	CONSTRAINT fk_channels_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE, 
	CONSTRAINT uq_channels_direct_key UNIQUE (direct_key)
);
INSERT INTO "channels" VALUES(1576264000822312961,4,1576264000822312960,'Text Channels',0,NULL,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000822312962,0,1576264000822312960,'general',0,1576264000822312961,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000822312963,4,1576264000822312960,'Voice Channels',1,NULL,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000822312964,2,1576264000822312960,'General',0,1576264000822312963,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000902004736,4,1576264000822312960,'Workshop',2,NULL,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000910393344,0,1576264000822312960,'lounge',1,1576264000902004736,'Everything and nothing',0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000914587648,2,1576264000822312960,'Tea kitchen',1,1576264000902004736,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[]','[]',NULL,NULL);
INSERT INTO "channels" VALUES(1576264000918781953,0,1576264000822312960,'moderators',2,NULL,NULL,0,0,64000,0,NULL,1,NULL,0,NULL,0,0,'[[1576264000822312960,0,0,1024],[1576264000885227520,0,1024,0]]','[]',NULL,NULL);
CREATE TABLE cluster (
	id TEXT NOT NULL, 
	num_shards INTEGER NOT NULL, 
	CONSTRAINT pk_cluster PRIMARY KEY (id)
);
INSERT INTO "cluster" VALUES('421c441d76d60b643303efeaefdf6166',16);
CREATE TABLE guilds (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	owner_id BIGINT NOT NULL, 
	icon TEXT, 
	banner TEXT, 
	splash TEXT, 
	discovery_splash TEXT, 
	description TEXT, 
	region TEXT NOT NULL, 
	afk_channel_id BIGINT, 
	afk_timeout INTEGER NOT NULL, 
	system_channel_id BIGINT, 
	system_channel_flags INTEGER NOT NULL, 
	rules_channel_id BIGINT, 
	public_updates_channel_id BIGINT, 
	safety_alerts_channel_id BIGINT, 
	verification_level SMALLINT NOT NULL, 
	default_message_notifications SMALLINT NOT NULL, 
	explicit_content_filter SMALLINT NOT NULL, 
	mfa_level SMALLINT NOT NULL, 
	nsfw_level SMALLINT NOT NULL, 
	preferred_locale TEXT NOT NULL, 
	vanity_url_code TEXT, 
	premium_progress_bar_enabled BOOLEAN NOT NULL, 
	features TEXT NOT NULL, 
	member_count BIGINT DEFAULT '0' NOT NULL, 
	vanity_uses BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_guilds PRIMARY KEY (id), 
	CONSTRAINT uq_guilds_vanity_url_code UNIQUE (vanity_url_code)
);
INSERT INTO "guilds" VALUES(1576264000822312960,'The Engine Room',1576264000373522432,NULL,NULL,NULL,NULL,NULL,'automatic',NULL,300,1576264000822312962,0,NULL,NULL,NULL,0,0,0,0,0,'en-US',NULL,0,'[]',5,0);
CREATE TABLE invites (
	code VARCHAR(64) NOT NULL, 
	guild_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	inviter_id BIGINT, 
	created_ms BIGINT NOT NULL, 
	max_age_s INTEGER NOT NULL, 
	max_uses INTEGER NOT NULL, 
	uses INTEGER NOT NULL, 
	"temporary" BOOLEAN NOT NULL, 
	role_ids TEXT DEFAULT '[]' NOT NULL, 
	CONSTRAINT pk_invites PRIMARY KEY (code), 
	CONSTRAINT fk_invites_channel_id FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE, 
	CONSTRAINT fk_invites_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE
);
INSERT INTO "invites" VALUES('7YSxfUqV',1576264000822312960,1576264000910393344,1576264000373522432,1795881023390,0,0,3,0,'[]');
CREATE TABLE last_messages (
	channel_id INTEGER NOT NULL, 
	message_id BIGINT NOT NULL, 
	CONSTRAINT pk_last_messages PRIMARY KEY (channel_id)
);
INSERT INTO "last_messages" VALUES(1576264000822312962,1576264001187217410);
INSERT INTO "last_messages" VALUES(1576264000910393344,1576264001036222464);
INSERT INTO "last_messages" VALUES(1576264000918781953,1576264001044611072);
CREATE TABLE left_timeouts (
	guild_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	until_ms BIGINT NOT NULL, 
	CONSTRAINT pk_left_timeouts PRIMARY KEY (guild_id, user_id), 
	CONSTRAINT fk_left_timeouts_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE, 
	CONSTRAINT fk_left_timeouts_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE log (
	position INTEGER NOT NULL, 
	shard INTEGER NOT NULL, 
	envelope_id BIGINT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	envelope BLOB NOT NULL, 
	CONSTRAINT pk_log PRIMARY KEY (position)
);
CREATE TABLE log_trims (
	shard INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	CONSTRAINT pk_log_trims PRIMARY KEY (shard)
);
CREATE TABLE member_roles (
	guild_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	role_id BIGINT NOT NULL, 
	CONSTRAINT pk_member_roles PRIMARY KEY (guild_id, user_id, role_id), 
	CONSTRAINT fk_member_roles_guild_id_user_id FOREIGN KEY(guild_id, user_id) REFERENCES members (guild_id, user_id) ON DELETE CASCADE, 
	CONSTRAINT fk_member_roles_role_id FOREIGN KEY(role_id) REFERENCES roles (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "member_roles" VALUES(1576264000822312960,1576264000591626240,1576264000885227520);
INSERT INTO "member_roles" VALUES(1576264000822312960,1576264001048805376,1576264001178828800);
CREATE TABLE members (
	guild_id BIGINT NOT NULL, 
	user_id BIGINT NOT NULL, 
	joined_ms BIGINT NOT NULL, 
	nick TEXT, 
	nick_fold TEXT, 
	avatar TEXT, 
	banner TEXT, 
	bio TEXT NOT NULL, 
	mute BOOLEAN NOT NULL, 
	deaf BOOLEAN NOT NULL, 
	pending BOOLEAN NOT NULL, 
	flags BIGINT NOT NULL, 
	timeout_until_ms BIGINT NOT NULL, 
	is_temporary BOOLEAN NOT NULL, 
	CONSTRAINT pk_members PRIMARY KEY (guild_id, user_id), 
	CONSTRAINT fk_members_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE, 
	CONSTRAINT fk_members_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "members" VALUES(1576264000822312960,1576264000373522432,1795881023370,NULL,NULL,NULL,NULL,'',0,0,0,0,0,0);
INSERT INTO "members" VALUES(1576264000822312960,1576264000591626240,1795881023398,NULL,NULL,NULL,NULL,'',0,0,0,0,0,0);
INSERT INTO "members" VALUES(1576264000822312960,1576264000717455360,1795881023402,NULL,NULL,NULL,NULL,'',0,0,0,0,0,0);
INSERT INTO "members" VALUES(1576264000822312960,1576264000805535744,1795881023405,NULL,NULL,NULL,NULL,'',0,0,0,0,0,0);
INSERT INTO "members" VALUES(1576264000822312960,1576264001048805376,1795881023450,NULL,NULL,NULL,NULL,'',0,0,0,0,0,0);
CREATE TABLE messages (
	channel_id BIGINT NOT NULL, 
	bucket INTEGER NOT NULL, 
	id BIGINT NOT NULL, 
	guild_id BIGINT NOT NULL, 
	author_id BIGINT NOT NULL, 
	type SMALLINT NOT NULL, 
	content TEXT NOT NULL, 
	tts BOOLEAN NOT NULL, 
	mention_everyone BOOLEAN NOT NULL, 
	mention_ids TEXT NOT NULL, 
	mention_role_ids TEXT NOT NULL, 
	embeds BLOB NOT NULL, 
	flags INTEGER NOT NULL, 
	pinned BOOLEAN NOT NULL, 
	edited_ms BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	nonce TEXT, 
	nonce_is_int BOOLEAN NOT NULL, 
	reference_id BIGINT, 
	CONSTRAINT pk_messages PRIMARY KEY (channel_id, bucket, id)
)
 WITHOUT ROWID

;
INSERT INTO "messages" VALUES(1576264000822312962,434,1576264000964919298,1576264000822312960,1576264000591626240,7,'',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000822312962,434,1576264000981696514,1576264000822312960,1576264000717455360,7,'',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000822312962,434,1576264000994279426,1576264000822312960,1576264000805535744,7,'',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000822312962,434,1576264001187217410,1576264000822312960,1576264001048805376,7,'',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001002668033,1576264000822312960,1576264000373522432,0,'Welcome to the Engine Room! Everything you see here was made over the API a second ago.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001006862336,1576264000822312960,1576264000591626240,0,'It works with the libraries that we use already. I changed two lines of my bot.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001015250944,1576264000822312960,1576264000717455360,19,'Which two?',0,0,'[1576264000591626240]','[]',X'5B5D',0,0,0,0,NULL,0,1576264001006862336);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001023639552,1576264000822312960,1576264000591626240,0,'The address of the API and the address of the gateway. See examples/bot.py.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001027833856,1576264000822312960,1576264000717455360,19,'And where does it keep our messages?',0,0,'[1576264000591626240]','[]',X'5B5D',0,0,0,0,NULL,0,1576264001023639552);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001032028160,1576264000822312960,1576264000805535744,0,'One SQLite file in the data folder. Answered means on disk: pull the plug and look.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001032028161,1576264000822312960,1576264000717455360,0,'I did. It was all there.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000910393344,434,1576264001036222464,1576264000822312960,1576264000373522432,0,'Please do not make a habit of it.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000918781953,434,1576264001040416768,1576264000822312960,1576264000591626240,0,'Only moderators can see this channel: @everyone is denied to view it, the role is allowed.',0,1,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
INSERT INTO "messages" VALUES(1576264000918781953,434,1576264001044611072,1576264000822312960,1576264000373522432,0,'Take the role away from somebody and it disappears for them at once.',0,0,'[]','[]',X'5B5D',0,0,0,0,NULL,0,NULL);
CREATE TABLE nodes (
	worker_id SMALLINT NOT NULL, 
	process_id SMALLINT NOT NULL, 
	CONSTRAINT pk_nodes PRIMARY KEY (worker_id, process_id)
);
CREATE TABLE nonces (
	message_id INTEGER NOT NULL, 
	author_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	nonce TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	CONSTRAINT pk_nonces PRIMARY KEY (message_id)
);
CREATE TABLE recipients (
	user_id BIGINT NOT NULL, 
	channel_id BIGINT NOT NULL, 
	CONSTRAINT pk_recipients PRIMARY KEY (user_id, channel_id), 
	CONSTRAINT fk_recipients_channel_id FOREIGN KEY(channel_id) REFERENCES channels (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE roles (
	id INTEGER NOT NULL, 
	guild_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	permissions BIGINT NOT NULL, 
	position INTEGER NOT NULL, 
	color INTEGER NOT NULL, 
	secondary_color INTEGER, 
	tertiary_color INTEGER, 
	hoist BOOLEAN NOT NULL, 
	managed BOOLEAN NOT NULL, 
	mentionable BOOLEAN NOT NULL, 
	icon TEXT, 
	unicode_emoji TEXT, 
	bot_id BIGINT, 
	flags BIGINT NOT NULL, 
	CONSTRAINT pk_roles PRIMARY KEY (id), 
	CONSTRAINT fk_roles_guild_id FOREIGN KEY(guild_id) REFERENCES guilds (id) ON DELETE CASCADE
);
INSERT INTO "roles" VALUES(1576264000822312960,1576264000822312960,'@everyone',2107735977479745,0,0,NULL,NULL,0,0,0,NULL,NULL,NULL,0);
INSERT INTO "roles" VALUES(1576264000885227520,1576264000822312960,'Moderator',8194,1,15105570,NULL,NULL,1,0,0,NULL,NULL,NULL,0);
INSERT INTO "roles" VALUES(1576264000893616128,1576264000822312960,'Newcomer',2107735977479745,1,3066993,NULL,NULL,0,0,0,NULL,NULL,NULL,0);
INSERT INTO "roles" VALUES(1576264001178828800,1576264000822312960,'Echo',68608,1,0,NULL,NULL,0,1,0,NULL,NULL,1576264001048805376,0);
CREATE TABLE users (
	id INTEGER NOT NULL, 
	username TEXT NOT NULL, 
	username_fold TEXT NOT NULL, 
	username_key TEXT, 
	global_name TEXT, 
	global_name_fold TEXT, 
	avatar TEXT, 
	banner TEXT, 
	accent_color INTEGER, 
	bio TEXT NOT NULL, 
	bot BOOLEAN NOT NULL, 
	flags BIGINT NOT NULL, 
	locale TEXT NOT NULL, 
	email TEXT, 
	email_key TEXT, 
	password_hash TEXT, 
	birth_date TEXT, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_username_key UNIQUE (username_key), 
	CONSTRAINT uq_users_email_key UNIQUE (email_key)
);
INSERT INTO "users" VALUES(1576264000373522432,'ada','ada','ada','Ada','ada',NULL,NULL,NULL,'',0,0,'en-US','ada@example.org','ada@example.org','$argon2id$v=19$m=19456,t=2,p=1$wIb7lwoTqMJtMevLRYK9VA$uDJn8UchFep62st4octC6FF97KDXJaAls8SpPzb4f54','1990-12-10');
INSERT INTO "users" VALUES(1576264000591626240,'grace','grace','grace','Grace','grace',NULL,NULL,NULL,'',0,0,'en-US','grace@example.org','grace@example.org','$argon2id$v=19$m=19456,t=2,p=1$zFMZAQ5X59LQztmp8ceHkg$ZkZOUhPmD8782vuc4DXC4ZvovFMlFEwzI0MGk3KwQe4','1990-12-10');
INSERT INTO "users" VALUES(1576264000717455360,'linus','linus','linus','Linus','linus',NULL,NULL,NULL,'',0,0,'en-US','linus@example.org','linus@example.org','$argon2id$v=19$m=19456,t=2,p=1$H/FofM/LcByZlYM/zGaEDQ$Fgw64sg9dXsFHB22D+lL+MkolsJtXCa+E6Vb+XnFQDg','1990-12-10');
INSERT INTO "users" VALUES(1576264000805535744,'margaret','margaret','margaret','Margaret','margaret',NULL,NULL,NULL,'',0,0,'en-US','margaret@example.org','margaret@example.org','$argon2id$v=19$m=19456,t=2,p=1$L+gF/JuQNMJSZHa8tVfOzw$Yfzxvab5JV2J8BsCVlqPlmTT5/zqVaLnJ5r41Ej7mF4','1990-12-10');
INSERT INTO "users" VALUES(1576264001048805376,'Echo','echo',NULL,NULL,NULL,NULL,NULL,NULL,'',1,0,'en-US',NULL,NULL,NULL,NULL);
CREATE INDEX ix_users_username_fold ON users (username_fold);
CREATE INDEX ix_users_global_name_fold ON users (global_name_fold);
CREATE INDEX ix_auth_sessions_user_id ON auth_sessions (user_id);
CREATE INDEX ix_applications_owner_id ON applications (owner_id);
CREATE INDEX ix_roles_guild_id ON roles (guild_id);
CREATE INDEX ix_members_user_id ON members (user_id);
CREATE INDEX ix_members_guild_id_nick_fold ON members (guild_id, nick_fold);
CREATE INDEX ix_member_roles_role_id ON member_roles (role_id);
CREATE INDEX ix_bans_user_id ON bans (user_id);
CREATE INDEX ix_left_timeouts_user_id ON left_timeouts (user_id);
CREATE INDEX ix_channels_guild_id ON channels (guild_id);
CREATE INDEX ix_recipients_channel_id ON recipients (channel_id);
CREATE INDEX ix_invites_channel_id ON invites (channel_id);
CREATE INDEX ix_invites_guild_id ON invites (guild_id);
CREATE INDEX ix_messages_author_id_guild_id_id ON messages (author_id, guild_id, id);
CREATE UNIQUE INDEX uq_nonces_author_id_channel_id_nonce ON nonces (author_id, channel_id, nonce);
CREATE UNIQUE INDEX uq_log_shard_position ON log (shard, position);
COMMIT;
