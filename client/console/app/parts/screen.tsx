import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A screen of its own: its heading takes the focus, so that a screen reader says where one is. */
export function Screen({ title, lead, children }: { title: string; lead?: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · twinlock`;
    heading.current?.focus();
  }, [title]);
  return (
    <main>
      <div class="stack">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead === undefined ? null : <p class="lead">{lead}</p>}
      </div>
      {children}
    </main>
  );
}

/** A part of a screen, under its own heading. */
export function Panel({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="panel" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Names and what they are. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ComponentChildren] | null)[] }) {
  return (
    <dl class="facts">
      {of.flatMap((fact) =>
        fact === null ? [] : [<dt key={`name ${fact[0]}`}>{fact[0]}</dt>, <dd key={`value ${fact[0]}`}>{fact[1]}</dd>],
      )}
    </dl>
  );
}
