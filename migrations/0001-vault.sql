-- The log, what lies beside it, the founding and the uploads. src/store/FORMAT.md says what each is for.

CREATE TABLE entries (
  position INTEGER PRIMARY KEY CHECK (position >= 0),
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE tiles (
  level INTEGER NOT NULL CHECK (level >= 0),
  position INTEGER NOT NULL CHECK (position >= 0),
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, position)
) STRICT;

CREATE TABLE checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  committed BLOB NOT NULL
) STRICT;

CREATE TABLE objects (
  digest TEXT NOT NULL PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE custodian_envelopes (
  manifest TEXT NOT NULL,
  person TEXT NOT NULL,
  credential TEXT NOT NULL,
  digest TEXT NOT NULL,
  envelope BLOB NOT NULL,
  PRIMARY KEY (manifest, person, credential)
) STRICT;

CREATE TABLE host_shares (
  "release" TEXT NOT NULL,
  host INTEGER NOT NULL,
  person TEXT NOT NULL,
  share INTEGER NOT NULL,
  credential TEXT NOT NULL,
  envelope BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY ("release", host, person)
) STRICT;

CREATE TABLE tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  "release" TEXT NOT NULL,
  host INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  sealed BLOB NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE ("release", host)
) STRICT;

CREATE TABLE reservations (
  "release" TEXT NOT NULL PRIMARY KEY,
  bytes INTEGER NOT NULL CHECK (bytes >= 0)
) STRICT;

CREATE TABLE founding (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  rp_id TEXT NOT NULL,
  grade TEXT NOT NULL CHECK (grade IN ('production', 'simulation')),
  committee TEXT NOT NULL,
  threshold INTEGER NOT NULL,
  nonce TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  policy BLOB NOT NULL,
  principals TEXT NOT NULL,
  url TEXT NOT NULL,
  ca TEXT
) STRICT;

CREATE TABLE founders (
  position INTEGER PRIMARY KEY,
  person TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  share INTEGER NOT NULL UNIQUE,
  groups TEXT NOT NULL,
  invitation TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE enrolments (
  position INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL REFERENCES founders (person),
  credential TEXT NOT NULL UNIQUE,
  document BLOB NOT NULL
) STRICT;

CREATE TABLE genesis_signatures (
  person TEXT NOT NULL PRIMARY KEY REFERENCES founders (person),
  statement TEXT NOT NULL,
  credential TEXT NOT NULL,
  assertion TEXT NOT NULL
) STRICT;

CREATE TABLE uploads (
  id TEXT NOT NULL PRIMARY KEY,
  depositor TEXT NOT NULL,
  opener TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  turn INTEGER NOT NULL CHECK (turn >= 0),
  opened INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;

CREATE TABLE upload_files (
  upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
  file INTEGER NOT NULL,
  plain_bytes INTEGER NOT NULL CHECK (plain_bytes >= 0),
  segments INTEGER NOT NULL CHECK (segments >= 0),
  PRIMARY KEY (upload, file)
) STRICT, WITHOUT ROWID;
