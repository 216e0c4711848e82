// The service worker: rings this device although no page is open (Web Push). It caches nothing and stands in the way of
// nothing. A push says what happened, never who calls: that is read on the page, signed in.

import { push as en } from "../locales/en.json";
import { push as fr } from "../locales/fr.json";

const words = new URL(self.location.href).searchParams.get("lang") === "en" ? en : fr;
const TAG = "passerelle-call"; // a missed call takes the place of its ringing

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(typeOf(event.data))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage());
});

function typeOf(data) {
  try {
    return data.json().type;
  } catch {
    return "incoming"; // without a readable word it still means that somebody should look
  }
}

async function show(type) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.some((page) => page.visibilityState === "visible")) return; // rings by itself
  const isRinging = type === "incoming" || type === "callback";
  const [title, body] = wordsOf(type);
  await self.registration.showNotification(title, {
    body,
    tag: TAG,
    renotify: true,
    requireInteraction: isRinging,
    vibrate: isRinging ? [600, 400, 600, 400, 600, 400, 600] : [200],
    icon: "/static/icon-call.svg",
  });
}

function wordsOf(type) {
  if (type === "callback") return [words.callback, words.callback_body];
  return type === "incoming" ? [words.incoming, words.incoming_body] : [words.missed, words.missed_body];
}

async function openPage() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname === "/");
  return page === undefined ? self.clients.openWindow("/") : page.focus();
}
