// A stock oceanic.js bot. It obeys each line of its standard input and answers with one JSON line.
// Arguments: API base address, token, compression ("none", "zlib-stream" or "zstd-stream").
import { createInterface } from "node:readline";
import { Client } from "oceanic.js";

const [base, token, compression] = process.argv.slice(2);
const say = (event, data) => console.log(JSON.stringify({ event, ...data }));
const client = new Client({
  auth: `Bot ${token}`,
  rest: { baseURL: `${base}/api/v10` },
  gateway: { intents: ["ALL"], ...(compression === "none" ? {} : { compress: compression }) },
});

client.on("ready", () => say("ready", { user: client.user.id, guilds: [...client.guilds.keys()] }));
client.on("messageCreate", (message) => say("message", { content: message.content, author: message.author.id }));
client.on("messageUpdate", (message) => say("edit", { content: message.content }));
client.on("messageDelete", (message) => say("delete", { id: message.id }));
client.on("guildMemberAdd", (member) => say("join", { id: member.id }));
client.on("channelDelete", (channel) => say("channel_gone", { id: channel.id }));
client.on("messageReactionAdd", (_, reactor, { emoji }) => say("reaction", { emoji: emoji.name, user: reactor.id }));
client.on("shardResume", () => say("resumed", {}));
client.on("error", (error) => say("error", { text: String(error) }));

const orders = {
  send: async ({ channel, content }) => ({ id: (await client.rest.channels.createMessage(channel, { content })).id }),
  attach: async ({ channel, name, text }) => {
    const files = [{ name, contents: Buffer.from(text) }];
    const { attachments } = await client.rest.channels.createMessage(channel, { content: "file", files });
    const [file] = attachments.toArray();
    return { name: file.filename, size: file.size, text: await (await fetch(file.url)).text() };
  },
  edit: async ({ channel, id, content }) => ({
    content: (await client.rest.channels.editMessage(channel, id, { content })).content,
  }),
  remove: async ({ channel, id }) => {
    await client.rest.channels.deleteMessage(channel, id);
    return {};
  },
  history: async ({ channel, limit }) => ({
    contents: (await client.rest.channels.getMessages(channel, { limit })).map((message) => message.content),
  }),
  members: async ({ guild }) => ({ ids: (await client.guilds.get(guild).fetchMembers()).map((member) => member.id) }),
  react: async ({ channel, id, emoji }) => {
    await client.rest.channels.createReaction(channel, id, emoji);
    return {};
  },
  reactions: async ({ channel, id, emoji }) => {
    const message = await client.rest.channels.getMessage(channel, id);
    const shown = message.reactions.find((reaction) => reaction.emoji.name === emoji);
    const users = await client.rest.channels.getReactions(channel, id, emoji);
    return { count: shown?.count ?? 0, users: users.map((user) => user.id) };
  },
  clear: async ({ channel, id }) => {
    await client.rest.channels.deleteReactions(channel, id);
    return {};
  },
  pin: async ({ channel, id }) => {
    await client.rest.channels.pinMessage(channel, id);
    return {};
  },
  unpin: async ({ channel, id }) => {
    await client.rest.channels.unpinMessage(channel, id);
    return {};
  },
  pins: async ({ channel }) => ({
    ids: (await client.rest.channels.getPins(channel)).map((pin) => pin.message.id),
  }),
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
