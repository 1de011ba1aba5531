import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Workstation } from './workstation.ts';

/** What a custodian does with the page, by what is written on it. */

export async function openInvitation({ page, console }: Workstation, invitation: string): Promise<void> {
  await page.goto(`${console.url.href}#invitation=${invitation}`);
  await page.getByRole('heading', { name: /^Welcome/ }).waitFor();
  expect(page.url()).toBe(console.url.href);
}

/** By the name that its person gives it. */
export async function enrol({ page }: Workstation, keyName = 'YubiKey blue'): Promise<void> {
  await page.getByLabel('What do you call the key').fill(keyName);
  await page.getByRole('button', { name: 'Enrol a security key' }).click();
  await page.getByRole('button', { name: 'Enrol another key' }).waitFor();
}

export async function wordsOf(page: Page): Promise<string[]> {
  return page
    .getByRole('list', { name: /comparison code/ })
    .getByRole('listitem')
    .allInnerTexts();
}

export async function compareAndSign({ page }: Workstation): Promise<void> {
  const sign = page.getByRole('button', { name: 'Sign the genesis' });
  expect(await sign.isDisabled()).toBe(true);
  await page.getByLabel('I have compared these words').check();
  await sign.click();
}

export async function enterFounded({ page }: Workstation): Promise<string> {
  await page.getByRole('heading', { name: 'The vault is founded' }).waitFor();
  const fingerprint = await page.getByRole('region', { name: 'Fingerprint' }).locator('code.digest').textContent();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  return fingerprint ?? '';
}

export async function signIn({ page }: Workstation): Promise<void> {
  await page.getByRole('button', { name: 'Sign in with your security key' }).click();
  await page.getByRole('heading', { name: 'Proposals' }).waitFor();
}

export async function visit({ page }: Workstation, place: string): Promise<void> {
  await page.getByRole('link', { name: place, exact: true }).first().click();
  await page.getByRole('heading', { name: place, level: 1 }).waitFor();
}

/** Waits for the proposal to appear by itself, and opens it. */
export async function openProposal({ page }: Workstation, title: string): Promise<void> {
  await page.getByRole('link', { name: /^Proposals/ }).click();
  await page.getByRole('region', { name: 'Open proposals' }).getByRole('link', { name: title }).click();
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Approve' }).waitFor();
}

/** Returns what the page says the proposal now is. */
export async function approve(workstation: Workstation, title: string): Promise<string> {
  const { page } = workstation;
  await openProposal(workstation, title);
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText(/^Your approval is recorded as entry \d+$/).waitFor();
  return page.getByText(/^The proposal is (now|still)/).innerText();
}

export async function obstaclesOf({ page }: Workstation): Promise<string[]> {
  return page.locator('#obstacles li').allInnerTexts();
}
