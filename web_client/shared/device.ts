// This browser's own random name, so that the service can ring all devices of a person and know which one has the call.

import { readPreference, writePreference } from "./preferences.ts";

const NAME = "device";
const FORM = /^[A-Za-z0-9_-]{8,64}$/;
let known: string | null = null; // where storage is refused: until the page closes

/** Random, kept in the browser; says nothing about the machine or the person. */
export function deviceId(): string {
  known ??= kept() ?? made();
  return known;
}

function kept(): string | null {
  const value = readPreference(NAME);
  return value !== null && FORM.test(value) ? value : null;
}

function made(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  writePreference(NAME, id);
  return id;
}
