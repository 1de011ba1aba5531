import { expect, test } from 'vitest';
import { Queue } from '../../src/platform/queue.ts';

const code = (code: string) => expect.objectContaining({ code });

/** Work that ends when it is told to. */
function held<T>(value: T) {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { work: () => promise, end: () => resolve(value) };
}

test('runs one work at a time, in the order in which it came', async () => {
  const queue = new Queue();
  const ran: number[] = [];
  await Promise.all([1, 2, 3].map((n) => queue.run(async () => void ran.push(n))));
  expect(ran).toEqual([1, 2, 3]);
});

test('runs urgent work before ordinary work that waits, and does not interrupt what has begun', async () => {
  const queue = new Queue();
  const ran: string[] = [];
  const first = held('first');
  const begun = queue.run(async () => void ran.push(await first.work()));
  const ordinary = queue.run(async () => void ran.push('ordinary'));
  const urgent = queue.run(async () => void ran.push('urgent'), 'urgent');
  expect(queue.isUrgentWaiting).toBe(true);
  first.end();
  await Promise.all([begun, ordinary, urgent]);
  expect(ran).toEqual(['first', 'urgent', 'ordinary']);
  expect(queue.isUrgentWaiting).toBe(false);
});

test('passes on what work throws, and runs the next one', async () => {
  const queue = new Queue();
  const failing = queue.run(() => Promise.reject(new Error('broken')));
  const next = queue.run(async () => 'next');
  await expect(failing).rejects.toThrow('broken');
  await expect(next).resolves.toBe('next');
});

test('runs no more at once than it may, and refuses work beyond what may wait', async () => {
  const queue = new Queue({ atOnce: 2, maxWaiting: 1 });
  let running = 0;
  let most = 0;
  const works = ['a', 'b', 'c'].map(held);
  const results = works.map(({ work }) =>
    queue.run(async () => {
      most = Math.max(most, ++running);
      const value = await work();
      running--;
      return value;
    }),
  );
  const refused = queue.run(async () => expect.unreachable());
  await expect(refused).rejects.toThrow(code('unavailable'));
  for (const { end } of works) end();
  await expect(Promise.all(results)).resolves.toEqual(['a', 'b', 'c']);
  expect(most).toBe(2);
});

test('does not let work that queues other work overtake itself', async () => {
  const queue = new Queue();
  const ran: string[] = [];
  let inner: Promise<void> | undefined;
  await queue.run(async () => {
    inner = queue.run(async () => void ran.push('inner'));
    ran.push('outer');
  });
  await inner;
  expect(ran).toEqual(['outer', 'inner']);
});
