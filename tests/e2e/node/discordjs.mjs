// A stock discord.js bot. It obeys each line of its standard input and answers with one JSON line.
// Arguments: API base address, token.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { Client, Events, GatewayIntentBits, MessageFlags, Partials } from "discord.js";

const [base, token] = process.argv.slice(2);
const say = (event, data) => console.log(JSON.stringify({ event, ...data }));
const client = new Client({
  rest: { api: `${base}/api`, cdn: base },
  intents: Object.values(GatewayIntentBits).filter((bit) => typeof bit === "number"),
  partials: Object.values(Partials).filter((kind) => typeof kind === "number"),
});

client.on(Events.ClientReady, () => say("ready", { user: client.user.id, guilds: [...client.guilds.cache.keys()] }));
client.on(Events.GuildCreate, (guild) => say("guild", { id: guild.id }));
client.on(Events.MessageCreate, (message) => say("message", show(message)));
client.on(Events.MessageUpdate, (_, message) => say("edit", show(message)));
client.on(Events.MessageDelete, (message) => say("delete", { id: message.id }));
client.on(Events.GuildMemberAdd, (member) => say("join", { id: member.id }));
client.on(Events.GuildMemberRemove, (member) => say("leave", { id: member.id }));
client.on(Events.ChannelCreate, (channel) => say("channel", { name: channel.name }));
client.on(Events.ChannelDelete, (channel) => say("channel_gone", { id: channel.id }));
client.on(Events.ChannelPinsUpdate, (channel) => say("pins", { channel: channel.id }));
client.on(Events.TypingStart, (typing) => say("typing", { user: typing.user.id }));
client.on(Events.MessageReactionAdd, (reaction, user) => say("reaction", showReaction(reaction, user)));
client.on(Events.MessageReactionRemove, (reaction, user) => say("unreaction", showReaction(reaction, user)));
client.on(Events.MessageReactionRemoveAll, (message) => say("cleared", { id: message.id }));
client.on(Events.MessageReactionRemoveEmoji, ({ message, emoji }) =>
  say("cleared_emoji", { id: message.id, emoji: emoji.name }),
);
client.on(Events.PresenceUpdate, (_, presence) =>
  say("presence", {
    user: presence.userId,
    status: presence.status,
    activities: presence.activities.map((activity) => activity.state ?? activity.name),
  }),
);
client.on(Events.ShardResume, (_, replayed) => say("resumed", { replayed }));
client.on(Events.Error, (error) => say("error", { text: String(error) }));

function show(message) {
  return {
    id: message.id,
    channel: message.channelId,
    author: message.author?.id,
    type: message.type,
    flags: message.flags.bitfield,
    pinned: message.pinned,
    ...showContent(message),
    reference: message.reference?.messageId ?? null,
    snapshots: [...message.messageSnapshots.values()].map(showContent),
    reactions: [...message.reactions.cache.values()].map(({ emoji, count, me }) => [emoji.name, count, me]),
  };
}

function showContent(message) {
  return {
    content: message.content,
    titles: message.embeds.map((embed) => embed.title),
    files: [...message.attachments.values()].map(({ id, name, size, description, width, height }) => ({
      id, name, size, description, width, height,
    })),
  };
}

function showReaction(reaction, user) {
  return { id: reaction.message.id, emoji: reaction.emoji.name, user: user.id };
}

const files = (given) => given?.map(({ name, path, description }) => ({ name, attachment: path, description }));

