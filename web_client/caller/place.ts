// Where this page stands: the relay's own page, a brand's, or inside a business's site.

export interface Place {
  readonly brand: string | null;
  readonly isEmbedded: boolean;
  readonly hostOrigin: string | null;
}

export function placeOf(location: Location): Place {
  const [, first, slug] = location.pathname.split("/");
  const isEmbedded = first === "embed";
  return {
    brand: (first === "b" || isEmbedded) && slug ? decodeURIComponent(slug) : null,
    isEmbedded,
    hostOrigin: isEmbedded ? new URLSearchParams(location.search).get("origin") : null,
  };
}
