// A call that goes from tab to tab without a media node, as the client guide describes it. The test calls its functions.

class PeerCall {
  /** `client` has its session; `me` is the own user, and `channel` that of the call. */
  constructor(client, me, channel) {
    Object.assign(this, { client, me, channel, path: `/channels/${channel}/call/peers` });
    this.connections = new Map(); // by the other's user
    this.early = []; // signals of a round of which nothing was told yet
    this.work = Promise.resolve();
    const { d } = client.events.find(({ t }) => t === "op 10");
    this.beat = setInterval(() => client.send(1, null), d.heartbeat_interval);
    const read = client.read.bind(client);
    client.read = (payload) => {
      read(payload);
      if (payload.t === "CALL_PEERS_UPDATE") this.queue(() => this.follow(payload.d));
      if (payload.t === "CALL_PEER_SIGNAL") this.queue(() => this.hear(payload.d));
    };
  }

  /** Do one thing after the other. What fails because its round is over meanwhile does not matter. */
  queue(step) {
    this.work = this.work.then(step).catch(console.error);
  }

  async join() {
    this.client.send(4, { guild_id: null, channel_id: this.channel });
    await this.client.waitFor("VOICE_SERVER_UPDATE", (d) => d.endpoint);
    await this.client.waitFor("VOICE_STATE_UPDATE", (d) => d.user_id === this.me);
  }

  /** Agree to show the own address to these others, with the media that are wanted. */
  async agree(wanted, others) {
    this.others = others;
    this.media = await navigator.mediaDevices.getUserMedia(wanted);
    await this.request("PATCH", "/users/@me/peer-to-peer", { enabled: true });
    this.session = (await this.client.waitFor("READY", () => true)).session_id;
    await this.consent();
  }

  consent() {
    return this.request("PUT", `${this.path}/@me`, { session_id: this.session, towards: this.others });
  }

  async request(method, path, body) {
    const { status, body: answer } = await this.client.request(method, path, JSON.stringify(body));
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  }

  say(user, signal) {
    return this.request("POST", `${this.path}/${user}/signals`, { round_id: this.round, ...signal });
  }

  async follow({ state, round_id, peers, reason }) {
    if (state !== "direct") this.close();
    if (reason === "timeout") await this.consent(); // a machine may be slow
    if (state !== "direct" || round_id === this.round) return;
    this.round = round_id;
    for (const user of peers) if (user !== this.me) await this.connect(user);
    for (const signal of this.early.splice(0)) await this.hear(signal);
  }

  /** Open a connection to another one. Who has the lower id makes the offer. */
  async connect(user) {
    const pc = new RTCPeerConnection();
    this.connections.set(user, { pc, candidates: [] });
    for (const track of this.media.getTracks()) pc.addTrack(track, this.media);
    pc.onicecandidate = ({ candidate }) =>
      this.say(user, { type: "candidates", candidates: [candidate ? candidate.toJSON() : { candidate: "" }] });
    pc.ontrack = ({ track }) => play(track);
    pc.onconnectionstatechange = () => this.report();
    if (BigInt(this.me) > BigInt(user)) return;
    await pc.setLocalDescription();
    await this.say(user, { type: "offer", sdp: pc.localDescription.sdp });
  }

  async report() {
    const all = [...this.connections.values()];
    if (all.some(({ pc }) => pc.connectionState !== "connected")) return;
    await this.request("PATCH", `${this.path}/@me`, { round_id: this.round, state: "connected" });
  }

  async hear(signal) {
    const { round_id, user_id, type, sdp } = signal;
    if (round_id !== this.round) return void this.early.push(signal);
    const { pc, candidates } = this.connections.get(user_id);
    if (type === "candidates") candidates.push(...signal.candidates);
    else await pc.setRemoteDescription({ type, sdp });
    if (type === "offer") {
      await pc.setLocalDescription();
      await this.say(user_id, { type: "answer", sdp: pc.localDescription.sdp });
    }
    if (!pc.remoteDescription) return;
    for (const candidate of candidates.splice(0)) await pc.addIceCandidate(candidate);
  }

  /** Wait until what has come from another tab passes a check: the statistics of streams, by their kind. */
  async until(user, check) {
    for (;;) {
      const found = {};
      for (const each of (await this.connections.get(user)?.pc.getStats())?.values() ?? []) {
        if (each.type === "inbound-rtp") found[each.kind] = each;
      }
      if (found.audio && found.video && check(found)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Wait until all are told to go to the node; return what a page needs to join there. */
  async waitForNode() {
    const place = (d) => this.client.events.findIndex((each) => each.d === d);
    const end = await this.client.waitFor("CALL_PEERS_UPDATE", (d) => d.reason === "joined");
    const isNew = (d) => d.endpoint && place(d) > place(end);
    const { endpoint, token } = await this.client.waitFor("VOICE_SERVER_UPDATE", isNew);
    await this.work;
    const facts = { url: `wss://${endpoint}`, user: this.me, server: this.channel, session: this.session, token };
    return { state: end.state, open: this.connections.size, facts };
  }

  close() {
    this.round = undefined;
    for (const { pc } of this.connections.values()) pc.close();
    this.connections.clear();
  }

  leave() {
    clearInterval(this.beat);
    this.close();
    for (const track of this.media.getTracks()) track.stop();
    this.client.socket.close(1000);
  }
}

/** Play a stream: a browser decodes no pictures that nobody looks at. */
function play(track) {
  const element = Object.assign(document.createElement(track.kind), { autoplay: true });
  element.srcObject = new MediaStream([track]);
  document.body.append(element);
}
