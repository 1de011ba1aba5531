import { signal } from '@preact/signals';
import type { Api } from '../../api/api.ts';
import { asFailure, Notice } from './parts/notice.tsx';

type Closable = Pick<Api, 'closeSession'>;

/** Milliseconds between two tries to close a session. */
const CLOSE_EVERY_MS = 10_000;

/** Sessions ended in this tab that the vault may still have: it was not reached, or refused the sign-out. */
const unclosed = signal<readonly Closable[]>([]);

/** Closes a session. Never throws: while the page is open, it tries again where the vault is out of reach. */
export async function closeSession(session: Closable): Promise<void> {
  const others = () => unclosed.value.filter((other) => other !== session);
  try {
    await session.closeSession();
    unclosed.value = others();
  } catch (thrown) {
    // The session has ended already.
    const isOver = asFailure(thrown).code === 'unauthenticated';
    unclosed.value = isOver ? others() : [...others(), session];
  }
}

export function keepClosing(): void {
  setInterval(() => void Promise.all(unclosed.value.map(closeSession)), CLOSE_EVERY_MS);
}

/** Shown on every page while a session is unclosed. */
export function Unclosed() {
  if (unclosed.value.length === 0) return null;
  return (
    <Notice tone="warn" title="The vault does not know yet that you have signed out">
      <p>
        This tab has forgotten your session, and nothing can be signed in it. The vault was not reached, so it keeps the
        session until 8 hours after you signed in. This page tells the vault as soon as it answers: leave it open until
        then.
      </p>
    </Notice>
  );
}
