// A page in voice, as the client guide describes it: the voice gateway, one RTCPeerConnection, and remote descriptions
// that the page writes by itself. The test calls its functions.

const USED_EXTENSIONS = [
  "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
];
const FEEDBACK = { audio: ["nack"], video: ["nack", "nack pli", "ccm fir", "goog-remb"] };
const SIZES = [
  { rid: "q", scaleResolutionDownBy: 4, quality: 25, maxBitrate: 100_000 },
  { rid: "h", scaleResolutionDownBy: 2, quality: 50, maxBitrate: 300_000 },
  { rid: "f", scaleResolutionDownBy: 1, quality: 100, maxBitrate: 900_000 },
];

class Voice {
  constructor({ url, user, server, session, token }) {
    Object.assign(this, { url, user, server, session, token });
    this.said = [];
    this.senders = new Map(); // the transceiver of each SSRC of others
    this.work = Promise.resolve();
  }

  async join(wanted) {
    this.socket = new WebSocket(`${this.url}/?v=8`);
    this.socket.onmessage = ({ data }) => this.read(JSON.parse(data));
    this.socket.onclose = ({ code }) => this.read({ op: -1, d: { code } });
    const { heartbeat_interval } = await this.next(8);
    this.beat = setInterval(() => this.say(3, { t: Date.now(), seq_ack: this.seq ?? -1 }), heartbeat_interval);
    const streams = wanted.video ? [{ type: "video", rid: "100", quality: 100 }] : [];
    const { user, server, session, token } = this;
    const video = Boolean(wanted.video);
    this.say(0, { server_id: server, user_id: user, session_id: session, token, video, streams });
    this.ready = await this.next(2);
    await this.connect(wanted);
  }

  async connect(wanted) {
    this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", ...wanted.ice });
    this.media = await navigator.mediaDevices.getUserMedia(wanted);
    for (const track of this.media.getTracks()) {
      const sendEncodings = wanted.sizes && track.kind === "video" ? SIZES.map(({ quality, ...each }) => each) : [];
      const { sender } = this.pc.addTransceiver(track, { direction: "sendonly", sendEncodings });
      const degradationPreference = "maintain-resolution"; // a slow machine makes fewer pictures, not smaller ones
      await sender.setParameters({ ...sender.getParameters(), degradationPreference });
    }
    await this.pc.setLocalDescription();
    const sdp = this.pc.localDescription.sdp;
    this.codecs = findCodecs(sdp, wanted.codec ?? "VP8");
    this.feedback = { ...FEEDBACK, ...wanted.feedback };
    this.say(1, { protocol: "webrtc", data: sdp, codecs: this.codecs });
    this.node = (await this.next(4)).sdp.split("\n");
    await this.pc.setRemoteDescription({ type: "answer", sdp: this.describe() });
    await new Promise((resolve) => {
      this.pc.onconnectionstatechange = () => this.pc.connectionState === "connected" && resolve();
      this.pc.onconnectionstatechange();
    });
    this.say(5, { speaking: 1, delay: 0, ssrc: this.ready.ssrc });
    if (wanted.video) this.announce(true);
  }

  /** Tell the others of the own camera, and of the screen if one is shared. */
  announce(isOn) {
    const sections = split(this.pc.localDescription.sdp);
    const section = sections.find((each) => each.startsWith("m=video"));
    const hasSizes = /^a=simulcast:/m.test(section);
    const own = hasSizes ? this.ready.streams[0].ssrc : findSsrc(section);
    const one = { type: "video", rid: "100", ssrc: own, active: isOn, quality: 100, rtx_ssrc: 0 };
    const streams = hasSizes ? SIZES.map(({ rid, quality }) => ({ ...one, rid, quality, ssrc: 0 })) : [one];
    const video_ssrc = isOn ? own : 0;
    const shared = sections.filter((each) => this.screen?.mid && field(each, "mid") === this.screen.mid);
    const screens = shared.map((each) => ({ ...one, type: "screen", active: true, ssrc: findSsrc(each) }));
    const all = [...(isOn ? streams : []), ...screens];
    this.say(12, { audio_ssrc: this.ready.ssrc, video_ssrc, rtx_ssrc: 0, streams: all });
  }

