// Dialog, notices, video: the small parts every page uses.

import { useSignalEffect, type ReadonlySignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { locale, setLocale, t, type Key, type Locale } from "../i18n.ts";
import type { Session } from "../session.ts";
import { Icon, type IconName } from "./icons.tsx";

interface ButtonProps {
  readonly id?: string;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly look?: "primary" | "plain" | "danger" | "danger-outline" | "quiet";
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly type?: "button" | "submit";
  readonly shortcut?: string | undefined;
  readonly label?: string;
  readonly title?: string | undefined;
  readonly autofocus?: boolean;
  /** Left out where there is no room, see the style sheet. */
  readonly isExtra?: boolean;
}

/** Of keys that have a name instead of a letter. */
const KEY_NAMES: Readonly<Record<string, () => string>> = { Enter: () => t("app.key_enter"), Escape: () => t("app.key_escape") };

export function Button(props: ButtonProps): JSX.Element {
  const { icon, children, onClick, look = "plain", disabled = false, pressed, type = "button" } = props;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (props.autofocus) button.current?.focus();
  }, []);
  return (
    <button
      ref={button}
      id={props.id}
      type={type}
      class={`button ${look} ${props.isExtra ? "is-extra" : ""}`}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={props.label}
      title={props.title}
      aria-keyshortcuts={props.shortcut}
      onClick={onClick}
    >
      {icon !== undefined && <Icon name={icon} />}
      <span>{children}</span>
      {props.shortcut !== undefined && <kbd aria-hidden="true">{KEY_NAMES[props.shortcut]?.() ?? props.shortcut}</kbd>}
    </button>
  );
}

export function Tick(props: { label: string; hint: string | null; checked: boolean; onChange: (checked: boolean) => void }): JSX.Element {
  return (
    <label class="tick">
      <input type="checkbox" checked={props.checked} onChange={(event) => props.onChange(event.currentTarget.checked)} />
      <span>
        {props.label}
        {props.hint !== null && <small class="hint">{props.hint}</small>}
      </span>
    </label>
  );
}

interface DialogProps {
  readonly title: string;
  readonly onCancel: () => void;
  readonly children: ComponentChildren;
  readonly className?: string;
}

/** A native modal dialog: focus stays inside, Escape cancels, focus goes back where it was. */
export function Dialog({ title, onCancel, children, className = "" }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    if (element !== null && !element.open) element.showModal();
    return () => {
      element?.close(); // gives the focus back only while it is in the page
      const hasFocus = document.activeElement !== null && document.activeElement !== document.body;
      if (!hasFocus && opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${className}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {children}
    </dialog>
  );
}

interface VideoProps {
  readonly stream: ReadonlySignal<MediaStream | MediaStreamTrack | null>;
  readonly label: string;
  readonly className?: string;
  /** Told width / height of the pictures: at the first one, and when a telephone is turned. */
  readonly onAspect?: (aspect: number) => void;
  /** CSS `object-position`. */
  readonly position?: string;
}

/** A picture, silent. */
export function Video(props: VideoProps): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  useSignalEffect(() => show(video.current, props.stream.value));
  useEffect(() => show(video.current, props.stream.value), []);

  function measure(event: { readonly currentTarget: HTMLVideoElement }): void {
    const { videoWidth, videoHeight } = event.currentTarget;
    if (videoWidth > 0 && videoHeight > 0) props.onAspect?.(videoWidth / videoHeight);
  }

  return (
    <video
      ref={video}
      class={props.className}
      aria-label={props.label}
      style={props.position === undefined ? undefined : { objectPosition: props.position }}
      onLoadedMetadata={measure}
      onResize={measure}
      autoplay
      muted
      playsinline
    />
  );
}

function show(element: HTMLVideoElement | null, source: MediaStream | MediaStreamTrack | null): void {
  if (element === null) return;
  const current = element.srcObject instanceof MediaStream ? element.srcObject : null;
  if (source === null) {
    element.srcObject = null;
  } else if (source instanceof MediaStream) {
    if (current !== source) element.srcObject = source;
  } else if (current?.getTracks()[0] !== source) {
    element.srcObject = new MediaStream([source]);
  }
  if (source !== null) void element.play().catch(() => undefined); // refused until a gesture: muted video rarely is
}

/** What just happened, in words: shown for some seconds and read by assistive technology. */
export function Notices({ session }: { session: Session }): JSX.Element {
  const notice = session.notice.value;
  return (
    <div class="notices" role="status">
      {notice !== null && (
        <div class={`notice ${notice.isError ? "is-error" : ""}`}>
          <span>{notice.text}</span>
          <button type="button" class="icon-button" aria-label={t("app.close")} onClick={() => (session.notice.value = null)}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}

/** The connection to the service, while it is not there. `children`: what stays in reach when another tab took over. */
export function ConnectionBanner({ session, children }: { session: Session; children?: ComponentChildren }): JSX.Element | null {
  const status = session.connection.status.value;
  if (status === "replaced") {
    return (
      <Dialog title={t("connection.replaced_title")} onCancel={() => undefined}>
        <p>{t("connection.replaced")}</p>
        <div class="row">
          <Button look="primary" onClick={() => session.connection.takeBack()}>
            {t("connection.take_back")}
          </Button>
          {children}
        </div>
      </Dialog>
    );
  }
  if (status !== "offline") return null;
  return (
    <div class="banner" role="alert">
      <Icon name="network" />
      <span>{t(offlineKey(session))}</span>
      <Button look="quiet" onClick={() => session.connection.retryNow()}>
        {t("connection.retry")}
      </Button>
    </div>
  );
}

/** What is kept meanwhile: the call, the place in the queue; nothing where there is neither. */
function offlineKey(session: Session): Key {
  if (session.isTogether.value) return "connection.offline_call";
  return session.role === "signer" && session.inCall.value ? "connection.offline_queue" : "connection.offline";
}

const OTHER_LANGUAGE: Record<Locale, readonly [Locale, string]> = { fr: ["en", "English"], en: ["fr", "Français"] };

/** One press to the other language, named in that language. */
export function LanguageChoice(): JSX.Element {
  const [code, name] = OTHER_LANGUAGE[locale.value];
  return (
    <button type="button" class="button quiet" lang={code} onClick={() => setLocale(code)}>
      {name}
    </button>
  );
}

export function Mark(): JSX.Element {
  return (
    <span class="mark">
      <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M6 21c3-8 17-8 20 0M10 24v-6M16 24v-8.500M22 24v-6M5 24h22" />
      </svg>
      <span>{t("app.name")}</span>
    </span>
  );
}
