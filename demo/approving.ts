import { approve } from '../client/custodian/approve.ts';
import { type Review, review } from '../client/custodian/review.ts';
import type { Hex } from '../src/core/bytes.ts';
import type { CustodianWorkstation } from './founders.ts';

/** Approves as a custodian does in the console: replays, reviews, compares the code, touches. */
export async function approveAs({ custodian, replica }: CustodianWorkstation, digest: Hex): Promise<Review> {
  await replica.extend();
  const reviewed = await review(custodian, replica, digest);
  await approve(custodian, replica, reviewed);
  return reviewed;
}
