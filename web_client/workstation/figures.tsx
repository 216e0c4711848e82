// A few choices in a dialog, each with its figure: one press or one key.

import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { Button } from "../shared/ui/basics.tsx";
import type { Desk } from "./desk.ts";

interface Choice {
  readonly words: string;
  readonly run: () => void;
}

export function Figures({ desk, choices }: { desk: Desk; choices: readonly Choice[] }): JSX.Element {
  const areOn = desk.keys.areOn.value;
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isAlone = !event.repeat && !event.ctrlKey && !event.altKey && !event.metaKey;
      const choice = /^[1-9]$/.test(event.key) ? choices[Number(event.key) - 1] : undefined;
      if (!areOn || !isAlone || choice === undefined) return;
      event.preventDefault();
      choice.run();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [choices, areOn]);
  return (
    <div class="choices">
      {choices.map((choice, index) => (
        <Button key={choice.words} autofocus={index === 0} shortcut={areOn ? String(index + 1) : undefined} onClick={choice.run}>
          {choice.words}
        </Button>
      ))}
    </div>
  );
}
