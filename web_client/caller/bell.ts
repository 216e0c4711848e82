// Rings this device although the page is closed (Web Push): asked for, told to the service, and taken back again.

import { effect, signal } from "@preact/signals";
import { locale } from "../shared/i18n.ts";
import type { Session } from "../shared/session.ts";

/** `impossible`: this browser has no push, or the service offers none. `ios`: only once the page is on the home screen. */
export type BellState = "impossible" | "ios" | "off" | "on" | "denied" | "failed";

export class Bell {
  readonly state = signal<BellState>("impossible");
  readonly isBusy = signal(false);
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
    effect(() => {
      const key = session.pushKey.value;
      if (key !== null && session.connection.status.value === "open") void this.#find(key);
    });
  }

  /** The own press of a button: browsers ask for the permission only then. */
  async turnOn(): Promise<void> {
    const key = this.#session.pushKey.value;
    if (key === null) return;
    this.isBusy.value = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") this.state.value = "denied";
      else await this.#subscribe(key);
    } catch {
      this.state.value = "failed";
    }
    this.isBusy.value = false;
  }

  /** Also when signing out: the next person at this device is not rung for this one. */
  async turnOff(): Promise<void> {
    const subscription = await current();
    if (subscription === null) return;
    await this.#session.connection.ask({ type: "push.unsubscribe", endpoint: subscription.endpoint });
    await subscription.unsubscribe().catch(() => undefined);
    this.state.value = "off";
  }

  async #find(key: string): Promise<void> {
    if (!("PushManager" in globalThis) || !("serviceWorker" in navigator)) {
      if ("standalone" in navigator && navigator.standalone === false) this.state.value = "ios";
      return;
    }
    const subscription = await current();
    if (subscription === null) this.state.value = "off";
    else if (isFor(subscription, key)) await this.#tell(subscription);
    else await this.#subscribe(key).catch(() => (this.state.value = "failed"));
  }

  async #subscribe(key: string): Promise<void> {
    const worker = await navigator.serviceWorker.register(`/sw.js?lang=${locale.value}`);
    const before = await worker.pushManager.getSubscription();
    if (before !== null && !isFor(before, key)) await before.unsubscribe(); // of another service, or of an older key
    const applicationServerKey = bytesOf(key);
    await this.#tell(await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
  }

  async #tell(subscription: PushSubscription): Promise<void> {
    const { keys } = subscription.toJSON();
    const { endpoint } = subscription;
    const { p256dh = "", auth = "" } = keys ?? {};
    const answer = await this.#session.connection.ask({ type: "push.subscribe", endpoint, keys: { p256dh, auth } });
    this.state.value = answer.type === "ok" ? "on" : "failed";
  }
}

async function current(): Promise<PushSubscription | null> {
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  return (await worker?.pushManager?.getSubscription().catch(() => null)) ?? null;
}

function isFor(subscription: PushSubscription, key: string): boolean {
  const own = subscription.options.applicationServerKey;
  if (own === null) return false;
  const wanted = bytesOf(key);
  const bytes = new Uint8Array(own);
  return bytes.length === wanted.length && bytes.every((byte, index) => byte === wanted[index]);
}

/** base64url, as VAPID keys are written (RFC 8292). */
export function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const binary = atob(key.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
