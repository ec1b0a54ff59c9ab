// A person of the tests in voice, with stock @discordjs/voice. One JSON object a line, in and out.
//
// in:  {do: "tell", event, d}    a VOICE_STATE_UPDATE or VOICE_SERVER_UPDATE of the gateway
//      {do: "play", frames}      play these frames (base64 of Opus)
//      {do: "listen", user}      tell what comes from a user
//      {do: "leave"}             leave, and end
// out: {say: "op4", d}           what the gateway would be sent
//      {say: "state", state}     how far the connection is
//      {say: "transitioned", code}  DAVE has changed its keys; the code is what all members have in common
//      {say: "listening", user}  from now on, and the user's packets are known as its own
//      {say: "heard", user, frame}
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import {
  EndBehaviorType, StreamType, createAudioPlayer, createAudioResource, joinVoiceChannel,
} from '@discordjs/voice';

const [guildId, channelId] = process.argv.slice(2);
const say = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

let methods;
const connection = joinVoiceChannel({
  guildId, channelId, selfDeaf: false, selfMute: false,
  adapterCreator(given) {
    methods = given;
    return {
      sendPayload(payload) { say({ say: 'op4', d: payload.d }); return true; },
      destroy() {},
    };
  },
});
connection.on('stateChange', (_, now) => say({ say: 'state', state: now.status }));
connection.on('transitioned', () => say({ say: 'transitioned', code: connection.voicePrivacyCode }));
connection.on('error', (error) => say({ say: 'error', text: String(error) }));

const player = createAudioPlayer();
player.on('error', (error) => say({ say: 'error', text: String(error) }));
connection.subscribe(player);

const orders = {
  tell({ event, d }) {
    if (event === 'VOICE_STATE_UPDATE') methods.onVoiceStateUpdate(d);
    else methods.onVoiceServerUpdate(d);
  },
  play({ frames }) {
    const packets = frames.map((frame) => Buffer.from(frame, 'base64'));
    const stream = Readable.from(packets, { objectMode: true });
    player.play(createAudioResource(stream, { inputType: StreamType.Opus }));
  },
  async listen({ user }) {
    while (!connection.receiver.ssrcMap.get(user)) await once(connection.receiver.ssrcMap, 'create');
    const stream = connection.receiver.subscribe(user, { end: { behavior: EndBehaviorType.Manual } });
    stream.on('data', (frame) => say({ say: 'heard', user, frame: frame.toString('base64') }));
    say({ say: 'listening', user });
  },
  leave() {
    connection.destroy();
    process.exit(0);
  },
};
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  await orders[order.do](order);
}
