// Where the focus goes when a screen takes the place of another and what had it is gone: to the new heading, so that
// keyboard and screen reader go on from there (WCAG 2.4.3), not from the top of the page.

import { useEffect, useRef } from "preact/hooks";

/** :param screen: a name for what is shown; the first one leaves the focus where the browser put it. */
export function useFocusOnHeading(screen: string): void {
  const before = useRef(screen);
  useEffect(() => {
    if (before.current === screen) return;
    before.current = screen;
    if (document.activeElement !== null && document.activeElement !== document.body) return; // it has its place already
    const heading = document.querySelector<HTMLElement>("#main h1");
    if (heading === null) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }, [screen]);
}
