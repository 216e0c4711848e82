// Reads the i18next JSON v4 shape: nested keys, `key_one` / `key_other`, `{{name}}`. Pure.

export type Catalogue = { readonly [key: string]: string | Catalogue };
export type Values = Readonly<Record<string, string | number>>;

function find(catalogue: Catalogue, path: string): string | undefined {
  let node: string | Catalogue | undefined = catalogue;
  for (const part of path.split(".")) {
    if (node === undefined || typeof node === "string") return undefined;
    node = node[part];
  }
  return typeof node === "string" ? node : undefined;
}

function fill(text: string, values: Values): string {
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The text of `key`, in the plural form of `values.count` when there is one; undefined when the key is unknown. */
export function translate(catalogue: Catalogue, locale: string, key: string, values: Values = {}): string | undefined {
  const { count } = values;
  if (typeof count === "number") {
    const form = new Intl.PluralRules(locale).select(count);
    const plural = find(catalogue, `${key}_${form}`) ?? find(catalogue, `${key}_other`);
    if (plural !== undefined) return fill(plural, values);
  }
  const text = find(catalogue, key);
  return text === undefined ? undefined : fill(text, values);
}

/** Every key of a catalogue, dotted. */
export function keysOf(catalogue: Catalogue, prefix = ""): string[] {
  return Object.entries(catalogue).flatMap(([key, value]) =>
    typeof value === "string" ? [prefix + key] : keysOf(value, `${prefix}${key}.`),
  );
}
