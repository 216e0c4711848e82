// Pictograms, 24 × 24, drawn for the project. Always beside words or under an aria-label: never alone.

import type { JSX } from "preact";

const PATHS = {
  camera: "M4 7h10a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zm11 4 5-3v8l-5-3z",
  cameraOff: "M4 7h10a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1zm11 4 5-3v8l-5-3zM3 3l18 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2",
  copy: "M9 9h10v11H9zM5 15V4h10",
  corners: "M4 10V4h6M20 14v6h-6M4 4l6 6M20 20l-6-6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  eyeOff: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM4 4l16 16",
  flag: "M6 21V4h12l-2.5 4L18 12H6",
  frame: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  hand: "M8 13V6.5a1.5 1.5 0 0 1 3 0V11m0-.5v-6a1.5 1.5 0 0 1 3 0V11m0-.5V6a1.5 1.5 0 0 1 3 0v8c0 4-2.3 7-6 7-3 0-4.6-1.3-6-4l-2-3.6c-.9-1.6 1.2-2.9 2.3-1.5L8 14.5",
  hangUp: "M3 14.5c5-5 13-5 18 0l-2.5 2.5-3.5-1.5V13a11 11 0 0 0-6 0v2.5L5.5 17z",
  hold: "M9 6v12M15 6v12",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  keyboard: "M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8",
  lamp: "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5.9 1 .9 1.6v.5h5.2v-.5c0-.6.3-1.1.9-1.6A6 6 0 0 0 12 3z",
  mic: "M12 3.5a2.5 2.5 0 0 0-2.5 2.5v5a2.5 2.5 0 0 0 5 0V6A2.5 2.5 0 0 0 12 3.5zM6 11a6 6 0 0 0 12 0M12 17v3.5",
  micOff: "M12 3.5a2.5 2.5 0 0 0-2.5 2.5v5a2.5 2.5 0 0 0 5 0V6A2.5 2.5 0 0 0 12 3.5zM6 11a6 6 0 0 0 12 0M12 17v3.5M4 4l16 16",
  network: "M4 18v-3M9 18v-6M14 18V9M19 18V6",
  pause: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM10 9v6M14 9v6",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.5-4 3.5-6 7.5-6s7 2 7.5 6",
  phone: "M5 4h4l1.5 4.5L8 10.5a12 12 0 0 0 5.5 5.5l2-2.5L20 15v4a1.5 1.5 0 0 1-1.6 1.5C10.500 20 4 13.500 3.500 5.600 3.500 4.700 4.200 4 5 4z",
  play: "M8 5l11 7-11 7z",
  save: "M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 19h14",
  sos: "M12 3l9.500 17h-19zM12 9.500v5M12 17.200h.01",
  speak: "M5 9.500v5h3l5 4v-13l-5 4zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11",
  swap: "M4 9h14l-4-4M20 15H6l4 4",
  text: "M4 5h16v11H9l-5 4zM8 9h8M8 12.500h5",
  zoom: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 20 20M10.500 8v5M8 10.500h5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 24 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
