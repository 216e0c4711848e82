// One pictogram for each piece of advice, 24 × 24, drawn for the project: what is wrong with the picture, inside its
// frame. Legible from 24 to 160 px. Never alone: words stand beside, under, or in a label.

import type { JSX } from "preact";
import type { VisibilityMessage } from "../protocol.d.ts";

type Code = VisibilityMessage["advice"];

const FRAME = "M3 4.500h18v15H3z";
const CORNERS = "M3.500 9V4.500H8M16 4.500h4.500V9M20.500 15v4.500H16M8 19.500H3.500V15";
const HAND =
  "M8 13V6.500a1.500 1.500 0 0 1 3 0V11m0-.5v-6a1.500 1.500 0 0 1 3 0V11m0-.5V6a1.500 1.500 0 0 1 3 0v8c0 4-2.300 7-6 7-3 0-4.600-1.300-6-4l-2-3.600c-.9-1.600 1.200-2.900 2.300-1.500L8 14.500";
const CAMERA = "M4 7h10a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zm11 4 5-3v8l-5-3z";
const EYE_OFF = "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM4 4l16 16";

const line = (d: string): JSX.Element => <path d={d} />;
const filled = (d: string): JSX.Element => <path d={d} class="is-filled" fill-rule="evenodd" />;

const smallHand = (transform: string): JSX.Element => <path d={HAND} class="is-thin" transform={transform} />;

const DRAWN: Readonly<Record<Code, JSX.Element>> = {
  good: line("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM7.500 12.500l3.200 3.200 5.800-6.700"),
  no_person: line(`${CORNERS}M9.700 10.200a2.300 2.300 0 1 1 3.500 2c-.8.5-1.200 1-1.200 1.800M12 16.800h.01`),
  hands_cut: (
    <>
      {line("M3 2h18v10.500H3zM12 3.600a1.900 1.900 0 1 0 0 3.800 1.900 1.900 0 0 0 0-3.800zM7.700 12.500c0-2.600 1.700-3.500 4.300-3.500s4.300.9 4.300 3.500")}
      {smallHand("translate(0.5 14.200) scale(0.43)")}
      {smallHand("translate(23.500 14.200) scale(-0.43 0.43)")}
    </>
  ),
  hands_hidden: line(`${HAND}M3 3l18 18`),
  face_cut: line("M3 9h18v12H3zM8.300 9a3.700 3.700 0 0 0 7.400 0M6 21c0-4.500 2.500-6 6-6s6 1.500 6 6M8.300 6a3.700 3.700 0 0 1 1.200-2.500M15.700 6a3.700 3.700 0 0 0-1.200-2.500"),
  mouth_hidden: (
    <>
      {line("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9v.8M15 9v.8")}
      {filled("M3.100 12.700h17.800a9 9 0 0 1-17.800 0z")}
    </>
  ),
  too_near: line(`${FRAME}M12 6.500a4.700 4.700 0 1 0 0 9.400 4.700 4.700 0 0 0 0-9.400zM3 19.500c1-2.800 2.600-4.300 4.800-5M21 19.500c-1-2.800-2.600-4.300-4.800-5`),
  too_far: line(`${FRAME}M12 11.300a1.300 1.300 0 1 0 0 2.600 1.300 1.300 0 0 0 0-2.600zM9.500 19.300c0-2.400 1-3.300 2.500-3.300s2.500.9 2.500 3.300`),
  off_centre: line(`${FRAME}M17 8.300a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM13.300 19.500c0-3.500 1.500-4.800 3.700-4.800 1.700 0 3 .8 3.500 2.800M11.500 10.500h-5m2-2-2 2 2 2`),
  sideways: (
    <g transform="rotate(-24 12 12)">
      {line("M4 6h16v12H4zM12 7.800a1.900 1.900 0 1 0 0 3.800 1.900 1.900 0 0 0 0-3.800zM8 18c0-3.400 1.500-4.400 4-4.400s4 1 4 4.400")}
    </g>
  ),
  too_dark: filled("M3 4.500h18v15H3zM14.300 7.400a4.900 4.900 0 1 0 2.900 7.200 4.600 4.600 0 0 1-2.900-7.200z"),
  too_bright: line(`${FRAME}M12 9.300a2.700 2.700 0 1 0 0 5.400 2.700 2.700 0 0 0 0-5.400zM12 6.800v.01M12 17.200v.01M6.800 12h.01M17.200 12h.01M8.300 8.300l.01.01M15.700 15.700l.01.01M15.700 8.300l.01.01M8.300 15.700l.01.01`),
  backlit: (
    <>
      {line("M5.500 12.500a6.500 6.500 0 0 1 13 0M12 1.500v2M3.800 4.800l1.400 1.400M20.200 4.800l-1.400 1.400M1.500 12.500h1.700M20.800 12.500h1.700")}
      {filled("M12 8a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM5.500 21.500c0-4.500 2.800-6 6.500-6s6.500 1.500 6.500 6z")}
    </>
  ),
  blurred: line(`${FRAME}M6 9.300q1.500-1.800 3 0t3 0 3 0 3 0M6 12.300q1.500-1.800 3 0t3 0 3 0 3 0M6 15.300q1.500-1.800 3 0t3 0 3 0 3 0`),
  covered: (
    <>
      {filled("M2.500 6.500h13v11h-13z")}
      {line("M15.500 11l5-3v8l-5-3z")}
    </>
  ),
  frozen: line(`${FRAME}M9.800 9v6M14.200 9v6`),
  low_frame_rate: (
    <>
      {filled("M2.500 6h5v12h-5zM16.500 6h5v12h-5z")}
      {line("M10.200 6.500h.6M13.200 6.500h.6M10.200 17.500h.6M13.200 17.500h.6M10 9.500v1M10 13.500v1M14 9.500v1M14 13.500v1")}
    </>
  ),
  low_resolution: (
    <>
      {line(FRAME)}
      {filled("M6 7.500h4v3H6zM14 7.500h4v3h-4zM10 10.500h4v3h-4zM6 13.500h4v3H6zM14 13.500h4v3h-4z")}
    </>
  ),
  idle: line("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500V12.500l3.200 2"),
  no_video: line(`${CAMERA}M3 3l18 18`),
  not_measured: line(EYE_OFF),
  models_missing: line(EYE_OFF),
  switched_off: line(EYE_OFF),
};

/** :param size: CSS px; without one the style sheet says. */
export function AdviceIcon({ code, size = 24 }: { code: Code | null; size?: number }): JSX.Element {
  return (
    <svg class="icon advice-icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      {code === null ? line(CORNERS) : (DRAWN[code] ?? line(FRAME))}
    </svg>
  );
}
