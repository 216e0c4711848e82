// A table that becomes a list of cards where there is no room for it. Its roles are written out: a style sheet that
// takes the display of a table away also takes its meaning from assistive technology.

import type { ComponentChildren, JSX } from "preact";

interface TableProps {
  readonly label: string;
  readonly columns: readonly string[];
  readonly children: ComponentChildren;
  readonly className?: string;
}

export function Table({ label, columns, children, className = "" }: TableProps): JSX.Element {
  return (
    <table class={`stacks ${className}`} role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} role="columnheader" scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{children}</tbody>
    </table>
  );
}

export function Row({ children, className = "" }: { children: ComponentChildren; className?: string }): JSX.Element {
  return (
    <tr role="row" class={className}>
      {children}
    </tr>
  );
}

/** `label`: the column's, shown beside the value where the table is a list. */
export function Cell({ label, children, className = "" }: { label: string; children: ComponentChildren; className?: string }): JSX.Element {
  return (
    <td role="cell" class={className}>
      <span class="cell-label" aria-hidden="true">
        {label}
      </span>
      <span class="cell-value">{children}</span>
    </td>
  );
}

export function HeadCell({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <th role="rowheader" scope="row">
      {children}
    </th>
  );
}
