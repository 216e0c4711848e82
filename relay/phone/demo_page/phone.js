// The demonstration phone's page: what rings, answering, sound, digits. One WebSocket carries all of it.
const byId = (id) => document.getElementById(id);
const DIGITS = "123456789*0#";
const RECONNECT_MS = 1000;

let socket = null;
let calls = [];
let mine = null;
let answeredAt = 0;
let sound = null; // { context, node, stream }
let muted = false;
let verdict = false; // how the last own call failed stands there until something new happens
let heardAt = 0;
const HEARD_LEVEL = 0.02; // of full scale: somebody speaks, or an announcement
const HEARD_MS = 600;
const FAILURES = {
  404: ["Numéro inconnu du relais.", "The relay does not know this number."],
  480: ["Personne ne prend l’appel.", "Nobody takes the call."],
  486: ["Occupé.", "Busy."],
  503: ["Le relais ne peut pas prendre d’appel maintenant.", "The relay cannot take calls now."],
};

function say(french, english) {
  const text = `${french} ${english}`;
  if (byId("status").dataset.text === text) return;
  byId("status").dataset.text = text;
  byId("status").replaceChildren(french, " ", inEnglish(english));
}

function inEnglish(text) {
  const made = document.createElement("span");
  made.lang = "en";
  made.textContent = text;
  return made;
}

function ready() {
  say("Prêt : en attente d’un appel.", "Ready: waiting for a call.");
}

function spaced(number) {
  return number.replace(/^\+33(\d)/, "0$1").replace(/(\d\d)(?=\d)/g, "$1\u00a0");
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.binaryType = "arraybuffer";
  socket.onopen = ready;
  socket.onmessage = (event) => (typeof event.data === "string" ? update(JSON.parse(event.data)) : hear(event.data));
  socket.onclose = () => {
    update({ calls: [], mine: null });
    say("Téléphone de démonstration arrêté. Nouvelle tentative…", "Demonstration phone stopped. Trying again…");
    setTimeout(connect, RECONNECT_MS);
  };
}

function send(type, call, more = {}) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, call, ...more }));
}

function update(news) {
  const before = mine;
  calls = news.calls;
  mine = news.mine;
  if (mine && !before) started();
  if ((!mine && before) || news.failed) ended(news.failed);
  showRinging();
  showCall();
}

function showRinging() {
  const ringing = calls.filter((call) => call.state === "ringing" && call.id !== mine);
  const list = byId("ringing-list");
  const shown = new Map([...list.children].map((row) => [row.dataset.call, row]));
  for (const [id, row] of shown) if (!ringing.some((call) => call.id === id)) row.remove();
  for (const call of ringing) if (!shown.has(call.id)) list.append(row(call));
  byId("ringing").hidden = ringing.length === 0;
  document.title = `${ringing.length ? "☎ Appel entrant – " : ""}Téléphone de démonstration – Passerelle`;
  if (ringing.length && !mine) {
    verdict = false;
    say(`Appel entrant au ${spaced(ringing[0].number)}.`, `Incoming call to ${spaced(ringing[0].number)}.`);
  } else if (!mine && !verdict && socket?.readyState === WebSocket.OPEN) ready();
}

function row(call) {
  const item = document.createElement("li");
  item.dataset.call = call.id;
  const label = document.createElement("span");
  label.className = "number";
  label.textContent = spaced(call.number);
  const answer = button("Répondre", "Answer", "go", () => pickUp(call.id));
  const decline = button("Refuser", "Decline", "stop", () => send("decline", call.id));
  item.append(label, answer, decline);
  if (!mine) queueMicrotask(() => answer.focus());
  return item;
}

function button(text, english, kind, onclick) {
  const made = document.createElement("button");
  made.type = "button";
  made.append(text);
  if (english) made.append(" ", inEnglish(english));
  made.className = kind;
  made.onclick = onclick;
  return made;
}

async function pickUp(id) {
  await openSound(); // inside the click: browsers start sound only then
  send("answer", id);
}

async function call(event) {
  event.preventDefault();
  if (mine) return;
  await openSound(); // inside the click, as above
  send("call", "", { number: byId("number").value });
}

function started() {
  verdict = false;
  answeredAt = Date.now();
  const call = calls.find((one) => one.id === mine);
  byId("call-number").textContent = call ? spaced(call.number) : "";
  queueMicrotask(() => byId("call-title").focus());
}

function ended(failed) {
  closeSound();
  mute(false);
  verdict = Boolean(failed);
  say(...(FAILURES[failed] ?? ["Appel terminé.", "The call has ended."]));
}

function showCall() {
  byId("call").hidden = !mine;
  byId("calling").hidden = Boolean(mine);
  const call = calls.find((one) => one.id === mine);
  byId("digits").textContent = call?.digits || "–";
  if (call?.state === "calling") say("Le relais sonne…", "The relay rings…");
  else if (call) say("En communication.", "In a call.");
  if (call?.state === "calling") answeredAt = Date.now();
}

function mute(on) {
  muted = on;
  byId("mute").setAttribute("aria-pressed", String(on));
}

async function openSound() {
  if (sound) return;
  const context = new AudioContext();
  await context.audioWorklet.addModule("/files/sound.js");
  const node = new AudioWorkletNode(context, "phone-sound");
  node.connect(context.destination);
  node.port.onmessage = (event) => {
    if (mine && !muted && socket?.readyState === WebSocket.OPEN) socket.send(event.data);
  };
  sound = { context, node, stream: null };
  try {
    sound.stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
    context.createMediaStreamSource(sound.stream).connect(node);
    byId("microphone").replaceChildren("Micro ouvert. ", inEnglish("Microphone on."));
  } catch {
    const english = inEnglish("No microphone: you hear without being able to speak.");
    byId("microphone").replaceChildren("Pas de micro : vous entendez sans pouvoir parler. ", english);
  }
  if (context.state === "suspended") await context.resume();
}

function closeSound() {
  sound?.stream?.getTracks().forEach((track) => track.stop());
  sound?.context.close();
  sound = null;
  byId("level").value = 0;
}

function hear(data) {
  const samples = new Int16Array(data);
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  byId("level").value = peak / 32768;
  if (peak / 32768 > HEARD_LEVEL) heardAt = Date.now();
  sound?.node.port.postMessage(data, [data]);
}

for (const digit of DIGITS) byId("pad").append(button(digit, "", "", () => send("dtmf", mine, { digits: digit })));
byId("hang-up").onclick = () => send("hang_up", mine);
byId("call-form").onsubmit = call;
byId("mute").onclick = () => mute(!muted);
addEventListener("keydown", (event) => {
  if (mine && event.target !== byId("number") && !event.ctrlKey && !event.metaKey && !event.altKey && DIGITS.includes(event.key)) {
    send("dtmf", mine, { digits: event.key });
  }
});
setInterval(() => {
  const heard = Date.now() - heardAt < HEARD_MS ? "voix ou annonce · voice or announcement" : "";
  if (byId("sound-heard").textContent !== heard) byId("sound-heard").textContent = heard;
  if (!mine) return;
  const seconds = Math.floor((Date.now() - answeredAt) / 1000);
  byId("call-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 500);

connect();
