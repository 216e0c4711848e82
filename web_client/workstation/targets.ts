// Whom a call can be handed to, as one list to search. Pure but for the language.

import { t, tCode } from "../shared/i18n.ts";
import type { Colleague, Colleagues, TransferTarget } from "../shared/protocol.d.ts";

/** :param to: null: anybody who may serve. :param hint: why one would, or would not, choose it. */
export interface Target {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly isFree: boolean;
  readonly to: TransferTarget | null;
}

export function targetsOf(found: Colleagues): readonly Target[] {
  const isFree = found.people.some(({ state }) => state === "idle");
  const hasLevel = found.people.some(({ state, second_level }) => state === "idle" && second_level);
  const level: readonly Target[] = found.second_level
    ? [{ id: "level", name: t("transfer.second_level"), hint: "", isFree: hasLevel, to: { second_level: true } }]
    : [];
  return [
    { id: "anybody", name: t("transfer.anybody"), hint: "", isFree, to: null },
    ...found.people.map(personTarget),
    ...level,
    ...found.skills.map((skill) => skillTarget(skill, isFree)),
  ];
}

function personTarget(person: Colleague): Target {
  const level = person.second_level ? ` · ${t("transfer.second_level")}` : "";
  const hint = t(`work.state.${person.state}`) + level;
  return { id: `person-${person.agent_id}`, name: person.name, hint, isFree: person.state === "idle", to: { agent_id: person.agent_id } };
}

function skillTarget(skill: string, isFree: boolean): Target {
  const words = tCode("skill", skill.replace(":", "_")) ?? skill;
  return { id: `skill-${skill}`, name: t("transfer.skill", { skill: words }), hint: "", isFree, to: { skill } };
}

function plain(words: string): string {
  return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Every typed word begins a word of the name or of the hint; accents and case do not matter. */
export function matching(targets: readonly Target[], typed: string): readonly Target[] {
  const wanted = plain(typed).split(/\s+/).filter((word) => word !== "");
  return targets.filter(({ name, hint }) => {
    const words = plain(`${name} ${hint}`).split(/[\s:’'·-]+/);
    return wanted.every((part) => words.some((word) => word.startsWith(part)));
  });
}
