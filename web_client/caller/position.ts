// Where the person is, for an emergency: words they wrote, and the device's position when they ask for it. In memory only.

import { signal } from "@preact/signals";
import { t } from "../shared/i18n.ts";

export type Search = "idle" | "asking" | "failed";

const SEARCH: PositionOptions = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 60_000 };
const LIMIT = 200; // characters, as in the protocol
const PLACES = 5; // decimals of a degree: a metre

export class Position {
  readonly words = signal("");
  readonly search = signal<Search>("idle");

  get isPossible(): boolean {
    return globalThis.isSecureContext && navigator.geolocation !== undefined;
  }

  write(words: string): void {
    this.words.value = words.slice(0, LIMIT);
  }

  ask(): void {
    this.search.value = "asking";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.search.value = "idle";
        this.write(joined(this.words.value, positionWords(coords)));
      },
      () => (this.search.value = "failed"),
      SEARCH,
    );
  }
}

function joined(written: string, found: string): string {
  const room = LIMIT - found.length - 2;
  return written.trim() === "" ? found : `${written.trim().slice(0, room)}. ${found}`;
}

function positionWords({ latitude, longitude, accuracy }: Pick<GeolocationCoordinates, "latitude" | "longitude" | "accuracy">): string {
  return t("emergency.position_words", {
    latitude: latitude.toFixed(PLACES),
    longitude: longitude.toFixed(PLACES),
    metres: Math.max(1, Math.round(accuracy)),
  });
}

/**
 * A text message to 114 that is written already as far as it can be. `?&body=`: RFC 5724 has `?body=`, iOS wants `&body=`;
 * both read this.
 */
export function smsTo114(sentences: readonly string[]): string {
  return `sms:114?&body=${encodeURIComponent(sentences.join(" "))}`;
}
