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
