// A stock oceanic.js bot. It obeys each line of its standard input and answers with one JSON line.
// Arguments: API base address, token, compression ("none", "zlib-stream" or "zstd-stream").
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Client, MessageFlags } from "oceanic.js";

const [base, token, compression] = process.argv.slice(2);
const say = (event, data) => console.log(JSON.stringify({ event, ...data }));
const client = new Client({
  auth: `Bot ${token}`,
  rest: { baseURL: `${base}/api/v10` },
  gateway: { intents: ["ALL"], ...(compression === "none" ? {} : { compress: compression }) },
});
const { channels } = client.rest;

client.on("ready", () => say("ready", { user: client.user.id, guilds: [...client.guilds.keys()] }));
client.on("guildCreate", (guild) => say("guild", { id: guild.id }));
client.on("messageCreate", (message) => say("message", show(message)));
client.on("messageUpdate", (message) => say("edit", show(message)));
client.on("messageDelete", (message) => say("delete", { id: message.id }));
client.on("guildMemberAdd", (member) => say("join", { id: member.id }));
client.on("channelDelete", (channel) => say("channel_gone", { id: channel.id }));
client.on("channelPinsUpdate", (channel) => say("pins", { channel: channel.id }));
client.on("messageReactionAdd", ({ id }, reactor, { emoji }) =>
  say("reaction", { id, emoji: emoji.name, user: reactor.id }),
);
client.on("messageReactionRemove", ({ id }, reactor, { emoji }) =>
  say("unreaction", { id, emoji: emoji.name, user: reactor.id }),
);
client.on("messageReactionRemoveAll", ({ id }) => say("cleared", { id }));
client.on("messageReactionRemoveEmoji", ({ id }, emoji) => say("cleared_emoji", { id, emoji: emoji.name }));
client.on("presenceUpdate", (_, member, { status, activities }) =>
  say("presence", { user: member.id, status, activities: activities?.map(({ state, name }) => state ?? name) ?? [] }),
);
client.on("shardResume", () => say("resumed", {}));
client.on("error", (error) => say("error", { text: String(error) }));

function show(message) {
  return {
    id: message.id,
    channel: message.channelID,
    author: message.author.id,
    type: message.type,
    flags: message.flags,
    pinned: message.pinned,
    ...showContent(message),
    reference: message.messageReference?.messageID ?? null,
    snapshots: message.messageSnapshots?.map((snapshot) => showContent(snapshot.message)) ?? [],
    reactions: message.reactions.map(({ emoji, count, me }) => [emoji.name, count, me]),
  };
}

function showContent(message) {
  const files = Array.isArray(message.attachments) ? message.attachments : message.attachments.toArray();
  return {
    content: message.content,
    titles: message.embeds.map((embed) => embed.title),
    files: files.map(({ id, filename, size, description, width, height }) => ({
      id, name: filename, size, description, width, height,
    })),
  };
}

/** Return the options of files, which `kept` ones of the message go before. The library counts files from 1. */
async function attach(given, kept) {
  if (!given && !kept) return {};
  const files = await Promise.all((given ?? []).map(async ({ name, path }) => ({ name, contents: await readFile(path) })));
  const described = (given ?? []).map(({ name, description }, at) => ({ id: at + 1, filename: name, description }));
  return { files, attachments: [...(kept ?? []).map((id) => ({ id })), ...described] };
}

const orders = {
  send: async ({ channel, content, silent, title, files }) =>
    show(
      await channels.createMessage(channel, {
        content,
        flags: silent ? MessageFlags.SUPPRESS_NOTIFICATIONS : undefined,
        embeds: title ? [{ title }] : undefined,
        ...(await attach(files)),
      }),
    ),
  fetch: async ({ channel, message }) => show(await channels.getMessage(channel, message)),
  edit: async ({ channel, message, content, keep, files }) =>
    show(await channels.editMessage(channel, message, { content, ...(await attach(files, keep)) })),
  suppress: async ({ channel, message }) =>
    show(await channels.editMessage(channel, message, { flags: MessageFlags.SUPPRESS_EMBEDS })),
  remove: async ({ channel, message }) => {
    await channels.deleteMessage(channel, message);
    return {};
  },
  read: async ({ channel, message, file }) => {
    const answer = await fetch((await channels.getMessage(channel, message)).attachments.get(file).url);
    const data = Buffer.from(await answer.arrayBuffer());
    return { size: data.length, sha256: createHash("sha256").update(data).digest("hex") };
  },
  history: async ({ channel, limit }) => ({
    contents: (await channels.getMessages(channel, { limit })).map((message) => message.content),
  }),
  members: async ({ guild }) => ({ ids: (await client.guilds.get(guild).fetchMembers()).map((member) => member.id) }),
  react: async ({ channel, message, emoji }) => {
    await channels.createReaction(channel, message, emoji);
    return {};
  },
  unreact: async ({ channel, message, emoji, user }) => {
    await channels.deleteReaction(channel, message, emoji, user);
    return {};
  },
  reactors: async ({ channel, message, emoji }) => {
    const ids = [];
    for (let page; (page = await channels.getReactions(channel, message, emoji, { limit: 1, after: ids.at(-1) })).length; )
      ids.push(...page.map((user) => user.id));
    return { users: ids };
  },
  clear: async ({ channel, message, emoji }) => {
    await channels.deleteReactions(channel, message, emoji);
    return {};
  },
  pin: async ({ channel, message }) => {
    await channels.pinMessage(channel, message);
    return {};
  },
  unpin: async ({ channel, message }) => {
    await channels.unpinMessage(channel, message);
    return {};
  },
  pins: async ({ channel }) => ({ ids: (await channels.getPins(channel)).map((pin) => pin.message.id) }),
  forward: async ({ channel, message, to }) => show(await (await channels.getMessage(channel, message)).forward(to)),
  crosspost: async ({ channel, message }) => show(await channels.crosspostMessage(channel, message)),
  follow: async ({ channel, to }) => {
    await channels.followAnnouncement(channel, to);
    return {};
  },
  dm: async ({ user }) => ({ channel: (await channels.createDM(user)).id }),
  presence: async ({ status, name }) => {
    await client.editStatus(status, [{ name, type: 0 }]);
    return {};
  },
  cut: async () => {
    client.shards.get(0).ws.terminate();
    return {};
  },
};

await client.connect();
for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...details } = JSON.parse(line);
  try {
    say("done", { order, ...(await orders[order](details)) });
  } catch (error) {
    say("failed", { order, text: String(error), code: error.code });
  }
}
client.disconnect(false);
