// A client in a page of another origin: fetch, XMLHttpRequest and WebSocket, pictures and sound, as a browser has them.
// The test calls its functions one by one. It sends credentials, as clients in the wild do.

class Client {
  constructor(api) {
    this.api = api;
    this.token = null;
    this.events = [];
  }

  /** Send a request. The headers of the answer are those that the page may read. */
  async request(method, path, body = undefined) {
    const headers = { "X-Super-Properties": btoa("{}"), "X-Discord-Locale": "en-GB" };
    if (this.token) headers.Authorization = this.token;
    if (typeof body === "string") headers["Content-Type"] = "application/json";
    const answer = await fetch(`${this.api}/api/v9${path}`, { method, headers, body, credentials: "include" });
    const text = await answer.text();
    return {
      status: answer.status,
      body: text ? JSON.parse(text) : null,
      headers: Object.fromEntries(answer.headers),
      cookies: document.cookie,
    };
  }

  async logIn(login, password) {
    const answer = await this.request("POST", "/auth/login", JSON.stringify({ login, password }));
    this.token = answer.body.token;
    return answer;
  }

  /** Open a session with "zlib-stream" or no compression; return READY. A browser cannot read zstd by itself. */
  async open(compress) {
    const { body } = await this.request("GET", "/gateway");
    const query = `?v=9&encoding=json${compress ? `&compress=${compress}` : ""}`;
    this.socket = new WebSocket(`${body.url}/${query}`);
    this.socket.binaryType = "arraybuffer";
    const take = compress ? this.unpack() : (data) => this.read(JSON.parse(data));
    this.frames = [];
    this.socket.onmessage = ({ data }) => {
      this.frames.push(typeof data === "string" ? "text" : "binary");
      take(data);
    };
    this.socket.onclose = ({ code }) => this.read({ t: "CLOSED", d: { code } });
    return this.waitFor("READY", () => true);
  }

  /** Return a function that takes frames of one compressed stream. */
  unpack() {
    const stream = new DecompressionStream("deflate");
    const writer = stream.writable.getWriter();
    const reader = stream.readable.pipeThrough(new TextDecoderStream()).getReader();
    (async () => {
      let text = "";
      for (let part; !(part = await reader.read()).done; ) {
        text += part.value;
        let payload;
        try {
          payload = JSON.parse(text);
        } catch {
          continue; // The payload goes on in the next part.
        }
        text = "";
        this.read(payload);
      }
    })();
    return (data) => writer.write(new Uint8Array(data));
  }

  read({ op, t, d }) {
    if (op === 10) {
      const properties = { os: "Linux", browser: "Chrome", device: "" };
      this.send(2, { token: this.token, capabilities: 16381, properties, compress: false });
    }
    this.events.push({ t: t ?? `op ${op}`, d });
    this.wake?.();
  }

  send(op, d) {
    this.socket.send(JSON.stringify({ op, d }));
  }

  /** Wait for the first event of that type, past or future, that the check accepts. */
  async waitFor(type, check) {
    for (let seen = 0; ; ) {
      for (; seen < this.events.length; seen++) {
        const { t, d } = this.events[seen];
        if (t === type && check(d)) return d;
        if (t === "CLOSED") throw new Error(`closed with ${d.code}`);
      }
      await new Promise((resolve) => (this.wake = resolve));
    }
  }

  waitForMessage(content) {
    return this.waitFor("MESSAGE_CREATE", (message) => message.content === content);
  }

  /** Send a file in a form, as a person does who drops it into the page. */
  async attach(channel, content, name, type, size) {
    const form = new FormData();
    form.append("payload_json", JSON.stringify({ content, attachments: [{ id: "0", filename: name }] }));
    form.append("files[0]", new Blob([make(size)], { type }), name);
    return this.request("POST", `/channels/${channel}/messages`, form);
  }

  /** Send a file ahead of its message, with the progress of the upload; return the message's answer. */
  async sendAhead(channel, content, name, size) {
    const files = [{ id: "1", filename: name, file_size: size }];
    const { body } = await this.request("POST", `/channels/${channel}/attachments`, JSON.stringify({ files }));
    const [{ upload_url, upload_filename }] = body.attachments;
    const progress = await put(upload_url, make(size));
    const attachments = [{ id: "0", filename: name, uploaded_filename: upload_filename }];
    const message = JSON.stringify({ content, attachments });
    return { progress, ...(await this.request("POST", `/channels/${channel}/messages`, message)) };
  }
}

/** Make bytes that tell where they are. */
function make(size) {
  return Uint8Array.from({ length: size }, (_, index) => index % 251);
}

/** Send bytes with PUT; return how many the browser has told of. */
function put(url, data) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    let told = 0;
    sending.upload.onprogress = ({ loaded }) => (told = loaded);
    sending.onload = () => (sending.status === 200 ? resolve(told) : reject(new Error(`PUT: ${sending.status}`)));
    sending.onerror = () => reject(new Error("PUT: refused by the browser"));
    sending.open("PUT", url);
    sending.send(data);
  });
}

/** Read a part of a file; return its status, its length, its first byte and what is told of the whole. */
async function readPart(url, range) {
  const answer = await fetch(url, { headers: { Range: range } });
  const data = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, length: data.length, first: data[0], of: answer.headers.get("Content-Range") };
}

/** Draw a picture on a canvas and read it, which a browser lets a page do only where CORS allows it. */
async function draw(url) {
  const picture = new Image();
  picture.crossOrigin = "anonymous";
  picture.src = url;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  return { width: canvas.width, height: canvas.height, pixel: [...pen.getImageData(1, 1, 1, 1).data] };
}

/** Show a picture without CORS, as most pages do; return whether it is seen. */
function show(url) {
  return new Promise((resolve) => {
    const picture = new Image();
    picture.onload = () => resolve(true);
    picture.onerror = () => resolve(false);
    picture.src = url;
  });
}

/** Play a sound from near its end; return its length in seconds and where it is. */
function playFrom(url, second) {
  return new Promise((resolve, reject) => {
    const sound = new Audio();
    sound.onerror = () => reject(new Error(sound.error.message));
    sound.onloadedmetadata = () => (sound.currentTime = second);
    sound.onseeked = () => resolve({ length: sound.duration, at: sound.currentTime });
    sound.src = url;
  });
}
