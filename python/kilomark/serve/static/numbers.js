// Frame rate, latency and the table of faces.

import { $, row } from "./elements.js";

const WINDOW_MS = 2000, LEAST_MS = 200, LATENCIES = 15, MOST_ROWS = 12;

export class Numbers {
  #drawnAt = [];
  #latencies = [];
  #message = null;

  // A picture was drawn; its latency in milliseconds, or null if it is not known.
  count(message, latency) {
    this.#message = message;
    this.#drawnAt.push(performance.now());
    if (latency !== null) this.#latencies.push(latency);
    if (this.#latencies.length > LATENCIES) this.#latencies.shift();
    $("count").textContent = message.faces.length;
  }

  show() {
    if (!this.#message) return;
    const now = performance.now();
    while (this.#drawnAt.length && now - this.#drawnAt[0] > WINDOW_MS) this.#drawnAt.shift();
    const rate = this.#rate(now), latency = this.#latency();
    $("rate").textContent = rate.toFixed(rate > 0 && rate < 9.95 ? 1 : 0);
    $("latency").textContent = latency === null ? "–" : latency.toFixed(0);
    $("tracker").textContent = this.#message.trackerMs.toFixed(1);
    $("faces").replaceChildren(...rows(this.#message.faces));
  }

  clear() {
    this.#message = null;
    this.#drawnAt = [];
    this.#latencies = [];
    for (const id of ["rate", "latency", "tracker", "count"]) $(id).textContent = "–";
    $("faces").replaceChildren(...rows([]));
  }

  #rate(now) {
    const count = this.#drawnAt.length;
    return count ? (1e3 * (count - 1)) / Math.max(now - this.#drawnAt[0], LEAST_MS) : 0;
  }

  // The median of the last ones; null if no picture came lately.
  #latency() {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    return this.#drawnAt.length && sorted.length ? sorted[sorted.length >> 1] : null;
  }
}

function rows(faces) {
  if (!faces.length) return [row(["none"], 5)];
  return faces.slice(0, MOST_ROWS).map(({ id, pose, score }) => row([id, degrees(pose.yaw), degrees(pose.pitch), degrees(pose.roll), score.toFixed(2)]));
}

function degrees(value) {
  return Number.isFinite(value) ? `${Math.round(value) || 0}°`.replace("-", "−") : "–";
}
