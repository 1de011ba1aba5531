import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { asked } from '../../client/console/app/touch.ts';
import { holder, waiting } from './simulated-authenticator.ts';

/** The bar at the foot of every page of the demo: it names the holder of the key, and has the button for a touch. */
export function SimulatedKey() {
  const name = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  useEffect(() => {
    holder().then(
      (person) => {
        name.value = person;
      },
      (error: unknown) => {
        trouble.value = error instanceof Error ? error.message : String(error);
      },
    );
  }, []);
  return (
    <section class="simulation simulated-key" aria-label="Simulated key">
      {trouble.value === null ? null : <p>This page cannot use the simulated key: {trouble.value}.</p>}
      {name.value === null ? null : <p>Demo: this console holds the simulated key of {name.value}</p>}
      {waiting.value === null || name.value === null ? null : <Buttons name={name.value} {...waiting.value} />}
    </section>
  );
}

function Buttons({ name, touch, decline }: { name: string; touch(): void; decline(): void }) {
  const button = useRef<HTMLButtonElement>(null);
  // One touches by keyboard too, and goes on where one was.
  useEffect(() => {
    const before = document.activeElement;
    button.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <>
      <p role="status">
        {asked.value === null ? 'The page asks for a touch' : `The page asks for a touch ${asked.value.purpose}`}
      </p>
      <div class="row">
        <button type="button" ref={button} onClick={touch}>
          Touch (simulated key of {name})
        </button>
        <button type="button" onClick={decline}>
          Do not touch
        </button>
      </div>
    </>
  );
}
