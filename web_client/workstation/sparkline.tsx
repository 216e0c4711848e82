// A call's frame rate in a line of a table, with its words.

import type { JSX } from "preact";
import { t } from "../shared/i18n.ts";
import { fluidShare, FULL_FPS, segments } from "./trend.ts";

const WIDTH = 80;
const HEIGHT = 22;

export function Sparkline({ rates }: { rates: readonly (number | null)[] }): JSX.Element {
  const share = fluidShare(rates);
  if (share === null) return <span>–</span>;
  const words = t("work.fluid_share", { percent: Math.round(share * 100) });
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={words}>
      <title>{words}</title>
      <line class="sparkline-mark" x1="0" x2={WIDTH} y1={y(20)} y2={y(20)} />
      {segments(rates, WIDTH).map((points) => (
        <polyline key={points[0]?.x} points={points.map(({ x, rate }) => `${x},${y(rate)}`).join(" ")} />
      ))}
    </svg>
  );
}

function y(rate: number): number {
  return HEIGHT - 1 - (Math.min(rate, FULL_FPS) / FULL_FPS) * (HEIGHT - 2);
}