  /** Share the screen beside the camera. A browser asks its user for that, and takes a click for it. */
  async shareScreen() {
    this.shared = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 5 } });
    await this.share(this.shared.getVideoTracks()[0]);
  }

  /** Share a canvas that is higher than wide, in place of a screen. */
  async shareCanvas() {
    const canvas = Object.assign(document.createElement("canvas"), { width: 180, height: 320 });
    const context = canvas.getContext("2d");
    this.drawing = setInterval(() => {
      context.fillStyle = `hsl(${Date.now() % 360} 50% 50%)`;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }, 100);
    this.shared = canvas.captureStream();
    await this.share(this.shared.getVideoTracks()[0]);
  }

  async share(track) {
    this.screen = this.pc.addTransceiver(track, { direction: "sendonly" });
    this.work = this.work.then(() => this.negotiate());
    await this.work;
    this.announce(true);
  }

  async stopSharing() {
    clearInterval(this.drawing);
    this.screen.stop();
    for (const track of this.shared.getTracks()) track.stop();
    this.screen = undefined;
    this.work = this.work.then(() => this.negotiate());
    await this.work;
    this.announce(true);
  }

  say(op, d) {
    this.socket.send(JSON.stringify({ op, d }));
  }

  read({ op, d, seq }) {
    this.seq = seq ?? this.seq;
    this.said.push({ op, d });
    if (op === 5 || op === 12) this.work = this.work.then(() => this.follow(d));
    if (op === 13) this.work = this.work.then(() => this.drop(d.user_id));
    this.wake?.();
  }

  /** Wait for the first message with this opcode that a check accepts, past or future. */
  async next(op, check = () => true) {
    for (;;) {
      const found = this.said.find((each) => each.op === op && check(each.d));
      if (found) return found.d;
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  /** Wait until somebody's camera is off; return what was said of it. */
  async cameraOff() {
    return this.next(12, (d) => d.video_ssrc === 0);
  }

  /** Receive the streams of another user. */
  async follow({ user_id, ssrc, audio_ssrc, video_ssrc, streams = [] }) {
    const screens = streams.filter((each) => each.type === "screen").map((each) => ["video", each.ssrc]);
    for (const [kind, number] of [["audio", ssrc ?? audio_ssrc], ["video", video_ssrc], ...screens]) {
      if (!number || this.senders.has(number)) continue;
      const transceiver = this.pc.addTransceiver(kind, { direction: "recvonly" });
      this.senders.set(number, { user_id, transceiver });
      await this.negotiate();
      this.play(transceiver.receiver.track);
    }
  }

  /** Play a stream: a browser decodes no pictures that nobody looks at. */
  play(track) {
    const element = document.createElement(track.kind);
    element.srcObject = new MediaStream([track]);
    element.autoplay = true;
    document.body.append(element);
  }

  async drop(user_id) {
    for (const [ssrc, sender] of this.senders) {
      if (sender.user_id !== user_id) continue;
      sender.transceiver.stop();
      this.senders.delete(ssrc);
    }
    await this.negotiate();
  }

  async negotiate() {
    await this.pc.setLocalDescription();
    await this.pc.setRemoteDescription({ type: "answer", sdp: this.describe() });
  }

  /** Write the node's description for the own one. */
  describe() {
    const sections = split(this.pc.localDescription.sdp).slice(1);
    const isUsed = (section) => !/^m=\w+ 0 /.test(section);
    const mids = sections.filter(isUsed).map((section) => field(section, "mid"));
    const head = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=ice-lite", `a=group:BUNDLE ${mids.join(" ")}`];
    const parts = sections.map((section) => (isUsed(section) ? this.answer(section) : refuse(section)));
    return [...head, ...parts.flat(), ""].join("\r\n");
  }

  answer(section) {
    const [, kind] = /^m=(\w+)/.exec(section);
    const mid = field(section, "mid");
    const { name, payload_type } = this.codecs.find((each) => each.type === kind);
    const sender = [...this.senders].find(([, { transceiver }]) => transceiver.mid === mid);
    const rate = kind === "audio" ? "48000/2" : "90000";
    const lines = section.split("\r\n");
    return [
      `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payload_type}`,
      "c=IN IP4 0.0.0.0",
      ...this.node.filter((line) => /^a=(ice-ufrag|ice-pwd|fingerprint|setup|candidate):/.test(line)),
      `a=mid:${mid}`,
      "a=rtcp-mux",
      `a=rtpmap:${payload_type} ${name}/${rate}`,
      ...lines.filter((line) => line.startsWith(`a=fmtp:${payload_type} `)),
      ...this.feedback[kind].map((each) => `a=rtcp-fb:${payload_type} ${each}`),
      ...lines.filter((line) => line.startsWith("a=extmap:") && USED_EXTENSIONS.some((each) => line.endsWith(each))),
      ...lines.filter((line) => /^a=(rid|simulcast):/.test(line)).map((line) => line.replace(/\bsend\b/, "recv")),
      ...(sender ? ["a=sendonly", `a=msid:${sender[0]} ${sender[0]}`, `a=ssrc:${sender[0]} cname:${sender[1].user_id}`] : ["a=recvonly"]),
    ];
  }

  /** Return what has come of one SSRC, or of what has been sent, by kind: the sums that getStats has. */
  async count(ssrc) {
    const found = { ssrc };
    for (const each of (await this.pc.getStats()).values()) {
      if (each.type === "inbound-rtp" && each.ssrc === ssrc) Object.assign(found, each);
      if (each.type === "remote-outbound-rtp" && each.ssrc === ssrc) found.reported = each.packetsSent;
    }
    return found;
  }

  /** Wait until what has come of one SSRC passes a check; return it. */
  async until(ssrc, check) {
    for (;;) {
      const found = await this.count(ssrc);
      if (check(found)) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Return how the node sees what is sent: the reports of it, by kind. */
  async reports() {
    const found = {};
    for (const each of (await this.pc.getStats()).values()) if (each.type === "remote-inbound-rtp") found[each.kind] = each;
    return found;
  }

  leave() {
    clearInterval(this.beat);
    this.socket.close(1000);
    this.pc?.close();
    for (const track of this.media?.getTracks() ?? []) track.stop();
  }
}

/** Split a description into its head and its sections. */
function split(sdp) {
  return sdp.split(/(?=^m=)/m);
}

function field(section, name) {
  return new RegExp(`^a=${name}:(\\S+)`, "m").exec(section)?.[1];
}

function findSsrc(section) {
  return Number(/^a=ssrc:(\d+)/m.exec(section)[1]);
}

function refuse(section) {
  const [, kind, formats] = /^m=(\w+) \d+ \S+ (.*)$/m.exec(section);
  return [`m=${kind} 0 UDP/TLS/RTP/SAVPF ${formats}`, "c=IN IP4 0.0.0.0", `a=mid:${field(section, "mid")}`, "a=inactive"];
}

/** Find the payload types of Opus and of one codec for video. */
function findCodecs(sdp, video) {
  const codecs = [];
  for (const [type, name] of [["audio", "opus"], ["video", video]]) {
    const section = split(sdp).find((each) => each.startsWith(`m=${type}`));
    const found = section && new RegExp(`^a=rtpmap:(\\d+) ${name}/`, "m").exec(section);
    if (found) codecs.push({ name, type, priority: 1000, payload_type: Number(found[1]) });
  }
  return codecs;
}
