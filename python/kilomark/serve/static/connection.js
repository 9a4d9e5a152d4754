// The WebSocket: opened again when it is lost, and its clock compared with this one.

const PING_MS = 2000, FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 8000;

export class Connection extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #offset = null; // server's clock minus this one, seconds
  #shortestTrip = Infinity;

  open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live`);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#opened());
    socket.addEventListener("close", () => this.#lost());
    socket.addEventListener("message", ({ data }) => this.#received(data));
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(values) {
    if (this.isOpen) this.#socket.send(JSON.stringify(values));
  }

  sendBytes(bytes) {
    if (this.isOpen) this.#socket.send(bytes);
  }

  // Milliseconds since a moment of the server's clock, or null before the clocks are compared.
  since(serverSeconds) {
    if (this.#offset === null) return null;
    return Math.max(0, performance.now() + 1e3 * (this.#offset - serverSeconds));
  }

  #opened() {
    this.#wait = FIRST_WAIT_MS;
    this.#shortestTrip = Infinity;
    this.#emit("state", "live");
    this.#ping(this.#socket);
  }

  #ping(socket) {
    if (socket !== this.#socket || !this.isOpen) return;
    this.send({ type: "ping", time: performance.now() });
    setTimeout(() => this.#ping(socket), PING_MS);
  }

  #received(data) {
    if (data instanceof ArrayBuffer) return this.#emit("picture", data);
    const message = JSON.parse(data);
    if (message.type === "pong") this.#compareClocks(message);
    else this.#emit(message.type, message);
  }

  // The shortest round trip tells the clocks' offset best.
  #compareClocks({ time, clock }) {
    const now = performance.now(), trip = now - time;
    this.#shortestTrip *= 1.1; // clocks drift: an old trip counts less
    if (trip > this.#shortestTrip) return;
    this.#shortestTrip = trip;
    this.#offset = clock - (time + trip / 2) / 1e3;
  }

  #lost() {
    this.#emit("state", "lost");
    setTimeout(() => this.open(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
