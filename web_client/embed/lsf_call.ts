// The button of a business's site: `<script src=".../embed/v1.js" defer></script>` and
//
//   <lsf-call brand="mairie-x" locale="fr" target="dialog">
//     <a href="https://…/b/mairie-x">Nous appeler en LSF</a>   (works without this script)
//   </lsf-call>
//
// Nothing is loaded before the click: no cookie, no tracker, no frame. Styles are adopted sheets, so that a strict
// `style-src` of the host does not undress the button. What the frame says is checked by origin and by window.

const SERVICE = new URL((document.currentScript as HTMLScriptElement | null)?.src ?? location.href).origin;
const ALLOW =
  "camera; microphone; fullscreen; autoplay; clipboard-write; picture-in-picture; screen-wake-lock";
const EVENTS = ["ready", "opened", "queued", "connected", "ended", "error", "closed"] as const;
const CLOSE_GRACE_MS = 800;
const IN_APP_BROWSER = /\b(FBAN|FBAV|Instagram|Line|MicroMessenger|GSA|LinkedInApp)\b|; wv\)/;

const WORDS = {
  fr: { call: "Nous appeler en LSF", close: "Fermer la fenêtre d’appel", title: "Appel en langue des signes" },
  en: { call: "Call us in sign language", close: "Close the call window", title: "Sign language call" },
} as const;

const STYLES = `
:host{display:inline-block}
:host([hidden]){display:none}
button{font:inherit;cursor:pointer}
.open{display:inline-flex;align-items:center;gap:.6em;min-height:48px;padding:.6em 1.1em;border:2px solid #0b4f6c;border-radius:10px;background:#0b4f6c;color:#fff;font-weight:600;font-size:1rem;line-height:1.3;text-align:left}
.open:hover{background:#083d54}
:focus-visible{outline:3px solid #ffb000;outline-offset:3px}
svg{width:1.6em;height:1.6em;flex:none;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
dialog{box-sizing:border-box;width:100vw;height:100vh;height:100dvh;max-width:none;max-height:none;margin:0;padding:0;border:0;background:#fff}
dialog::backdrop{background:rgba(8,20,28,.7)}
.frame{display:flex;flex-direction:column;height:100%}
.bar{display:flex;justify-content:flex-end;padding:4px 8px;background:#0f2733}
.close{min-height:44px;padding:0 16px;border:0;border-radius:8px;background:#0f2733;color:#fff;font-weight:600;font-size:1rem}
.close:hover{background:#1d4355}
iframe{flex:1;width:100%;border:0}
`;

type Words = (typeof WORDS)["fr" | "en"];

class LsfCall extends HTMLElement {
  #frame: HTMLIFrameElement | null = null;
  #dialog: HTMLDialogElement | null = null;
  readonly #onMessage = (event: MessageEvent<unknown>): void => this.#heard(event);

  connectedCallback(): void {
    if (this.shadowRoot !== null) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.className = "open";
    button.setAttribute("part", "button");
    button.lang = this.#locale;
    button.append(handsIcon(), this.textContent?.trim() || this.#words.call);
    button.addEventListener("click", () => this.open());
    root.append(button);
  }

  disconnectedCallback(): void {
    this.#remove();
  }

  get #locale(): "fr" | "en" {
    return this.getAttribute("locale") === "en" ? "en" : "fr";
  }

  get #words(): Words {
    return WORDS[this.#locale];
  }

  /** Opens the call over the page, or in a new tab where a frame could not use the camera. */
  open(): void {
    const brand = encodeURIComponent(this.getAttribute("brand") ?? "");
    const language = `lang=${this.#locale}`;
    if (this.getAttribute("target") === "tab" || !frameMayUseCamera()) {
      window.open(`${SERVICE}/b/${brand}?${language}`, "_blank", "noopener");
      return;
    }
    if (this.#dialog !== null) return;
    this.#show(`${SERVICE}/embed/${brand}?${language}&origin=${encodeURIComponent(location.origin)}`);
    this.#tell("opened", {});
  }

  /** Asks the page inside to end its call, then removes it. */
  close(): void {
    this.#frame?.contentWindow?.postMessage({ source: "passerelle", v: 1, type: "close", payload: {} }, SERVICE);
    setTimeout(() => this.#remove(), CLOSE_GRACE_MS);
  }

  #show(source: string): void {
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    const close = document.createElement("button");
    const bar = document.createElement("div");
    const box = document.createElement("div");
    frame.allow = ALLOW;
    frame.title = this.#words.title;
    frame.src = source;
    frame.lang = this.#locale;
    close.type = "button";
    close.className = "close";
    close.textContent = this.#words.close;
    close.addEventListener("click", () => this.close());
    bar.className = "bar";
    bar.append(close);
    box.className = "frame";
    box.append(bar, frame);
    dialog.setAttribute("aria-label", this.#words.title);
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    dialog.append(box);
    this.shadowRoot?.append(dialog);
    window.addEventListener("message", this.#onMessage);
    this.#frame = frame;
    this.#dialog = dialog;
    dialog.showModal();
  }

  #heard(event: MessageEvent<unknown>): void {
    if (event.origin !== SERVICE || event.source !== this.#frame?.contentWindow) return;
    const data = event.data as { source?: unknown; v?: unknown; type?: unknown; payload?: unknown } | null;
    if (data?.source !== "passerelle" || data.v !== 1) return;
    const type = EVENTS.find((known) => known === data.type);
    if (type === undefined) return;
    if (type === "closed") this.#remove();
    else this.#tell(type, data.payload);
  }

  #remove(): void {
    if (this.#dialog === null) return;
    window.removeEventListener("message", this.#onMessage);
    this.#dialog.close();
    this.#dialog.remove();
    this.#dialog = null;
    this.#frame = null;
    this.#tell("closed", {});
  }

  /** `lsf-call:queued`, … bubbling DOM events for the host's own script. */
  #tell(type: (typeof EVENTS)[number], payload: unknown): void {
    this.dispatchEvent(new CustomEvent(`lsf-call:${type}`, { detail: payload, bubbles: true, composed: true }));
  }
}

/**
 * Insecure pages, a Permissions-Policy without any camera and in-app browsers would refuse it inside a frame. A policy
 * that names the business's own origin only cannot be told from none here: the framed page notices and offers a tab.
 */
function frameMayUseCamera(): boolean {
  if (!window.isSecureContext || IN_APP_BROWSER.test(navigator.userAgent)) return false;
  const policy = (document as { featurePolicy?: { allowsFeature(feature: string): boolean } }).featurePolicy;
  return policy === undefined || policy.allowsFeature("camera");
}

function handsIcon(): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute(
    "d",
    "M8 13V6.5a1.5 1.5 0 0 1 3 0V11m0-.5v-6a1.5 1.5 0 0 1 3 0V11m0-.5V6a1.5 1.5 0 0 1 3 0v8c0 4-2.3 7-6 7-3 0-4.6-1.300-6-4l-2-3.600c-.9-1.600 1.200-2.900 2.300-1.500L8 14.500",
  );
  svg.append(path);
  return svg;
}

if (customElements.get("lsf-call") === undefined) customElements.define("lsf-call", LsfCall);