const orders = {
  send: async ({ channel, content, silent, title, files: given }) => {
    const flags = silent ? MessageFlags.SuppressNotifications : undefined;
    const embeds = title ? [{ title }] : undefined;
    return show(await (await find(channel)).send({ content, flags, embeds, files: files(given) }));
  },
  fetch: async ({ channel, message }) => show(await findMessage(channel, message)),
  edit: async ({ channel, message, content, keep, files: given }) => {
    const found = await findMessage(channel, message);
    const attachments = keep && [...found.attachments.values()].filter((file) => keep.includes(file.id));
    return show(await found.edit({ content, attachments, files: files(given) }));
  },
  suppress: async ({ channel, message }) => show(await (await findMessage(channel, message)).suppressEmbeds(true)),
  remove: async ({ channel, message }) => {
    await (await find(channel)).messages.delete(message);
    return {};
  },
  read: async ({ channel, message, file }) => {
    const answer = await fetch((await findMessage(channel, message)).attachments.get(file).url);
    const data = Buffer.from(await answer.arrayBuffer());
    return { size: data.length, sha256: createHash("sha256").update(data).digest("hex") };
  },
  history: async ({ channel, limit }) => {
    const page = await (await find(channel)).messages.fetch({ limit });
    return { contents: [...page.values()].map((message) => message.content) };
  },
  members: async ({ guild }) => ({ ids: [...(await client.guilds.cache.get(guild).members.fetch()).keys()] }),
  make_channel: async ({ guild, name }) => ({ id: (await client.guilds.cache.get(guild).channels.create({ name })).id }),
  make_role: async ({ guild, name }) => ({ id: (await client.guilds.cache.get(guild).roles.create({ name })).id }),
  give_role: async ({ guild, member, role }) => {
    const updated = await (await client.guilds.cache.get(guild).members.fetch(member)).roles.add(role);
    return { has: updated.roles.cache.has(role) };
  },
  react: async ({ channel, message, emoji }) => {
    await (await findMessage(channel, message)).react(emoji);
    return {};
  },
  unreact: async ({ channel, message, emoji, user }) => {
    await (await findMessage(channel, message)).reactions.cache.get(emoji).users.remove(user);
    return {};
  },
  reactors: async ({ channel, message, emoji }) => {
    const { users } = (await findMessage(channel, message)).reactions.cache.get(emoji);
    const ids = [];
    for (let page; (page = await users.fetch({ limit: 1, after: ids.at(-1) ?? "0" })).size; ) ids.push(...page.keys());
    return { users: ids };
  },
  clear: async ({ channel, message, emoji }) => {
    const { reactions } = await findMessage(channel, message);
    await (emoji ? reactions.cache.get(emoji).remove() : reactions.removeAll());
    return {};
  },
  pin: async ({ channel, message }) => {
    await (await findMessage(channel, message)).pin();
    return {};
  },
  unpin: async ({ channel, message }) => {
    await (await findMessage(channel, message)).unpin();
    return {};
  },
  pins: async ({ channel }) => {
    const { items } = await (await find(channel)).messages.fetchPins();
    return { ids: items.map((pin) => pin.message.id) };
  },
  forward: async ({ channel, message, to }) => show(await (await findMessage(channel, message)).forward(to)),
  crosspost: async ({ channel, message }) => show(await (await findMessage(channel, message)).crosspost()),
  follow: async ({ channel, to }) => {
    await (await client.channels.fetch(channel)).addFollower(to);
    return {};
  },
  dm: async ({ user }) => ({ channel: (await client.users.createDM(user)).id }),
  presence: async ({ status, name }) => {
    client.user.setPresence({ status, activities: [{ name }] });
    return {};
  },
  cut: async () => {
    client.ws._ws.strategy.shards.get(0).connection.terminate();
    return {};
  },
};

for await (const line of await start()) {
  const { order, ...details } = JSON.parse(line);
  try {
    say("done", { order, ...(await orders[order](details)) });
  } catch (error) {
    say("failed", { order, text: String(error), code: error.code });
  }
}
await client.destroy();

async function find(channel) {
  return client.channels.fetch(channel);
}

async function findMessage(channel, message) {
  return (await find(channel)).messages.fetch({ message, force: true });
}

async function start() {
  await client.login(token);
  return createInterface({ input: process.stdin });
}
