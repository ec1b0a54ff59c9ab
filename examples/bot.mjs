// A discord.js bot on a Guildway server. Run `BOT_TOKEN=… node examples/bot.mjs`, then write `!ping` in a channel.
import { Client, GatewayIntentBits } from 'discord.js';

const api = process.env.API_URL ?? 'http://127.0.0.1:8080';
const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;

// This line makes any discord.js bot talk to another server. The bot asks the API for the gateway's address.
const bot = new Client({ rest: { api: `${api}/api`, cdn: api }, intents: [Guilds, GuildMessages, MessageContent] });

bot.once('clientReady', () => {
  console.log(`${bot.user.tag} is in ${bot.guilds.cache.map((guild) => guild.name).join(', ') || 'no guild yet'}`);
});

bot.on('messageCreate', async (message) => {
  if (message.content === '!ping') await message.reply('pong');
});

await bot.login(process.env.BOT_TOKEN);
