// The few HTTP calls of the pages: sign-in and what is known of brands. Errors are problem+json (RFC 9457).

import type { Colours } from "./colours.ts";
import { locale } from "./i18n.ts";
import { serverSaidAbout } from "./now.ts";
import type { ModeWait, PageRole, Trade } from "./protocol.d.ts";

const HALF_SECOND = 0.5; // HTTP dates are cut to the second (RFC 9110, 5.6.7)

export interface Account {
  readonly role: string;
  readonly name: string;
  readonly trades: readonly Trade[];
}

/** `opens_at`, `closes_at`: Unix seconds, one of them at most. `hours`: lines for people. */
export interface Brand {
  readonly slug: string;
  readonly name: string;
  readonly is_open: boolean;
  readonly opens_at: number | null;
  readonly closes_at: number | null;
  readonly hours: readonly string[];
  /** IANA name; `Europe/Paris`. */
  readonly timezone: string;
  readonly colours?: Colours;
}

export class ProblemError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, title: string) {
    super(title);
    this.status = status;
    this.code = code;
  }
}

async function problem(response: Response): Promise<ProblemError> {
  const body = (await response.json().catch(() => ({}))) as { title?: string; code?: string };
  return new ProblemError(response.status, body.code ?? `http_${response.status}`, body.title ?? response.statusText);
}

function send(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`/api/v1${path}`, {
    method,
    credentials: "same-origin",
    headers: {
      accept: "application/json",
      "accept-language": locale.value,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

async function taken<T>(response: Response): Promise<T> {
  if (!response.ok) throw await problem(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  return taken<T>(await send(method, path, body));
}

/** Who is signed in; null when nobody is. This answer, which no cache may keep, also tells the time. */
export async function me(): Promise<Account | null> {
  const response = await send("GET", "/me");
  const date = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(date)) serverSaidAbout(date / 1000 + HALF_SECOND);
  return (await taken<Account | undefined>(response)) ?? null;
}

/** Refused with `wrong_role` when the account is for the other page. */
export function signIn(login: string, password: string, role: PageRole): Promise<Account> {
  return request<Account>("POST", "/sign-in", { login, password, role });
}

export function signOut(): Promise<void> {
  return request<void>("POST", "/sign-out", {});
}

export async function brands(): Promise<readonly Brand[]> {
  return (await request<{ brands: readonly Brand[] }>("GET", "/brands")).brands;
}

/** How long each mode of the relay takes now; as everybody may know it. */
export async function waits(): Promise<readonly ModeWait[]> {
  return (await request<{ modes: readonly ModeWait[] }>("GET", "/waits")).modes;
}

/** Whether this operator relays 15, 17, 18 and 112 when somebody insists. */
export async function mayRelayEmergencies(): Promise<boolean> {
  return (await request<{ may_relay: boolean }>("GET", "/emergency")).may_relay;
}

/** Which advice this centre has filmed in sign language: names below `/static/advice/`. */
export async function films(): Promise<readonly string[]> {
  return (await request<{ films: readonly string[] }>("GET", "/films")).films;
}

export function brand(slug: string): Promise<Brand> {
  return request<Brand>("GET", `/brands/${encodeURIComponent(slug)}`);
}
