// A stock discord.js bot. It obeys each line of its standard input and answers with one JSON line.
// Arguments: API base address, token.
import { createInterface } from "node:readline";
import { Client, Events, GatewayIntentBits, Partials } from "discord.js";

const [base, token] = process.argv.slice(2);
const say = (event, data) => console.log(JSON.stringify({ event, ...data }));
const client = new Client({
  rest: { api: `${base}/api`, cdn: base },
  intents: Object.values(GatewayIntentBits).filter((bit) => typeof bit === "number"),
  partials: Object.values(Partials).filter((kind) => typeof kind === "number"),
});

client.on(Events.ClientReady, () => say("ready", { user: client.user.id, guilds: [...client.guilds.cache.keys()] }));
client.on(Events.MessageCreate, (message) => say("message", { content: message.content, author: message.author.id }));
client.on(Events.MessageUpdate, (_, message) => say("edit", { content: message.content }));
client.on(Events.MessageDelete, (message) => say("delete", { id: message.id }));
client.on(Events.GuildMemberAdd, (member) => say("join", { id: member.id }));
client.on(Events.GuildMemberRemove, (member) => say("leave", { id: member.id }));
client.on(Events.ChannelCreate, (channel) => say("channel", { name: channel.name }));
client.on(Events.ChannelDelete, (channel) => say("channel_gone", { id: channel.id }));
client.on(Events.TypingStart, (typing) => say("typing", { user: typing.user.id }));
client.on(Events.MessageReactionAdd, (reaction, user) => say("reaction", { emoji: reaction.emoji.name, user: user.id }));
client.on(Events.ShardResume, (_, replayed) => say("resumed", { replayed }));
client.on(Events.Error, (error) => say("error", { text: String(error) }));

const orders = {
  send: async ({ channel, content }) => ({ id: (await (await client.channels.fetch(channel)).send(content)).id }),
  attach: async ({ channel, name, text }) => {
    const files = [{ name, attachment: Buffer.from(text), description: "from discord.js" }];
    const { attachments } = await (await client.channels.fetch(channel)).send({ files });
    const file = attachments.first();
    return { name: file.name, size: file.size, text: await (await fetch(file.url)).text() };
  },
  edit: async ({ channel, id, content }) => {
    const message = await (await client.channels.fetch(channel)).messages.fetch(id);
    return { content: (await message.edit(content)).content };
  },
  remove: async ({ channel, id }) => {
    await (await client.channels.fetch(channel)).messages.delete(id);
    return {};
  },
  history: async ({ channel, limit }) => {
    const page = await (await client.channels.fetch(channel)).messages.fetch({ limit });
    return { contents: [...page.values()].map((message) => message.content) };
  },
  members: async ({ guild }) => ({ ids: [...(await client.guilds.cache.get(guild).members.fetch()).keys()] }),
  make_channel: async ({ guild, name }) => ({ id: (await client.guilds.cache.get(guild).channels.create({ name })).id }),
  make_role: async ({ guild, name }) => ({ id: (await client.guilds.cache.get(guild).roles.create({ name })).id }),
  give_role: async ({ guild, member, role }) => {
    const updated = await (await client.guilds.cache.get(guild).members.fetch(member)).roles.add(role);
    return { has: updated.roles.cache.has(role) };
  },
  react: async ({ channel, id, emoji }) => {
    await (await find(channel, id)).react(emoji);
    return {};
  },
  reactions: async ({ channel, id, emoji }) => {
    const reaction = (await find(channel, id)).reactions.cache.get(emoji);
    return { count: reaction?.count ?? 0, users: [...((await reaction?.users.fetch())?.keys() ?? [])] };
  },
  clear: async ({ channel, id }) => {
    await (await find(channel, id)).reactions.removeAll();
    return {};
  },
  pin: async ({ channel, id }) => {
    await (await find(channel, id)).pin();
    return {};
  },
  unpin: async ({ channel, id }) => {
    await (await find(channel, id)).unpin();
    return {};
  },
  pins: async ({ channel }) => {
    const { items } = await (await client.channels.fetch(channel)).messages.fetchPins();
    return { ids: items.map((pin) => pin.message.id) };
  },
  forward: async ({ channel, id, to }) => {
    const forwarded = await (await find(channel, id)).forward(to);
    const shown = forwarded.messageSnapshots.first();
    const { type, messageId } = forwarded.reference;
    return { id: forwarded.id, content: shown.content, type, reference: messageId };
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

async function find(channel, id) {
  return (await client.channels.fetch(channel)).messages.fetch({ message: id, force: true });
}

async function start() {
  await client.login(token);
  return createInterface({ input: process.stdin });
}
