// The visitor's own camera: its frames go to the server as JPEG pictures, one in flight at a time.

import { encodeFrame } from "./protocol.js";

const QUALITY = 0.8, LONGEST_PX = 960, PATIENCE_MS = 5000;

export class Camera {
  #video = document.createElement("video");
  #canvas = document.createElement("canvas");
  #connection;
  #stream = null;
  #number = 0;
  #flight = null; // the frame that the server has: its number, picture and time

  constructor(connection) {
    this.#connection = connection;
    this.#video.muted = this.#video.playsInline = true;
  }

  get isOn() {
    return this.#stream !== null;
  }

  // Ask for the camera; an error says why there is none.
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new Error("Browsers give a page the camera on localhost or over HTTPS only. Use ssh -L, or kilomark serve --certificate.");
    }
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" } });
    } catch (error) {
      throw new Error(TROUBLES[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    this.#video.srcObject = this.#stream;
    await this.#video.play();
    this.#send();
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#flight = null;
    this.#video.srcObject = null;
  }

  // Return the picture that an answer belongs to, and send the next one.
  take(number) {
    const flight = this.#flight;
    if (!flight || flight.number !== number) return null;
    this.#flight = null;
    this.#send();
    return flight;
  }

  // The server has refused the frame: go on with the next one, a little later.
  refused() {
    this.#flight = null;
    setTimeout(() => this.#send(), 500);
  }

  async #send() {
    const stream = this.#stream;
    if (!stream || this.#flight || !this.#connection.isOpen) return;
    const flight = (this.#flight = { number: ++this.#number, capturedAt: performance.now(), picture: null });
    const scale = Math.min(1, LONGEST_PX / Math.max(this.#video.videoWidth, this.#video.videoHeight));
    this.#canvas.width = Math.round(scale * this.#video.videoWidth);
    this.#canvas.height = Math.round(scale * this.#video.videoHeight);
    this.#canvas.getContext("2d").drawImage(this.#video, 0, 0, this.#canvas.width, this.#canvas.height);
    flight.picture = await createImageBitmap(this.#canvas);
    const jpeg = await new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY));
    const message = jpeg && (await encodeFrame(flight.number, jpeg));
    if (stream !== this.#stream || flight !== this.#flight || !message) return;
    this.#connection.sendBytes(message);
    setTimeout(() => flight === this.#flight && this.refused(), PATIENCE_MS);
  }

  // The connection is there again.
  resume() {
    this.#flight = null;
    this.#send();
  }
}

const TROUBLES = {
  NotAllowedError: "The browser may not use the camera. Allow it in the address bar, then choose this source again.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "Another program uses the camera.",
};
