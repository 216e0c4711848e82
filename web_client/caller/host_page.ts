// Inside a business's site: what that page is told (never who calls, never what is said), and the one thing it may ask.

import type { CallState, CallStateMessage } from "../shared/protocol.d.ts";

export type HostEvent = "ready" | "queued" | "connected" | "ended" | "error" | "closed";

interface Commands {
  readonly close: () => void;
}

export class HostPage {
  readonly #origin: string | null;
  #told = "";
  #alive: string | null = null;

  /** :param origin: of the page around, as its script said it; the browser delivers to that origin only. */
  constructor(origin: string | null, commands: Commands) {
    this.#origin = window.parent === window ? null : origin;
    if (this.#origin === null) return;
    window.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (event.origin !== this.#origin || event.source !== window.parent) return;
      const data = event.data as { source?: unknown; v?: unknown; type?: unknown } | null;
      if (data?.source === "passerelle" && data.v === 1 && data.type === "close") commands.close();
    });
  }

  post(type: HostEvent, payload: Readonly<Record<string, unknown>>): void {
    if (this.#origin !== null) window.parent.postMessage({ source: "passerelle", v: 1, type, payload }, this.#origin);
  }

  callChanged(call: CallStateMessage | null): void {
    if (call === null) return;
    const event = eventOf(call.state);
    if (event !== "ended") this.#alive = call.call_id;
    else if (call.call_id !== this.#alive) return; // over before this page was opened
    const payload =
      event === "ended"
        ? { reason: call.end_reason }
        : event === "queued"
          ? { position: call.queue?.position ?? null, eta: call.queue?.wait_high_s ?? null }
          : {};
    const whole = JSON.stringify([call.call_id, event, payload]);
    if (whole === this.#told) return;
    this.#told = whole;
    this.post(event, payload);
  }
}

function eventOf(state: CallState): HostEvent {
  if (state === "ended") return "ended";
  return state === "incoming" || state === "queued" || state === "alerting" ? "queued" : "connected";
}
