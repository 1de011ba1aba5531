/** Every route: who may use it, and a request whose form is right. A test holds the list against /openapi.json. */
export type Asker = 'anonymous' | 'invited' | 'custodian' | 'depositor' | 'requester' | 'auditor' | 'host';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As /openapi.json has it. */
  readonly path: string;
  /** A request of it, query included. */
  readonly example: string;
  readonly body?: unknown;
  readonly askers: readonly Asker[];
}

export const DIGEST = 'ab'.repeat(32);
export const ID = 'cd'.repeat(16);
const ASSERTION = { authenticatorData: 'AAAA', clientDataJSON: 'AAAA', signature: 'AAAA' };
const SIGNATURE = { kind: 'ed25519', signature: 'AAAA' };
const ANY = ['custodian', 'depositor', 'requester', 'auditor'] as const;
const CUSTODY = { manifest: DIGEST, credential: 'AAAA', envelope: DIGEST, signature: 'AAAA' };

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/v1/vault', example: '/v1/vault', askers: ['anonymous'] },
  { method: 'POST', path: '/v1/challenges', example: '/v1/challenges', body: {}, askers: ['anonymous'] },
  {
    method: 'POST',
    path: '/v1/sessions',
    example: '/v1/sessions',
    body: { kind: 'principal', nonce: DIGEST, key: `ed25519:${'A'.repeat(43)}`, signature: 'AAAA' },
    askers: ['anonymous'],
  },
  { method: 'DELETE', path: '/v1/sessions', example: '/v1/sessions', askers: ANY },
  { method: 'GET', path: '/v1/invitation', example: '/v1/invitation', askers: ['invited'] },
  { method: 'POST', path: '/v1/enrolments', example: '/v1/enrolments', body: { document: 'e30' }, askers: ['invited'] },
  { method: 'GET', path: '/v1/genesis', example: '/v1/genesis', askers: ['invited'] },
  {
    method: 'POST',
    path: '/v1/genesis/signatures',
    example: '/v1/genesis/signatures',
    body: { statement: DIGEST, credential: 'AAAA', assertion: ASSERTION },
    askers: ['invited'],
  },
  { method: 'GET', path: '/v1/status', example: '/v1/status', askers: ANY },
  { method: 'GET', path: '/v1/log/checkpoint', example: '/v1/log/checkpoint', askers: ANY },
  {
    method: 'GET',
    path: '/v1/log/entries',
    example: '/v1/log/entries?from=0&limit=10',
    askers: ['custodian', 'depositor', 'auditor'],
  },
  { method: 'GET', path: '/v1/proposals', example: '/v1/proposals?phase=all', askers: ANY },
  { method: 'GET', path: '/v1/proposals/{digest}', example: `/v1/proposals/${DIGEST}?wait=1&phase=open`, askers: ANY },
  {
    method: 'POST',
    path: '/v1/proposals',
    example: '/v1/proposals',
    body: { statement: { kind: 'publish' }, signature: SIGNATURE, objects: {} },
    askers: ANY,
  },
  {
    method: 'POST',
    path: '/v1/proposals/{digest}/approvals',
    example: `/v1/proposals/${DIGEST}/approvals`,
    body: {
      decision: 'deny',
      credential: 'AAAA',
      checkpoint: { origin: 'x', size: 1, root: DIGEST },
      roster: DIGEST,
      time: 0,
      nonce: DIGEST,
      reason: null,
      assertion: ASSERTION,
      envelopes: [],
      custody: null,
    },
    askers: ['custodian'],
  },
  { method: 'POST', path: '/v1/custody', example: '/v1/custody', body: CUSTODY, askers: ['custodian'] },
  {
    method: 'POST',
    path: '/v1/stops',
    example: '/v1/stops',
    body: {
      v: 1,
      kind: 'twinlock-stop',
      statement: { kind: 'stop' },
      signature: { kind: 'ed25519', signature: 'A'.repeat(86) },
    },
    askers: ['anonymous'],
  },
  {
    method: 'GET',
    path: '/v1/versions/{manifest}/envelopes',
    example: `/v1/versions/${DIGEST}/envelopes`,
    askers: ['custodian'],
  },
  {
    method: 'POST',
    path: '/v1/requests',
    example: '/v1/requests',
    body: { model: 'acme/none', version: '1', purpose: 'serving', hosts: 1, nonce: DIGEST, created: 0 },
    askers: ['requester'],
  },
  {
    method: 'POST',
    path: '/v1/requests/{digest}/appraisals',
    example: `/v1/requests/${DIGEST}/appraisals`,
    body: { evidence: 'e30', endorsements: null },
    askers: ['requester'],
  },
  {
    method: 'GET',
    path: '/v1/releases/{release}/hosts/{host}',
    example: `/v1/releases/${DIGEST}/hosts/0`,
    askers: ['requester'],
  },
  {
    method: 'POST',
    path: '/v1/releases/{release}/receipts',
    example: `/v1/releases/${DIGEST}/receipts`,
    body: {
      host: 0,
      keyCheck: DIGEST,
      files: 1,
      bytes: '1',
      modelSignature: null,
      evaluation: null,
      signature: 'AAAA',
    },
    askers: ['requester'],
  },
  {
    method: 'POST',
    path: '/v1/uploads',
    example: '/v1/uploads',
    body: { model: 'acme/large', version: '1', files: ['1', '2'], opener: ID, replaces: null },
    askers: ['depositor'],
  },
  { method: 'GET', path: '/v1/uploads', example: '/v1/uploads', askers: ['depositor'] },
  { method: 'GET', path: '/v1/uploads/{upload}', example: `/v1/uploads/${ID}`, askers: ['depositor'] },
  { method: 'DELETE', path: '/v1/uploads/{upload}', example: `/v1/uploads/${ID}`, askers: ['depositor'] },
  {
    method: 'POST',
    path: '/v1/uploads/{upload}/turns',
    example: `/v1/uploads/${ID}/turns`,
    body: {},
    askers: ['depositor'],
  },
  {
    method: 'POST',
    path: '/v1/uploads/{upload}/files/{file}',
    example: `/v1/uploads/${ID}/files/0`,
    body: { turn: 0, bytes: '1' },
    askers: ['depositor'],
  },
  {
    method: 'PUT',
    path: '/v1/uploads/{upload}/files/{file}',
    example: `/v1/uploads/${ID}/files/0?segment=0&turn=0`,
    body: new Uint8Array(33),
    askers: ['depositor'],
  },
  {
    method: 'POST',
    path: '/v1/deposits',
    example: '/v1/deposits',
    body: { upload: ID, manifest: 'e30', signature: 'AAAA', envelopes: [] },
    askers: ['depositor'],
  },
  { method: 'GET', path: '/v1/weights/{manifest}/{file}', example: `/v1/weights/${DIGEST}/0`, askers: ['host'] },
  { method: 'GET', path: '/v1/weights/{manifest}/pack', example: `/v1/weights/${DIGEST}/pack`, askers: ['host'] },
  {
    method: 'GET',
    path: '/v1/weights/{manifest}/{file}/leaves',
    example: `/v1/weights/${DIGEST}/0/leaves`,
    askers: ['host'],
  },
];
