// What the screen is like, also after it was turned round.

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export function useMediaQuery(query: string): boolean {
  const matches = useSignal(window.matchMedia(query).matches);
  useEffect(() => {
    const list = window.matchMedia(query);
    const heed = (): void => {
      matches.value = list.matches;
    };
    list.addEventListener("change", heed);
    return () => list.removeEventListener("change", heed);
  }, [query]);
  return matches.value;
}
