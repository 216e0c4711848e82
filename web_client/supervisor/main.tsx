// The supervisors' page: `/supervisor`.

import { render } from "preact";
import { App } from "./app.tsx";
import { Desk } from "./desk.ts";

const root = document.getElementById("app");
if (root !== null) {
  const desk = new Desk();
  render(<App desk={desk} />, root);
  void desk.access.start();
}
