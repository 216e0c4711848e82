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

function say(text) {
  if (byId("status").textContent !== text) byId("status").textContent = text;
}

function spaced(number) {
  return number.replace(/^\+33(\d)/, "0$1").replace(/(\d\d)(?=\d)/g, "$1\u00a0");
}

function connect() {
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => say("Prêt : en attente d’un appel.");
  socket.onmessage = (event) => (typeof event.data === "string" ? update(JSON.parse(event.data)) : hear(event.data));
  socket.onclose = () => {
    update({ calls: [], mine: null });
    say("Téléphone de démonstration arrêté. Nouvelle tentative…");
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
  if (!mine && before) ended();
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
  if (ringing.length && !mine) say(`Appel entrant au ${spaced(ringing[0].number)}.`);
  else if (!mine && socket?.readyState === WebSocket.OPEN) say("Prêt : en attente d’un appel.");
}

function row(call) {
  const item = document.createElement("li");
  item.dataset.call = call.id;
  const label = document.createElement("span");
  label.className = "number";
  label.textContent = spaced(call.number);
  const answer = button("Répondre", "go", () => pickUp(call.id));
  const decline = button("Refuser", "stop", () => send("decline", call.id));
  item.append(label, answer, decline);
  if (!mine) queueMicrotask(() => answer.focus());
  return item;
}

function button(text, kind, onclick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.className = kind;
  made.onclick = onclick;
  return made;
}

async function pickUp(id) {
  await openSound(); // inside the click: browsers start sound only then
  send("answer", id);
}

function started() {
  answeredAt = Date.now();
  const call = calls.find((one) => one.id === mine);
  byId("call-number").textContent = call ? spaced(call.number) : "";
  say("En communication.");
  queueMicrotask(() => byId("call-title").focus());
}

function ended() {
  closeSound();
  mute(false);
  say("Appel terminé.");
}

function showCall() {
  byId("call").hidden = !mine;
  const call = calls.find((one) => one.id === mine);
  byId("digits").textContent = call?.digits || "–";
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
    byId("microphone").textContent = "Micro ouvert.";
  } catch {
    byId("microphone").textContent = "Pas de micro : vous entendez sans pouvoir parler.";
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
  sound?.node.port.postMessage(data, [data]);
}

for (const digit of DIGITS) byId("pad").append(button(digit, "", () => send("dtmf", mine, { digits: digit })));
byId("hang-up").onclick = () => send("hang_up", mine);
byId("mute").onclick = () => mute(!muted);
addEventListener("keydown", (event) => {
  if (mine && !event.ctrlKey && !event.metaKey && !event.altKey && DIGITS.includes(event.key)) {
    send("dtmf", mine, { digits: event.key });
  }
});
setInterval(() => {
  if (!mine) return;
  const seconds = Math.floor((Date.now() - answeredAt) / 1000);
  byId("call-time").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 500);

connect();
