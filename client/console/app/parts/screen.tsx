import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { watchCutOff } from './cut-off.ts';
import { Text } from './text.tsx';

/** A screen. Its heading takes the focus, so that a screen reader reads it aloud. */
export function Screen({ title, lead, children }: { title: string; lead?: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const main = useRef<HTMLElement>(null);
  useLayoutEffect(() => (main.current === null ? undefined : watchCutOff(main.current)), []);
  useEffect(() => {
    document.title = `${title} · twinlock`;
    heading.current?.focus();
  }, [title]);
  return (
    <main ref={main}>
      <div class="stack">
        <h1 ref={heading} tabIndex={-1}>
          <Text of={title} />
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

/** A list of names and values. */
export function FactList({ of }: { of: readonly (readonly [name: string, value: ComponentChildren] | null)[] }) {
  return (
    <dl class="facts">
      {of.flatMap((fact) =>
        fact === null
          ? []
          : [
              <dt key={`name ${fact[0]}`}>{fact[0]}</dt>,
              <dd key={`value ${fact[0]}`}>{typeof fact[1] === 'string' ? <Text of={fact[1]} /> : fact[1]}</dd>,
            ],
      )}
    </dl>
  );
}
