// What is seen from outside the page: title, favicon, notification, vibration, a screen that stays on.

import { effect, signal } from "@preact/signals";
import { locale } from "./i18n.ts";

export type Situation = "idle" | "waiting" | "ringing" | "call";

const baseTitle = "Passerelle";
const situation = signal<Situation>("idle");
const words = signal("");
let blink: ReturnType<typeof setInterval> | undefined;
let isMarked = false;

function show(): void {
  const mark = situation.value === "ringing" && isMarked ? "● " : "";
  document.title = `${mark}${words.value === "" ? baseTitle : `${words.value} · ${baseTitle}`}`;
  const icon = document.querySelector<HTMLLinkElement>("link[rel~=icon]");
  const name = situation.value === "ringing" && isMarked ? "call" : situation.value;
  const href = icon?.dataset[name];
  if (icon !== null && href !== undefined && icon.getAttribute("href") !== href) icon.href = href;
}

/** The title says `text`; while ringing it changes once a second, never faster. */
export function setSituation(next: Situation, text: string): void {
  situation.value = next;
  words.value = text;
  clearInterval(blink);
  isMarked = next === "ringing";
  if (next === "ringing") {
    blink = setInterval(() => {
      isMarked = !isMarked;
      show();
    }, 1_000);
  }
  show();
}

effect(() => {
  if (globalThis.document !== undefined) document.documentElement.lang = locale.value;
});

const CALL_TAG = "passerelle-call"; // the service worker's too: one notification for one call

/** Only when the page is out of sight and the person said yes before. Resolves to what closes it. */
export async function notify(title: string, body: string): Promise<() => void> {
  const worker = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const isWanted = globalThis.Notification?.permission === "granted" && document.visibilityState !== "visible";
  const options: NotificationOptions = { body, requireInteraction: true, tag: CALL_TAG };
  if (isWanted && worker !== undefined) await worker.showNotification(title, options).catch(() => undefined);
  const shown = isWanted && worker === undefined ? showWithout(title, options) : null;
  return () => {
    shown?.close();
    void worker?.getNotifications({ tag: CALL_TAG }).then((all) => all.forEach((one) => one.close()));
  };
}

function showWithout(title: string, options: NotificationOptions): Notification | null {
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
    return notification;
  } catch {
    return null; // Android wants a service worker for it
  }
}

/** A bonus where the device has it (no iOS). */
export function vibrate(pattern: number[]): void {
  navigator.vibrate?.(pattern);
}

/** Keeps the screen on while `isWanted`; taken again when the page comes back into sight. */
export class ScreenLock {
  #isWanted = false;
  #lock: WakeLockSentinel | null = null;

  constructor() {
    document.addEventListener("visibilitychange", () => void this.#take());
  }

  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    if (isWanted) void this.#take();
    else void this.#lock?.release().catch(() => undefined);
  }

  async #take(): Promise<void> {
    if (!this.#isWanted || document.visibilityState !== "visible") return;
    if (this.#lock !== null && !this.#lock.released) return;
    try {
      this.#lock = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      this.#lock = null; // refused: low battery, or no such thing here
    }
  }
}
