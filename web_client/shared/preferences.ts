// What a person chose on this device (devices, language, text size…). Never what was said. Storage may be refused
// (private browsing, third-party frame): then nothing is remembered and nothing else changes.

const PREFIX = "passerelle.";

export function readPreference(name: string): string | null {
  try {
    return globalThis.localStorage?.getItem(PREFIX + name) ?? null;
  } catch {
    return null;
  }
}

export function writePreference(name: string, value: string): void {
  try {
    globalThis.localStorage?.setItem(PREFIX + name, value);
  } catch {
    // refused: not remembered
  }
}

/** What was kept as JSON, field by field: whoever reads it knows which values it may have. Nothing: no fields. */
export function keptFields(kept: string | null): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(kept ?? "null");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The same until the tab closes: resume token, text of the call. */
export const tabStore = {
  read(name: string): string | null {
    try {
      return globalThis.sessionStorage?.getItem(PREFIX + name) ?? null;
    } catch {
      return null;
    }
  },
  write(name: string, value: string): void {
    try {
      globalThis.sessionStorage?.setItem(PREFIX + name, value);
    } catch {
      // refused or full: a reload will not find it
    }
  },
  remove(name: string): void {
    try {
      globalThis.sessionStorage?.removeItem(PREFIX + name);
    } catch {
      // nothing was kept
    }
  },
};
