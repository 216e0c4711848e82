// The signer's page: `/`, `/b/{slug}` (a brand's page) and `/embed/{slug}` (the same inside a business's site).

import { render } from "preact";
import { App } from "./app.tsx";
import { Caller } from "./caller.ts";
import { placeOf } from "./place.ts";

const root = document.getElementById("app");
if (root !== null) {
  const caller = new Caller(placeOf(location));
  render(<App caller={caller} />, root);
  void caller.start();
}
